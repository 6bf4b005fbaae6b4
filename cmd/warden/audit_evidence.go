package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/audit"
	"warden/finding"
	"warden/report"
	"warden/trail"
	"warden/trail/source"
)

// judged is the evidence of one account, where it comes from, and what was
// found.
type judged struct {
	name     string
	evidence *audit.Evidence
	// called is what the organisation calls the account, and stale why its
	// evidence is older than that of others; "" where that is not known.
	called, stale string

	report *audit.Report
	show   report.Options
}

// absent is what there is no evidence of.
type absent struct {
	files   []report.NotAudited // of a folder, which cannot be read
	members []report.NotAudited // of the organisation, which could not be read
}

func (a absent) all() []report.NotAudited { return slices.Concat(a.files, a.members) }

// evidence reads the files of every account and settles what now is. A file of
// a folder that cannot be read does not stop the others.
func (o *auditOptions) evidence(s *streams) (list []*judged, gone absent, err error) {
	if len(o.from) == 0 && len(o.credentials) == 0 {
		return nil, gone, usageErrorf("audit: of what? give --from FILE (warden collect --out FILE makes one)")
	}
	var now time.Time
	if o.now != "" {
		if now, err = time.Parse(time.RFC3339, o.now); err != nil {
			return nil, gone, usageErrorf("--now %q: want a time such as 2026-01-31T00:00:00Z", o.now)
		}
	}
	snapshots, gone, err := o.snapshots(s)
	if err != nil {
		return nil, gone, err
	}
	for _, path := range o.credentials {
		if snapshots, err = addCredentials(snapshots, path, len(o.from) > 0); err != nil {
			return nil, gone, err
		}
	}
	for _, f := range snapshots {
		e, err := o.settle(f, now)
		if err != nil {
			return nil, gone, err
		}
		list = append(list, &judged{name: f.name, called: f.called, stale: f.stale, evidence: e})
	}
	return list, gone, nil
}

// settle says when now is for an account.
func (o *auditOptions) settle(f snapshotFile, now time.Time) (*audit.Evidence, error) {
	s := f.snapshot
	if now.IsZero() && s.CollectedAt.IsZero() {
		if s.CredentialReport == nil || s.CredentialReport.At.IsZero() {
			return nil, usageErrorf("audit: %s does not say when it was collected: give --now", f.name)
		}
		now = s.CredentialReport.At
	}
	e := audit.NewEvidence(s, now)
	// Clocks differ by minutes, not by days.
	if newest, what := e.Newest(); newest.After(e.Now.Add(24 * time.Hour)) {
		return nil, usageErrorf("audit: %s: %s at %s, after the time that ages are counted to (%s): give a later --now",
			f.name, printable(what), newest.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
	}
	e.Options.RootWindow, e.Options.Inactive = time.Duration(o.rootWindow)*24*time.Hour, time.Duration(o.inactive)*24*time.Hour
	return e, nil
}

// addCredentials puts a credential report into the snapshot of its account;
// where no snapshots were given, it makes one.
func addCredentials(list []snapshotFile, path string, given bool) ([]snapshotFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r, err := account.ReadCredentialReport(path, f)
	if err != nil {
		return nil, err
	}
	var of account.ARN
	for _, row := range r.Rows {
		arn, err := account.ParseARN(row.ARN)
		switch {
		case err != nil || !isAccountID(arn.Account):
			continue
		case of.Account == "":
			of = arn
		case of.Account != arn.Account:
			return nil, fmt.Errorf("%s: has users of the accounts %s and %s: a credential report is of one", path, printable(of.Account), printable(arn.Account))
		}
	}
	if of.Account == "" {
		return nil, fmt.Errorf("%s: no line has the ARN of a user, so that its account is not known", path)
	}
	i := slices.IndexFunc(list, func(f snapshotFile) bool { return f.snapshot.Account == of.Account })
	switch {
	case i < 0 && len(list) == 1 && given:
		return nil, usageErrorf("--credential-report %s is of account %s, --from of %s", path, printable(of.Account), list[0].snapshot.Account)
	case i < 0 && given:
		return nil, usageErrorf("--credential-report %s is of account %s, which is not among those of --from", path, printable(of.Account))
	case i < 0:
		list = append(list, snapshotFile{name: path, snapshot: &account.Snapshot{Version: account.Version}})
		i = len(list) - 1
	case !given:
		return nil, usageErrorf("audit: %s and %s are both of account %s: give one", list[i].name, path, of.Account)
	}
	s := list[i].snapshot
	s.Account, s.CredentialReport = of.Account, r
	if s.Partition == "" {
		s.Partition = of.Partition
	}
	return list, nil
}

func isAccountID(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// see reads the recorded events, each for the account that it is of.
func (o *auditOptions) see(ctx context.Context, s *streams, list []*judged) error {
	if len(o.trails) == 0 {
		return nil
	}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) {
		fmt.Fprintln(s.Err, "warden: audit:", printable(finding.Redact(fmt.Sprint(b))))
	}}
	err := source.Files(ctx, scanner, o.trails, s.In, func(ev *trail.Event) error {
		for _, j := range list {
			j.evidence.See(ev, strings.Join(o.trails, " "))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("--trail: %w", err)
	}
	return nil
}

func readAuditExemptions(path string) ([]audit.Exemption, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	list, err := audit.ReadExemptions(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

// since compares each report with the one of its account in an earlier file.
func (o *auditOptions) since(s *streams, list []*judged) error {
	f, err := os.Open(o.baseline)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	earlier, err := report.ReadJSON(o.baseline, f)
	if err != nil {
		return err
	}
	byAccount := map[string]*audit.Report{}
	var accounts []string
	for _, r := range earlier {
		byAccount[r.Account] = r
		accounts = append(accounts, r.Account)
	}
	found := false
	for _, j := range list {
		before := byAccount[j.report.Account]
		if before == nil && len(list) == 1 {
			return usageErrorf("--baseline %s is of account %s, the evidence of %s", o.baseline, printable(strings.Join(accounts, ", ")), j.report.Account)
		}
		if before == nil {
			fmt.Fprintf(s.Err, "the baseline has nothing of account %s: everything there is new\n", j.report.Account)
			before = &audit.Report{Benchmark: j.report.Benchmark}
		} else {
			found = true
		}
		if before.Benchmark != j.report.Benchmark {
			return usageErrorf("--baseline %s is of benchmark %s, this one of %s", o.baseline, printable(before.Benchmark), j.report.Benchmark)
		}
		if before.Now.After(j.report.Now) {
			fmt.Fprintf(s.Err, "the baseline of account %s is newer (%s) than this report (%s)\n", j.report.Account, before.Now.Format(time.RFC3339), j.report.Now.Format(time.RFC3339))
		}
		if left := audit.NotAsked(before, j.report); left != nil {
			fmt.Fprintf(s.Err, "not asked this time, and so not compared: %s\n", printable(strings.Join(left, ", ")))
		}
		d := audit.Compare(before, j.report)
		j.show.Since = &d
	}
	if !found {
		return usageErrorf("--baseline %s is of account %s, none of which is judged", o.baseline, printable(strings.Join(accounts, ", ")))
	}
	return nil
}

// errUnread is the end of an audit that left files out.
func errUnread(unread []report.NotAudited) error {
	if len(unread) == 0 {
		return nil
	}
	return fmt.Errorf("audit: %d of the files could not be read; the report is of the others", len(unread))
}
