package report

import (
	"fmt"
	"io"
	"strings"

	"warden/audit"
)

// table writes for a terminal, or, where the width is not known, one finding a
// line for the tools that read lines.
func table(w io.Writer, r *audit.Report, o Options) error {
	if o.Width > 0 && !o.All {
		return screen(w, r, o)
	}
	p := &printer{colour: o.Colour}
	p.line("%s", heading(r))
	for _, s := range sections(r, o) {
		if s.title != "" {
			p.line("\n%s: %d", s.title, len(s.list))
		} else {
			p.line("")
		}
		for i := range s.list {
			f := &s.list[i]
			word := words[f.Status]
			if f.Exempt != nil {
				word = "accepted"
			}
			p.line("%s %s %-26s %s: %s", p.paint(statusColour(word), fmt.Sprintf("%-8s", word)), p.paint(severityColour(f.Severity.String()), fmt.Sprintf("%-8s", f.Severity)),
				f.Control, clean(who(r, f)), clean(f.Summary))
		}
	}
	p.line("\n%s", counts(r))
	_, err := io.WriteString(w, p.b.String())
	return err
}

// screen puts findings under their questions, the most severe first, and the
// counts last: there is where a terminal stands.
func screen(w io.Writer, r *audit.Report, o Options) error {
	p := &printer{width: max(o.Width, 40), most: most, colour: o.Colour}
	s := summarize(r, o)
	for _, l := range staticLists(r, o) {
		if o.Since != nil && !strings.HasPrefix(l.Title, sinceTitle) {
			continue
		}
		if l.Title == "Unknown" {
			p.reasons(&s)
			continue
		}
		p.title(fmt.Sprintf("%s: %d", l.Title, l.N))
		for _, g := range l.Groups {
			p.group(g)
		}
	}
	p.title("Summary")
	p.wrap("  ", "  ", heading(r))
	p.summary(&s)
	p.wrap("\n  ", "  ", "--all: every finding. -o html --out report.html: with evidence, remedies and commands, for a browser.")
	_, err := io.WriteString(w, strings.TrimLeft(p.b.String(), "\n"))
	return err
}

// statusColour is the code of a status for a terminal.
func statusColour(word string) string {
	switch word {
	case "FAIL":
		return "31"
	case "UNKNOWN":
		return "33"
	case "pass":
		return "32"
	}
	return "2"
}
