package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"warden/account"
	"warden/audit"
	"warden/finding"
	"warden/report"
	"warden/trail"
	"warden/trail/source"
)

type auditOptions struct {
	from, credentials    string
	trails               []string
	benchmark            string
	controls             []string
	now                  string
	exemptions, baseline string
	rootWindow, inactive int
	output, failOn, out  string
	all, strict          bool
	inventory            bool
	sort                 string
}

func newAuditCmd(s *streams) *cobra.Command {
	o := &auditOptions{}
	cmd := &cobra.Command{
		Use:   "audit --from FILE",
		Short: "Judge an account by every CIS control on identity, logging and monitoring",
		Long: `Judge an account by every control on identity, logging and monitoring of the CIS
AWS Foundations Benchmark 1.2.0 to 7.0.0, and some of warden's own. Each question
is answered once, and reported under all versions or one; docs/controls.md lists
them.

The evidence is a file: what warden collect wrote, or the answer of "aws iam
get-account-authorization-details", with or without a credential report. Nothing
is asked of AWS. Recorded events (--trail) count as uses of users, roles and root
that nothing else shows, such as sessions of assumed root. What the evidence does not hold is unknown, with the reason, and
never a pass.

Shown are failures and what is unknown; --all shows the rest. The forms json and
csv always have everything.

EXIT STATUS
  0  nothing failed at or above --fail-on
  1  an error
  2  wrong usage
  3  something failed at or above --fail-on, and nobody accepted it
  4  something is unknown, and --strict`,
		Example: `  warden collect --out account.json && warden audit --from account.json
  warden audit --from account.json --benchmark cis-7.0 --fail-on high
  warden audit --from gaad.json --credential-report report.csv --now 2026-01-31T00:00:00Z -o csv
  warden audit --from today.json --baseline yesterday-report.json -o markdown
  warden audit --from account.json --inventory --sort lastActive -o csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), s) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "snapshot of warden collect, or the JSON of get-account-authorization-details")
	f.StringVar(&o.credentials, "credential-report", "", "credential report: the CSV, or the JSON of get-credential-report")
	f.StringArrayVar(&o.trails, "trail", nil, "CloudTrail events, file or folder, - for stdin: who acted, and when")
	f.StringVar(&o.benchmark, "benchmark", "all", "all, cis (the newest) or one version, such as cis-7.0")
	f.StringSliceVar(&o.controls, "control", nil, "ask these controls only, by warden's ids")
	f.StringVar(&o.now, "now", "", "time that ages are counted to, RFC 3339 (default: when the evidence was collected)")
	f.StringVar(&o.exemptions, "exemptions", "", "file of findings that people accepted")
	f.StringVar(&o.baseline, "baseline", "", "earlier report in the form json: show only what changed since")
	f.IntVar(&o.rootWindow, "root-days", 90, "days without use after which the root user counts as not used")
	f.IntVar(&o.inactive, "inactive-days", 90, "days without use after which users and roles are inactive")
	f.StringVarP(&o.output, "output", "o", "table", forms())
	f.StringVar(&o.out, "out", "", "file to write instead of stdout: whole or not at all, readable by its owner only")
	f.StringVar(&o.failOn, "fail-on", "low", "least severity for exit status 3: info, low, medium, high, critical, or none")
	f.BoolVar(&o.all, "all", false, "show what passes, too")
	f.BoolVar(&o.inventory, "inventory", false, "list users, keys, devices, groups, roles and policies with their key facts instead")
	f.StringVar(&o.sort, "sort", "", "order of the inventory: "+strings.Join(report.Columns, ", ")+" (default: as they stand in the evidence)")
	f.BoolVar(&o.strict, "strict", false, "exit status 4 when something is unknown")
	return cmd
}

func (o *auditOptions) run(ctx context.Context, s *streams) error {
	form := report.Form(o.output)
	if !slices.Contains(report.Forms, form) {
		return usageErrorf("--output %q: want %s", o.output, forms())
	}
	if o.sort != "" && (!o.inventory || !slices.Contains(report.Columns, o.sort)) {
		return usageErrorf("--sort %q: want --inventory, and one of %s", o.sort, strings.Join(report.Columns, ", "))
	}
	if o.rootWindow <= 0 || o.inactive <= 0 {
		return usageErrorf("audit: --root-days and --inactive-days must be positive")
	}
	var least finding.Severity
	if o.failOn != "none" {
		var err error
		if least, err = finding.ParseSeverity(o.failOn); err != nil {
			return usageErrorf("--fail-on: %v, or none", err)
		}
	}
	selection, err := audit.ParseSelection(o.benchmark, o.controls)
	if err != nil {
		return usageErrorf("%v", err)
	}
	e, err := o.evidence()
	if err != nil {
		return err
	}
	if err := o.see(ctx, s, e); err != nil {
		return err
	}
	if o.inventory {
		items := e.Inventory()
		report.Sort(items, o.sort)
		return o.write(s, func(w io.Writer) error { return report.Inventory(w, form, items) })
	}
	if o.exemptions != "" {
		if e.Exemptions, err = readAuditExemptions(o.exemptions); err != nil {
			return err
		}
		for _, x := range audit.Expired(e.Exemptions, e.Now) {
			fmt.Fprintf(s.Err, "the exemption of %s from %s has expired (%s)\n", printable(x.ARN), printable(x.Rule), x.Expires.Format(time.DateOnly))
		}
	}
	r := audit.Run(e, selection)
	show := report.Options{All: o.all}
	if o.baseline != "" {
		before, err := readReport(o.baseline)
		if err != nil {
			return err
		}
		if before.Account != r.Account {
			return usageErrorf("--baseline %s is of account %s, the evidence of %s", o.baseline, before.Account, r.Account)
		}
		if before.Benchmark != r.Benchmark {
			return usageErrorf("--baseline %s is of benchmark %s, this one of %s", o.baseline, before.Benchmark, r.Benchmark)
		}
		d := audit.Compare(before, r)
		show.Since = &d
	}
	if err := o.write(s, func(w io.Writer) error { return report.Write(w, form, r, show) }); err != nil {
		return err
	}
	if o.failOn != "none" && slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Status == finding.Fail && f.Exempt == nil && f.Severity >= least
	}) {
		return &exitError{code: 3}
	}
	if o.strict && r.Count(finding.Unknown, false) > 0 {
		return &exitError{code: 4}
	}
	return nil
}

// forms names the forms of a report for people.
func forms() string {
	var names []string
	for _, f := range report.Forms {
		names = append(names, string(f))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// write writes to the file that --out names, or to stdout.
func (o *auditOptions) write(s *streams, write func(io.Writer) error) error {
	if o.out == "" {
		return write(s.Out)
	}
	return writePrivate(o.out, write)
}

// evidence reads the files and settles what now is.
func (o *auditOptions) evidence() (*audit.Evidence, error) {
	if o.from == "" && o.credentials == "" {
		return nil, usageErrorf("audit: of what? give --from FILE (warden collect --out FILE makes one)")
	}
	snapshot := &account.Snapshot{Version: account.Version}
	if o.from != "" {
		var err error
		if snapshot, err = readSnapshotFile(o.from); err != nil {
			return nil, err
		}
	}
	if o.credentials != "" {
		if err := addCredentials(snapshot, o.credentials); err != nil {
			return nil, err
		}
	}
	var now time.Time
	if o.now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, o.now); err != nil {
			return nil, usageErrorf("--now %q: want a time such as 2026-01-31T00:00:00Z", o.now)
		}
	}
	if now.IsZero() && snapshot.CollectedAt.IsZero() {
		if snapshot.CredentialReport == nil || snapshot.CredentialReport.At.IsZero() {
			return nil, usageErrorf("audit: the evidence does not say when it was collected: give --now")
		}
		now = snapshot.CredentialReport.At
	}
	e := audit.NewEvidence(snapshot, now)
	e.Options.RootWindow, e.Options.Inactive = time.Duration(o.rootWindow)*24*time.Hour, time.Duration(o.inactive)*24*time.Hour
	return e, nil
}

// see reads the recorded events.
func (o *auditOptions) see(ctx context.Context, s *streams, e *audit.Evidence) error {
	if len(o.trails) == 0 {
		return nil
	}
	scanner := &trail.Scanner{Bad: func(b trail.BadRecord) { fmt.Fprintln(s.Err, "warden: audit:", printable(fmt.Sprint(b))) }}
	err := source.Files(ctx, scanner, o.trails, s.In, func(ev *trail.Event) error {
		e.See(ev, strings.Join(o.trails, " "))
		return nil
	})
	if err != nil {
		return fmt.Errorf("--trail: %w", err)
	}
	return nil
}

// addCredentials puts a credential report into a snapshot; it must be of the
// same account.
func addCredentials(s *account.Snapshot, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r, err := account.ReadCredentialReport(path, f)
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		arn, err := account.ParseARN(row.ARN)
		if err != nil {
			continue
		}
		if s.Account == "" {
			s.Account, s.Partition = arn.Account, arn.Partition
		}
		if s.Account != arn.Account {
			return usageErrorf("--credential-report %s is of account %s, --from of %s", path, arn.Account, s.Account)
		}
	}
	if s.Account == "" {
		return fmt.Errorf("%s: no line has the ARN of a user, so that its account is not known", path)
	}
	s.CredentialReport = r
	return nil
}

func readAuditExemptions(path string) ([]audit.Exemption, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return finding.ReadExemptions(f, func(x audit.Exemption) error {
		if id, ours := strings.CutPrefix(x.Rule, audit.Rule); ours && audit.Find(id) == nil {
			return fmt.Errorf("rule: there is no control %q", id)
		}
		return nil
	})
}

func readReport(path string) (*audit.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return report.ReadJSON(path, f)
}
