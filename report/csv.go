package report

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"warden/audit"
	"warden/finding"
)

var columns = []string{
	"id", "control", "title", "subject", "subject_id", "part", "status", "severity", "summary", "references", "evidence", "remedy", "command", "accepted_until", "accepted_by",
	"account", "change",
}

// writeCSV writes the findings of every report under one line of names, as RFC
// 4180 says. What is gone since an earlier report follows those of its account.
func writeCSV(w io.Writer, list []Audited) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	// What follows an error of a csv.Writer does nothing; Error returns it.
	_ = c.Write(columns)
	for _, a := range list {
		changes := changesOf(a.Options.Since)
		for i := range a.Report.Findings {
			f := &a.Report.Findings[i]
			_ = c.Write(csvLine(a.Report, f, changes[f.ID]))
		}
		for _, f := range missing(a.Report, a.Options.Since) {
			_ = c.Write(csvLine(a.Report, f, gone))
		}
	}
	c.Flush()
	return c.Error()
}

func csvLine(r *audit.Report, f *finding.Finding, became change) []string {
	until, by := "", ""
	if f.Exempt != nil {
		until, by = stamp(f.Exempt.Expires), f.Exempt.Owner
	}
	line := []string{
		f.ID, f.Control, f.Title, f.Subject, f.SubjectID, f.Part, string(f.Status), f.Severity.String(), f.Summary,
		references(f), facts(r, f, "; "), f.Remedy, f.Command, until, by, r.Account, string(became),
	}
	for i := range line {
		line[i] = safe(line[i])
	}
	return line
}

// safe keeps a spreadsheet from taking text for a formula: a cell that begins
// with one of these characters, in any width, gets an apostrophe before it.
// Blanks and quotes before them are no help: some programs cut them off.
// Source: OWASP, "CSV Injection".
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\t' || r == '\n' {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimLeftFunc(clean(s), unicode.IsSpace)
	inner := strings.TrimLeftFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("\"'`\u201c\u201d\u2018\u2019\ufffd\uff02\uff07", r)
	})
	if r, size := utf8.DecodeRuneInString(inner); size > 0 && strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212", r) {
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
		out = append(out, fact(r, x))
	}
	return strings.Join(out, between)
}

func fact(r *audit.Report, x finding.Fact) string {
	return x.Fact + " [" + x.Source + ", " + age(r.Now, x.At) + "]"
}
