package escalation

import (
	"fmt"
	"io"
	"strings"
)

// WriteDot pictures the ways for Graphviz: principals on ways only, dashed
// where it is not sure.
func WriteDot(w io.Writer, ways []Way) error {
	var b strings.Builder
	b.WriteString("digraph escalation {\n  rankdir=LR;\n  node [shape=box, fontname=\"Helvetica\", fontsize=11];\n  edge [fontname=\"Helvetica\", fontsize=9];\n")
	b.WriteString("  \"administrator\" [shape=doubleoctagon, style=filled, fillcolor=\"#f4c7c3\"];\n")
	seen := map[string]bool{}
	line := func(text string) {
		if !seen[text] {
			seen[text] = true
			b.WriteString(text)
		}
	}
	for _, way := range ways {
		for i, s := range way.Steps {
			to, style := "administrator", "solid"
			if s.To != nil {
				to = s.To.String()
			}
			if rank(s.State) > 0 {
				style = "dashed"
			}
			line(fmt.Sprintf("  %q -> %q [label=%q, style=%s];\n", s.From, to, s.Path.ID, style))
			if i == len(way.Steps)-1 && s.To != nil {
				line(fmt.Sprintf("  %q -> \"administrator\" [label=\"is one\", color=gray, style=%s];\n", to, ending(way, s)))
			}
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// ending is how sure the last of a way is an administrator.
func ending(way Way, last Step) string {
	if rank(way.State) > rank(last.State) {
		return "dashed"
	}
	return "solid"
}
