package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warden/policy/catalog"
	"warden/policy/lint"
)

// lintOptions are the flags of warden lint.
type lintOptions struct {
	output, failOn, kind string
	ignore               []string
	fix                  bool

	severity lint.Severity
	as       lint.Kind
}

func newLintCmd(s *streams) *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use:   "lint PATH...|-",
		Short: "Find what is wrong, dangerous or useless in policies",
		Long: `Find what is wrong, dangerous or useless in policies, with no account and no
network: unknown actions and keys, resources that an action never matches,
conditions that lock out or let through, grants that reach too far, quotas.
docs/lint.md lists the checks with their reasons and AWS pages.

A PATH is a file, a folder (every .json, .yaml, .yml and .template below it),
or - for standard input. Policies are found in
  policy documents, by themselves
  CloudFormation and SAM templates, JSON or YAML; what !Ref, !Sub and the like
    leave open counts as unknown, and matches anything
  Terraform plans, as "terraform show -json PLAN" prints them
  snapshots of warden, and the answers of the AWS CLI

What a policy is for is taken from the file, or found out; --kind says it for
policies that do not show it, such as SCPs and boundaries.

--fix changes policy documents where no request is decided differently
afterwards, shows the change, and lints the result. Templates are not changed.

The severities are those of Access Analyzer's ValidatePolicy: error, security,
warning, suggestion. A folder goes on past a file that cannot be read.

With -o json the report is one object:
  catalog    version and date of the service data
  policies   how many were examined
  findings   file, line, column, policy, kind, check, severity, message, fix,
             statement, sid, path, fixable
  errors     files that could not be read

EXIT STATUS
  0  no finding at or above --fail-on
  1  a file could not be read; the error says where
  2  the command was called wrongly
  3  at least one finding at or above --fail-on`,
		Example: `  warden lint policy.json
  warden lint --kind scp --fail-on error guardrails/
  terraform show -json plan.bin | warden lint -
  warden lint -o sarif template.yaml > lint.sarif
  warden lint --fix policies/`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return runLint(s, args, o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "table", "form of the report: table, text, json or sarif")
	f.StringVar(&o.failOn, "fail-on", "warning", "least severity for exit status 3: suggestion, warning, security, error, or none")
	f.StringVar(&o.kind, "kind", "auto", "what the policies are for: auto, identity, boundary, resource, trust, scp, rcp or endpoint")
	f.StringSliceVar(&o.ignore, "ignore", nil, "ids of checks to leave out")
	f.BoolVar(&o.fix, "fix", false, "change policy documents where that is safe")
	return cmd
}

// none is a severity above all.
const none = lint.Severity(255)

func (o *lintOptions) check(args []string) error {
	if len(args) == 0 {
		return usageErrorf("lint: which policies? give a file, a folder, or - for standard input")
	}
	if !slices.Contains([]string{"table", "text", "json", "sarif"}, o.output) {
		return usageErrorf("lint: -o %s is not table, text, json or sarif", o.output)
	}
	var err error
	if o.failOn == "none" {
		o.severity = none
	} else if o.severity, err = lint.ParseSeverity(o.failOn); err != nil {
		return usageErrorf("lint: --fail-on: %v, or none", err)
	}
	if o.as, err = lint.ParseKind(o.kind); err != nil {
		return usageErrorf("lint: --kind: %v", err)
	}
	for _, id := range o.ignore {
		if lint.Find(id) == nil {
			return usageErrorf("lint: --ignore %s: there is no such check; docs/lint.md lists them", id)
		}
	}
	if o.fix && slices.Contains(args, "-") {
		return usageErrorf("lint: --fix writes files back, and standard input is none")
	}
	return nil
}

// lintFinding is a finding with its file.
type lintFinding struct {
	File string `json:"file"`
	// Policy says which of the file's policies; "" where the file is one.
	Policy string    `json:"policy,omitempty"`
	Kind   lint.Kind `json:"kind"`
	lint.Finding
}

