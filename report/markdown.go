package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"warden/audit"
	"warden/finding"
)

func markdown(w io.Writer, r *audit.Report, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Audit of account %s\n\n%s. %s.\n", escape(r.Account), escape(heading(r)), counts(r))
	for _, s := range sections(r, o) {
		if s.title != "" {
			fmt.Fprintf(&b, "\n## %s: %d\n", s.title, len(s.list))
		}
		if len(s.list) == 0 {
			continue
		}
		b.WriteString("\n| status | severity | control | who | what | evidence | remedy |\n|---|---|---|---|---|---|---|\n")
		for i := range s.list {
			f := &s.list[i]
			status := string(f.Status)
			if f.Exempt != nil {
				status = "accepted until " + stamp(f.Exempt.Expires) + " by " + f.Exempt.Owner
			}
			remedy := escape(f.Remedy)
			if f.Command != "" {
				remedy += " " + code(f.Command)
			}
			fmt.Fprintf(&b, "| %s | %s | `%s` %s | %s | %s | %s | %s |\n",
				escape(status), f.Severity, f.Control, numbers(f), escape(who(r, f)), escape(f.Summary), escape(facts(r, f, "; ")), strings.TrimSpace(remedy))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// numbers names the recommendation of the newest version.
func numbers(f *finding.Finding) string {
	if len(f.References) == 0 {
		return ""
	}
	last := f.References[len(f.References)-1]
	return fmt.Sprintf("(%s-%s %s)", last.Benchmark, last.Version, last.ID)
}

// apart stands between characters that a reader of Markdown would make a link
// or a mention of, and is not seen.
const apart = "<!-- -->"

// escape makes text of any characters one cell of a table without markup: no
// emphasis, link, address or mention.
func escape(s string) string {
	s = clean(s)
	var b strings.Builder
	before := ' '
	for i, r := range s {
		switch {
		case r == '@' && !unicode.IsLetter(before) && !unicode.IsDigit(before):
			b.WriteString("@" + apart)
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString(":" + apart)
		case r == '.' && (before == 'w' || before == 'W'):
			b.WriteString(apart + ".") // www.
		case r == '#':
			b.WriteString(`\#` + apart)
		case strings.ContainsRune("\\`*_{}[]()+!|~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return b.String()
}

// code puts a command between as many backquotes as it needs.
func code(s string) string {
	s = strings.ReplaceAll(clean(s), "|", `\|`)
	mark := "`"
	for strings.Contains(s, mark) {
		mark += "`"
	}
	if len(mark) > 1 {
		return mark + " " + s + " " + mark
	}
	return mark + s + mark
}
