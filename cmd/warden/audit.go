package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"warden/app"
	"warden/audit"
	"warden/finding"
	"warden/report"
)

type auditOptions struct {
	from, credentials    []string
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
	push, apply          bool
	memberRole           string
	send                 *sendOptions
	aws                  *app.Options
}

func newAuditCmd(s *streams) *cobra.Command {
	o := &auditOptions{}
	cmd := &cobra.Command{
		Use:   "audit --from FILE|FOLDER...",
		Short: "Judge accounts by every CIS control on identity, logging and monitoring",
		Long: `Judge accounts by every control on identity, logging and monitoring of the CIS
AWS Foundations Benchmark 1.2.0 to 7.0.0, and some of warden's own. Each question
is answered once, and reported under all versions or one; docs/controls.md lists
them.

The evidence is a file: what warden collect wrote, or the answer of "aws iam
get-account-authorization-details", with or without a credential report; or a
folder, one file for each account. Nothing is asked of AWS. Recorded events
(--trail) count as uses of users, roles and root that nothing else shows, such as
sessions of assumed root. What the evidence does not hold is unknown, with the
reason, and never a pass.

Shown are failures and what is unknown, on a terminal a dozen of each question;
--all shows the rest. The forms html, json, csv, ocsf and asff always have
everything. No form has a secret: what looks like one is taken out.

--baseline shows what is new, changed or gone since an earlier report, and the
exit status is then about what is new or changed.

--push-security-hub sends failures and unknowns to AWS Security Hub, updates what
it has from before, and archives what is gone. It asks Security Hub what it has,
says what it would do, and writes with --apply only. The right that it needs:

  warden deploy policy audit-push --account ID

--topic publishes the report to people, --store keeps it in S3 and compares it with
the one before, as the function of "warden deploy template audit" does every day.
Both with --apply only; the same evidence is stored and told once.

EXIT STATUS
  0  nothing failed at or above --fail-on
  1  an error; or a file of a folder, or a finding that was pushed, was refused
  2  wrong usage
  3  something failed at or above --fail-on, and nobody accepted it
  4  something is unknown, or an account was not read, and --strict`,
		Example: `  warden collect --out account.json && warden audit --from account.json
  warden audit --from account.json --benchmark cis-7.0 --fail-on high
  warden audit --from gaad.json --credential-report report.csv --now 2026-01-31T00:00:00Z -o csv
  warden audit --from account.json -o html --out report.html
  warden audit --from accounts/ -o html --out pages/
  warden audit --from account.json -o text --out report.txt
  warden audit --from today.json --baseline yesterday-report.json -o markdown
  warden audit --from accounts/ -o ocsf --out findings.jsonl
  warden audit --from account.json -o sarif --out audit.sarif
  warden audit --from account.json --push-security-hub --region eu-west-1 --apply
  warden audit --from account.json --store s3://reports/audit --topic arn:aws:sns:us-east-1:111122223333:audit --apply
  warden audit --from account.json --inventory --sort lastActive -o csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), s) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.from, "from", nil, "snapshot of warden collect, or the JSON of get-account-authorization-details; or a folder of them, one for each account (repeatable)")
	f.StringArrayVar(&o.credentials, "credential-report", nil, "credential report: the CSV, or the JSON of get-credential-report (repeatable)")
	f.StringArrayVar(&o.trails, "trail", nil, "CloudTrail events, file or folder, - for stdin: who acted, and when")
	f.StringVar(&o.benchmark, "benchmark", "all", "all, cis (the newest) or one version, such as cis-7.0")
	f.StringSliceVar(&o.controls, "control", nil, "ask these controls only, by warden's ids")
	f.StringVar(&o.now, "now", "", "time that ages are counted to, RFC 3339 (default: when the evidence was collected)")
	f.StringVar(&o.exemptions, "exemptions", "", "file of findings that people accepted")
	f.StringVar(&o.baseline, "baseline", "", "earlier report in the form json: show only what changed since")
	f.IntVar(&o.rootWindow, "root-days", 90, "days without use after which the root user counts as not used")
	f.IntVar(&o.inactive, "inactive-days", 90, "days without use after which users and roles are inactive")
	f.StringVarP(&o.output, "output", "o", "table", forms())
	f.StringVar(&o.out, "out", "", "file to write instead of stdout, whole or not at all and for its owner only; in the form html also a folder, for the pages of several accounts and an index.html")
	f.StringVar(&o.failOn, "fail-on", "low", "least severity for exit status 3: info, low, medium, high, critical, or none")
	f.BoolVar(&o.all, "all", false, "show what passes, too")
	f.BoolVar(&o.inventory, "inventory", false, "list users, keys, devices, groups, roles and policies with their key facts instead")
	f.StringVar(&o.sort, "sort", "", "order of the inventory: "+strings.Join(report.Columns, ", ")+" (default: as they stand in the evidence)")
	f.BoolVar(&o.strict, "strict", false, "exit status 4 when something is unknown")
	f.BoolVar(&o.push, "push-security-hub", false, "say what AWS Security Hub would be told, and with --apply tell it")
	f.BoolVar(&o.apply, "apply", false, "write to Security Hub, to the bucket of --store, to the topic of --topic")
	f.StringVar(&o.memberRole, "member-role", "", "name of the role to assume in each account for --push-security-hub, when the credentials are of another")
	o.send = sendFlags(cmd)
	o.aws = awsFlags(cmd)
	return cmd
}

func (o *auditOptions) run(ctx context.Context, s *streams) error {
	form, least, selection, err := o.check()
	if err != nil {
		return err
	}
	if _, ok := terminal(s.Out); ok && form == report.HTML && o.out == "" {
		return usageErrorf("audit: -o html is a page for a browser, not for a terminal: give --out report.html")
	}
	list, gone, err := o.evidence(s)
	if err != nil {
		return err
	}
	if err := o.see(ctx, s, list); err != nil {
		return err
	}
	if o.inventory {
		var items []audit.Item
		for _, j := range list {
			items = append(items, j.evidence.Inventory()...)
		}
		report.Sort(items, o.sort)
		show := o.screen(s)
		if len(list) == 1 {
			show.Evidence = list[0].evidence
		}
		return cmp.Or(o.write(s, func(w io.Writer) error { return report.Inventory(w, form, items, show) }), errUnread(gone.files))
	}
	if err := o.judge(s, list, selection); err != nil {
		return err
	}
	if form == report.SARIF {
		for _, j := range list {
			if j.show.Lines, err = subjectLines(j.name); err != nil {
				return err
			}
		}
	}
	if err := o.tell(s, form, list, gone.all()); err != nil {
		return err
	}
	if o.push {
		if err := o.pushAll(ctx, s, list); err != nil {
			return err
		}
	}
	if o.send.wanted() {
		if err := o.sendAll(ctx, s, list, gone.all()); err != nil {
			return err
		}
	}
	if err := errUnread(gone.files); err != nil {
		return err
	}
	return o.verdict(list, least, len(gone.members))
}

// maxDays is as long ago as anything can have been: IAM is of 2011.
const maxDays = 36500

// check refuses wrong usage before anything is read.
func (o *auditOptions) check() (form report.Form, least finding.Severity, selection audit.Selection, err error) {
	form = report.Form(o.output)
	switch {
	case !slices.Contains(report.Forms, form):
		return form, least, selection, usageErrorf("--output %q: want %s", o.output, forms())
	case o.sort != "" && (!o.inventory || !slices.Contains(report.Columns, o.sort)):
		return form, least, selection, usageErrorf("--sort %q: want --inventory, and one of %s", o.sort, strings.Join(report.Columns, ", "))
	case o.inventory && (form == report.SARIF || form == report.OCSF || form == report.ASFF):
		return form, least, selection, usageErrorf("--inventory has no form %s: those are of findings", form)
	case o.inventory && (o.push || o.send.wanted()):
		return form, least, selection, usageErrorf("--inventory has no findings to push, store or publish")
	case o.apply && !o.push && !o.send.wanted():
		return form, least, selection, usageErrorf("audit: --apply goes with --push-security-hub, --store or --topic: nothing else is written")
	case o.memberRole != "" && !o.push:
		return form, least, selection, usageErrorf("audit: --member-role goes with --push-security-hub")
	case strings.Trim(o.aws.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return form, least, selection, usageErrorf("--region %q: want one such as eu-west-1", o.aws.Region)
	case o.rootWindow <= 0 || o.inactive <= 0 || o.rootWindow > maxDays || o.inactive > maxDays:
		return form, least, selection, usageErrorf("audit: --root-days and --inactive-days: want 1 to %d days", maxDays)
	}
	if err := o.send.check(); err != nil {
		return form, least, selection, err
	}
	if o.failOn != "none" {
		if least, err = finding.ParseSeverity(o.failOn); err != nil {
			return form, least, selection, usageErrorf("--fail-on: %v, or none", err)
		}
	}
	if selection, err = audit.ParseSelection(o.benchmark, o.controls); err != nil {
		return form, least, selection, usageErrorf("%v", err)
	}
	return form, least, selection, nil
}

// judge makes the report of every account.
func (o *auditOptions) judge(s *streams, list []*judged, selection audit.Selection) error {
	var exemptions []audit.Exemption
	if o.exemptions != "" {
		var err error
		if exemptions, err = readAuditExemptions(o.exemptions); err != nil {
			return err
		}
	}
	expired := map[audit.Exemption]bool{}
	for _, j := range list {
		j.evidence.Exemptions = exemptions
		for _, x := range audit.Expired(exemptions, j.evidence.Now) {
			if !expired[x] {
				fmt.Fprintf(s.Err, "the exemption of %s from %s has expired (%s)\n", printable(x.ARN), printable(x.Rule), x.Expires.Format(time.DateOnly))
			}
			expired[x] = true
		}
		j.report = audit.Run(j.evidence, selection)
		j.show = o.screen(s)
		j.show.All, j.show.File, j.show.Region, j.show.Evidence = o.all, j.name, o.aws.Region, j.evidence
	}
	if o.baseline == "" {
		return nil
	}
	return o.since(s, list)
}

// tell writes the reports: all in one document where the form can hold that,
// otherwise one file each into the folder of --out, with an index.
func (o *auditOptions) tell(s *streams, form report.Form, list []*judged, missing []report.NotAudited) error {
	var all []report.Audited
	for _, j := range list {
		all = append(all, report.Audited{Report: j.report, Options: j.show})
	}
	info, err := os.Stat(o.out)
	folder := err == nil && info.IsDir()
	if report.HoldsMany(form) || len(all)+len(missing) == 1 && !folder {
		return o.write(s, func(w io.Writer) error { return report.WriteAll(w, form, all) })
	}
	if o.out == "" {
		return usageErrorf("-o %s is of one account: give --out FOLDER for the files of %d accounts", form, len(all)+len(missing))
	}
	if err == nil && !folder {
		return usageErrorf("--out %s is a file: the pages of %d accounts want a folder", o.out, len(all)+len(missing))
	}
	if err := os.MkdirAll(o.out, 0o700); err != nil {
		return err
	}
	var entries []*report.Entry
	for i, a := range all {
		name := a.Report.Account + "." + string(form)
		a.Options.Index = "./index.html"
		if err := writePrivate(filepath.Join(o.out, name), func(w io.Writer) error { return report.Write(w, form, a.Report, a.Options) }); err != nil {
			return err
		}
		e := report.NewEntry(a.Report, a.Options)
		e.Name, e.Link, e.Stale = list[i].called, "./"+name, list[i].stale
		entries = append(entries, e)
	}
	index := filepath.Join(o.out, "index.html")
	if err := writePrivate(index, func(w io.Writer) error { return report.WriteIndex(w, entries, missing) }); err != nil {
		return err
	}
	if err := report.Summary(s.Out, report.Table, all); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "\nthe pages: %s\n", index)
	return err
}

// verdict is the exit status. With a baseline it is about what is new or
// changed. unknown counts accounts of which nothing is known; one of which only
// older evidence is there is so today.
func (o *auditOptions) verdict(list []*judged, least finding.Severity, unknown int) error {
	for _, j := range list {
		counted := j.report.Findings
		if d := j.show.Since; d != nil {
			counted = slices.Clone(d.New)
			for _, c := range d.Changed {
				counted = append(counted, c.After)
			}
		}
		if o.failOn != "none" && slices.ContainsFunc(counted, func(f finding.Finding) bool {
			return f.Status == finding.Fail && f.Exempt == nil && f.Severity >= least
		}) {
			return &exitError{code: 3}
		}
		unknown += j.report.Count(finding.Unknown, false)
		if j.stale != "" {
			unknown++
		}
	}
	if o.strict && unknown > 0 {
		return &exitError{code: 4}
	}
	return nil
}

// screen says for what terminal the report is, if it is for one.
func (o *auditOptions) screen(s *streams) report.Options {
	if o.out != "" {
		return report.Options{}
	}
	columns, _ := terminal(s.Out)
	return report.Options{Width: columns, Colour: colour(s.Out)}
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
