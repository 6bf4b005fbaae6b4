package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"warden/audit"
	"warden/finding"
)

// letter is the width of the form text, for mail and paper.
const letter = 90

// most is how many findings of a question people are shown, where the others
// are only counted.
const most = 12

// text writes a report to be mailed or printed: no line is longer than letter,
// but where a single word is.
func text(w io.Writer, r *audit.Report, o Options) error {
	p := &printer{width: letter, most: most, full: true}
	if o.All {
		p.most = len(r.Findings)
	}
	s := summarize(r, o)
	name := r.Account
	if r.Alias != "" {
		name += " (" + r.Alias + ")"
	}
	p.line("AUDIT OF ACCOUNT %s", clean(name))
	_, rest, _ := strings.Cut(heading(r), ", ")
	p.wrap("", "", rest)
	p.title("Summary")
	p.summary(&s)
	lists := staticLists(r, o)
	if o.Since == nil {
		p.failing(&s)
	}
	for _, l := range lists {
		if l.Title == "Unknown" {
			p.reasons(&s)
		}
		p.title(fmt.Sprintf("%s: %d", l.Title, l.N))
		for _, g := range l.Groups {
			p.group(g)
		}
	}
	if o.All {
		p.passed(r)
	}
	p.title("What the answers rest on")
	for _, x := range s.Sources {
		p.wrap("  ", "    ", fmt.Sprintf("%s: the oldest of %d facts is %s", clean(x.Name), x.Facts, x.Age))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// printer writes lines of a width.
type printer struct {
	b      strings.Builder
	width  int
	most   int  // findings of a question
	full   bool // with remedy and command
	colour bool
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.b.WriteByte('\n')
}

func (p *printer) title(s string) {
	s = strings.ToUpper(s[:1]) + s[1:]
	p.line("\n%s", p.paint("1", s))
	if !p.colour {
		p.line("%s", strings.Repeat("-", utf8.RuneCountInString(s)))
	}
}

// paint colours text by a code of ECMA-48, where that is wanted.
func (p *printer) paint(code, s string) string {
	if !p.colour || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// wrap breaks text between words; first and rest stand before the lines. A
// word that is longer than a line stands alone.
func (p *printer) wrap(first, rest, text string) {
	line, used, empty := first, utf8.RuneCountInString(first), true
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if !empty && used+1+n > p.width {
			p.line("%s", line)
			line, used, empty = rest, utf8.RuneCountInString(rest), true
		}
		if !empty {
			line += " "
			used++
		}
		line += word
		used += n
		empty = false
	}
	p.line("%s", line)
}

// summary is the counts, by severity and by section.
func (p *printer) summary(s *overview) {
	var counts []string
	for _, c := range s.Counts {
		counts = append(counts, fmt.Sprintf("%d %s", c.N, longWords[c.Name]))
	}
	p.wrap("  ", "  ", strings.Join(counts, ", "))
	if s.Since {
		p.line("  since the baseline: %d new, %d changed, %d gone", s.New, s.Changed, s.Gone)
	}
	p.line("\n  %-24s %8s %8s", "severity", "failed", "unknown")
	for _, b := range s.Severities {
		if b.Total > 0 {
			p.line("  %s%s %8d %8d", p.paint(severityColour(b.Name), b.Name), strings.Repeat(" ", 24-len(b.Name)), b.Parts[0].N, b.Parts[1].N)
		}
	}
	if len(s.Sections) > 0 {
		p.line("\n  %-24s %8s %8s %8s %8s %8s", "CIS "+s.Newest, "failed", "unknown", "accepted", "by hand", "passed")
		for _, b := range s.Sections {
			p.line("  %-24s %8d %8d %8d %8d %8d", b.Name, b.Parts[0].N, b.Parts[1].N, b.Parts[2].N, b.Parts[3].N, b.Parts[4].N)
		}
	}
}

// failing is a table of the questions with failures.
func (p *printer) failing(s *overview) {
	if len(s.Failing) == 0 {
		return
	}
	p.title("What failed, the most severe first")
	for _, x := range s.Failing {
		p.wrap(fmt.Sprintf("  %-9s %5d  ", x.Severity, x.N), strings.Repeat(" ", 19), fmt.Sprintf("%s [%s]", clean(x.Title), x.Control))
	}
}

// reasons says why questions have no answer.
func (p *printer) reasons(s *overview) {
	p.title("What is unknown, and why")
	for _, x := range s.Reasons {
		p.wrap(fmt.Sprintf("  %-9s %5d  ", x.Worst, x.N), strings.Repeat(" ", 19), clean(x.Text))
		if x.Remedy != "" {
			p.wrap(strings.Repeat(" ", 19), strings.Repeat(" ", 19), "-> "+clean(x.Remedy))
		}
	}
}

// group is the findings of one question.
func (p *printer) group(g staticGroup) {
	about := fmt.Sprintf("%s [%s]", clean(g.Title), clean(g.Control))
	if g.Numbers != "" {
		about += " " + g.Numbers
	}
	p.line("")
	first := g.Severity.String()
	if !p.colour {
		first = strings.ToUpper(first)
	}
	p.wrapAfter(first, severityColour(g.Severity.String()), about)
	for i, x := range g.Items {
		if i == p.most && len(g.Items) > p.most+1 {
			p.line("  ... and %d more", len(g.Items)-p.most)
			break
		}
		line := clean(x.Who) + ": " + clean(x.Summary)
		if x.Accepted != "" {
			line += "; " + clean(x.Accepted)
		}
		p.wrap("  - ", "    ", line)
		if p.full && x.Remedy != "" {
			p.wrap("    Remedy: ", "      ", clean(x.Remedy))
		}
	}
	if !p.full {
		return
	}
	if g.Remedy != "" {
		p.wrap("  Remedy: ", "    ", clean(g.Remedy))
	}
	if i := slices.IndexFunc(g.Items, func(x staticItem) bool { return x.Command != "" }); i >= 0 {
		// A command is not broken: it is to be copied.
		if len(g.Items) > 1 {
			p.wrap("  ", "    ", "For "+clean(g.Items[i].Who)+":")
		}
		p.line("  $ %s", clean(g.Items[i].Command))
	}
}

// wrapAfter is wrap with a coloured word before it, which takes ten columns.
func (p *printer) wrapAfter(word, code, text string) {
	at := p.b.Len()
	p.wrap(fmt.Sprintf("%-9s ", word), strings.Repeat(" ", 10), text)
	if code = strings.TrimSpace(code); p.colour && code != "" {
		all := p.b.String()
		p.b.Reset()
		p.b.WriteString(all[:at] + p.paint(code, word) + all[at+len(word):])
	}
}

// passed lists the questions that were answered well, or by nobody.
func (p *printer) passed(r *audit.Report) {
	for _, status := range []finding.Status{finding.Manual, finding.Pass, finding.NotApplicable} {
		count, titles := map[string]int{}, []string{}
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Status != status {
				continue
			}
			name := clean(f.Title) + " [" + f.Control + "]"
			if count[name] == 0 {
				titles = append(titles, name)
			}
			count[name]++
		}
		if len(titles) == 0 {
			continue
		}
		p.title(longWords[string(status)])
		for _, name := range titles {
			p.wrap(fmt.Sprintf("  %5d  ", count[name]), "         ", name)
		}
	}
}

// severityColour is the code of a severity for a terminal.
func severityColour(name string) string {
	switch name {
	case finding.Critical.String():
		return "1;31"
	case finding.High.String():
		return "31"
	case finding.Medium.String():
		return "33"
	}
	return ""
}
