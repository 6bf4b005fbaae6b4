package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"warden/audit"
	"warden/finding"
	"warden/report/sarif"
)

// Audited is the report of one account, and how it is written.
type Audited struct {
	Report  *audit.Report
	Options Options
}

// WriteAll writes the reports of several accounts in a form: one after the
// other for people, with a summary, and as one document for programs.
func WriteAll(w io.Writer, f Form, list []Audited) error {
	switch f {
	case JSON:
		return writeJSON(w, list)
	case CSV:
		return writeCSV(w, list)
	case SARIF:
		var runs []sarif.Run
		for _, a := range list {
			runs = append(runs, sarifRun(a.Report, a.Options))
		}
		return sarif.Write(w, runs...)
	case OCSF:
		b := bufio.NewWriter(w)
		for _, a := range list {
			if err := writeOCSF(b, a.Report, a.Options); err != nil {
				return err
			}
		}
		return b.Flush()
	case ASFF:
		findings := []SecurityFinding{}
		for _, a := range list {
			findings = append(findings, SecurityFindings(a.Report, a.Options)...)
		}
		return writeASFF(w, findings)
	}
	if len(list) == 1 {
		return writeOne(w, f, list[0].Report, list[0].Options)
	}
	if !HoldsMany(f) {
		return fmt.Errorf("the form %s holds one account", f)
	}
	for _, a := range list {
		if err := writeOne(w, f, a.Report, a.Options); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	return Summary(w, f, list)
}

// HoldsMany tells whether a form can hold several accounts in one document.
func HoldsMany(f Form) bool { return f != HTML }

// Summary writes a line for each account: what failed by severity, what is
// unknown, what was accepted.
func Summary(w io.Writer, f Form, list []Audited) error {
	names := []string{"account", "critical", "high", "medium", "low", "info", "unknown", "accepted", "collected"}
	lines := [][]string{}
	for _, a := range list {
		r := a.Report
		fails := open(r)
		name, collected := r.Account, "-"
		if r.Alias != "" {
			name += " (" + r.Alias + ")"
		}
		if !r.CollectedAt.IsZero() {
			collected = stamp(r.CollectedAt)
		}
		line := []string{name}
		for s := int(finding.Critical); s >= 0; s-- {
			line = append(line, fmt.Sprint(fails[s]))
		}
		lines = append(lines, append(line, fmt.Sprint(r.Count(finding.Unknown, false)), fmt.Sprint(r.Count(finding.Fail, true)), collected))
	}
	if f == Markdown {
		var b strings.Builder
		fmt.Fprintf(&b, "# Summary of %d accounts\n\n| %s |\n%s|\n", len(list), strings.Join(names, " | "), strings.Repeat("|---", len(names)))
		for _, line := range lines {
			for i := range line {
				line[i] = escape(line[i])
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d accounts\n", len(list))
	for _, line := range append([][]string{names}, lines...) {
		for i := range line {
			line[i] = clean(line[i])
		}
		fmt.Fprintln(t, strings.Join(line, "\t"))
	}
	return t.Flush()
}