// place is how editors and compilers write places.
func (f *lintFinding) place() string { return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column) }

// lintReport is what was found.
type lintReport struct {
	Catalog struct {
		Package string `json:"package"`
		Version string `json:"version"`
		Date    string `json:"date"`
	} `json:"catalog"`
	Policies int           `json:"policies"`
	Findings []lintFinding `json:"findings"`
	Errors   []string      `json:"errors"`
}

func runLint(s *streams, args []string, o lintOptions) error {
	l := linter{streams: s, options: o, report: lintReport{Findings: []lintFinding{}, Errors: []string{}}}
	source := catalog.Source()
	l.report.Catalog.Package, l.report.Catalog.Version, l.report.Catalog.Date = source.Package, source.Version, source.Date
	for _, path := range args {
		l.path(path)
	}
	if err := l.write(); err != nil {
		return fmt.Errorf("lint: %w", err)
	}
	if n := len(l.report.Errors); n > 0 {
		for _, e := range l.report.Errors {
			fmt.Fprintf(s.Err, "warden: lint: %s\n", e)
		}
		return &exitError{code: 1}
	}
	for i := range l.report.Findings {
		if l.report.Findings[i].Severity >= o.severity {
			return &exitError{code: 3}
		}
	}
	return nil
}

// write prints the report.
func (l *linter) write() error {
	out := l.streams.Out
	if l.diffs != "" && (l.options.output == "json" || l.options.output == "sarif") {
		out = l.streams.Err // the report stays readable for programs
	}
	if _, err := io.WriteString(out, l.diffs); err != nil {
		return err
	}
	switch l.options.output {
	case "json":
		enc := json.NewEncoder(l.streams.Out)
		enc.SetEscapeHTML(false)
		return enc.Encode(&l.report)
	case "sarif":
		return writeSARIF(l.streams.Out, &l.report)
	case "text":
		return l.report.text(l.streams.Out)
	}
	return l.report.table(l.streams.Out)
}

func (r *lintReport) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Findings) > 0 {
		fmt.Fprintln(w, "PLACE\tSEVERITY\tCHECK\tMESSAGE")
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", printable(f.place()), f.Severity, f.Check, printable(f.Message))
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, r.summary())
	return w.Flush()
}

// text is the long form, with reasons and remedies.
func (r *lintReport) text(out io.Writer) error {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		c := lint.Find(f.Check)
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", printable(f.place()), f.Severity, printable(f.Message), f.Check)
		where := f.Path
		if f.Sid != "" {
			where += " (" + f.Sid + ")"
		}
		if f.Policy != "" {
			where = strings.TrimSuffix(f.Policy+": "+where, ": ")
		}
		if where != "" {
			fmt.Fprintf(&b, "    in:   %s\n", printable(where))
		}
		fmt.Fprintf(&b, "    why:  %s\n    fix:  %s\n    see:  %s\n\n", c.Why, f.Fix, c.Source)
	}
	fmt.Fprintln(&b, r.summary())
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *lintReport) summary() string {
	var by [4]int
	fixable := 0
	for i := range r.Findings {
		by[min(int(r.Findings[i].Severity), 3)]++
		if r.Findings[i].Fixable {
			fixable++
		}
	}
	policies := "1 policy"
	if r.Policies != 1 {
		policies = fmt.Sprintf("%d policies", r.Policies)
	}
	text := fmt.Sprintf("%s: %d error, %d security, %d warning, %d suggestion", policies, by[3], by[2], by[1], by[0])
	if fixable > 0 {
		text += fmt.Sprintf("; --fix takes care of %d", fixable)
	}
	return text + fmt.Sprintf(" (service data of %s)", r.Catalog.Date)
}

// errNoPolicy is the answer for a file that somebody named and that has none.
var errNoPolicy = errors.New("there is no policy in it; a policy has a Statement")
