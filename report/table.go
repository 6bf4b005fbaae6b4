package report

import (
	"fmt"
	"io"
	"strings"

	"warden/audit"
)

func table(w io.Writer, r *audit.Report, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", heading(r))
	for _, s := range sections(r, o) {
		if s.title != "" {
			fmt.Fprintf(&b, "\n%s: %d\n", s.title, len(s.list))
		} else {
			b.WriteByte('\n')
		}
		for i := range s.list {
			f := &s.list[i]
			word := words[f.Status]
			if f.Exempt != nil {
				word = "accepted"
			}
			fmt.Fprintf(&b, "%-8s %-8s %-26s %s: %s\n", word, f.Severity, f.Control, clean(who(r, f)), clean(f.Summary))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", counts(r))
	_, err := io.WriteString(w, b.String())
	return err
}
