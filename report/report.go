// Package report writes the result of an audit for people and for programs.
//
// Names in an account are chosen by whoever may create users, so that every
// form neutralises what its reader would obey: control characters in a
// terminal, formulas in a spreadsheet, markup in Markdown.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"warden/audit"
	"warden/finding"
	"warden/internal/markup"
)

// Form is a way to write a report.
type Form string

// The forms.
const (
	Table    Form = "table"
	JSON     Form = "json"
	CSV      Form = "csv"
	Markdown Form = "markdown"
	SARIF    Form = "sarif"
	OCSF     Form = "ocsf"
	ASFF     Form = "asff"
	HTML     Form = "html"
	Text     Form = "text"
)

// Forms lists them all.
var Forms = []Form{Table, Text, JSON, CSV, Markdown, SARIF, OCSF, ASFF, HTML}

// Options change what is written.
type Options struct {
	// All writes also what passes and what does not apply, in the forms for
	// people; those for programs always have everything.
	All bool
	// Since, where it is set, is what changed since an earlier report: the
	// forms for people then show that alone.
	Since *audit.Diff
	// File is the evidence's, and Lines where in it each subject stands, by
	// ARN: the form sarif points there.
	File  string
	Lines map[string]int
	// Region is that of Security Hub, for the form asff; "" is where IAM is at
	// home.
	Region string
	// Width is how many columns the terminal has that the form table is for; 0
	// where it is for none. Colour colours it.
	Width  int
	Colour bool
	// Evidence is what the report rests on. The form html shows from it the
	// inventory, the principals, and who can become an administrator.
	Evidence *audit.Evidence
	// Index leads from a page to that of all accounts, as the links of an
	// [Entry] do; "" where there is none. The form html has it in its head.
	Index string
}

// Write writes a report in a form.
func Write(w io.Writer, f Form, r *audit.Report, o Options) error {
	return WriteAll(w, f, []Audited{{r, o}})
}

// writeOne writes a report in a form that holds one account.
func writeOne(w io.Writer, f Form, r *audit.Report, o Options) error {
	switch f {
	case Table:
		return table(w, r, o)
	case Markdown:
		return markdown(w, r, o)
	case Text:
		return text(w, r, o)
	case HTML:
		return writeHTML(w, r, o)
	}
	return noForm(f)
}

func noForm(f Form) error { return fmt.Errorf("there is no form %q", f) }

// statuses are in the order of reports.
var statuses = []finding.Status{finding.Fail, finding.Unknown, finding.Manual, finding.Pass, finding.NotApplicable}

// words are how a table names the statuses.
var words = map[finding.Status]string{
	finding.Fail: "FAIL", finding.Unknown: "UNKNOWN", finding.Manual: "manual", finding.Pass: "pass", finding.NotApplicable: "n/a",
}

// shown are the findings that a form for people shows.
func shown(r *audit.Report, o Options) []finding.Finding {
	if o.Since != nil {
		return nil
	}
	var out []finding.Finding
	for _, f := range r.Findings {
		if o.All || f.Status == finding.Fail || f.Status == finding.Unknown {
			out = append(out, f)
		}
	}
	return out
}

// section is findings under a heading.
type section struct {
	title string
	list  []finding.Finding
}

// sections splits what is to be shown: by what changed, where that is asked,
// otherwise nothing is split.
func sections(r *audit.Report, o Options) []section {
	if o.Since == nil {
		return []section{{"", shown(r, o)}}
	}
	var changed []finding.Finding
	for _, c := range o.Since.Changed {
		f := c.After
		f.Summary = "was " + string(c.Before.Status) + ", " + c.Before.Severity.String() + "; " + f.Summary
		changed = append(changed, f)
	}
	return []section{{"new", o.Since.New}, {"changed", changed}, {"gone", o.Since.Gone}}
}

// counts tells in one line how many findings have which status.
func counts(r *audit.Report) string {
	var parts []string
	for _, s := range statuses {
		parts = append(parts, fmt.Sprintf("%d %s", r.Count(s, false), s))
	}
	line := strings.Join(parts, ", ")
	if n := r.Count(finding.Fail, true); n > 0 {
		line += fmt.Sprintf("; %d failures are accepted", n)
	}
	return line
}

// heading says what was judged and how old it is.
func heading(r *audit.Report) string {
	name := r.Account
	if r.Alias != "" {
		name += " (" + r.Alias + ")"
	}
	text := fmt.Sprintf("account %s, benchmark %s, as of %s", name, r.Benchmark, stamp(r.Now))
	if !r.CollectedAt.IsZero() {
		text += ", collected " + stamp(r.CollectedAt)
	}
	return clean(text)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// age is how old a fact is, in the largest unit that fits.
func age(now time.Time, at *time.Time) string {
	if at == nil {
		return "of unknown age"
	}
	switch d := now.Sub(*at); {
	case d < time.Minute:
		return "new"
	case d < time.Hour:
		return fmt.Sprintf("%d min old", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h old", d/time.Hour)
	default:
		return fmt.Sprintf("%d days old", d/(24*time.Hour))
	}
}

// clean replaces what a reader would obey.
func clean(s string) string { return markup.Clean(s) }

// Who names the subject of a finding in few words, as the account wrote it.
func Who(r *audit.Report, f *finding.Finding) string { return who(r, f) }

// who names the subject of a finding: the ARN without what every ARN of the
// account has, and "account" where the root user's stands for it.
func who(r *audit.Report, f *finding.Finding) string {
	name := f.Subject
	if i := strings.Index(name, ":"+r.Account+":"); i >= 0 && strings.HasPrefix(name, "arn:") {
		name = name[i+len(r.Account)+2:]
	}
	if name == "root" && !strings.HasPrefix(f.Control, "root.") {
		name = "account"
	}
	if f.Part != "" {
		name += ", " + f.Part
	}
	return name
}
