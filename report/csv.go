package report

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"

	"warden/audit"
	"warden/finding"
)

var columns = []string{
	"id", "control", "title", "subject", "subject_id", "part", "status", "severity", "summary", "references", "evidence", "remedy", "command", "accepted_until", "accepted_by",
}

func writeCSV(w io.Writer, r *audit.Report) error {
	c := csv.NewWriter(w)
	if err := c.Write(columns); err != nil {
		return err
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		until, by := "", ""
		if f.Exempt != nil {
			until, by = stamp(f.Exempt.Expires), f.Exempt.Owner
		}
		line := []string{
			f.ID, f.Control, f.Title, f.Subject, f.SubjectID, f.Part, string(f.Status), f.Severity.String(), f.Summary,
			references(f), facts(r, f, "; "), f.Remedy, f.Command, until, by,
		}
		for i := range line {
			line[i] = safe(line[i])
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// safe keeps a spreadsheet from taking text for a formula: a cell that begins
// with one of these characters gets an apostrophe before it. Source: OWASP,
// "CSV Injection".
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\t' || r == '\n' {
			return ' '
		}
		return r
	}, s)
	// A leading blank is no help: some programs cut it off.
	s = strings.TrimLeft(clean(s), " ")
	if r, size := utf8.DecodeRuneInString(s); size > 0 && strings.ContainsRune("=+-@＝＋－＠", r) {
		return "'" + s
	}
	return s
}

// references names each recommendation, and its answer where it differs.
func references(f *finding.Finding) string {
	var out []string
	for _, ref := range f.References {
		text := ref.Benchmark + "-" + ref.Version + ":" + ref.ID
		if ref.Status != f.Status {
			text += " (" + string(ref.Status) + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// facts writes the evidence with source and age.
func facts(r *audit.Report, f *finding.Finding, between string) string {
	var out []string
	for _, x := range f.Evidence {
		out = append(out, x.Fact+" ["+x.Source+", "+age(r.Now, x.At)+"]")
	}
	return strings.Join(out, between)
}
