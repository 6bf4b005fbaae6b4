package source

import (
	"github.com/go-json-experiment/json/jsontext"
)

// writer prints a value as JSON, each name and value on a line of its own, and
// keeps where they stand in the file.
type writer struct {
	template bool
	out      []byte
	places   []place
}

// line begins a line that stands for a place in the file.
func (w *writer) line(line, column int) {
	if len(w.places) > 0 {
		w.out = append(w.out, '\n')
	}
	w.places = append(w.places, place{line, column})
}

func (w *writer) quote(s string) {
	// Text of a parsed file; bad UTF-8 is replaced.
	w.out, _ = jsontext.AppendQuote(w.out, s)
}

func (w *writer) value(n *node) {
	if w.template {
		if n = resolve(n); n == nil {
			n = &node{form: nothing}
		}
	}
	w.line(n.line, n.column)
	switch n.form {
	case text:
		w.quote(n.text)
	case literal:
		w.out = append(w.out, n.text...)
	case nothing:
		w.out = append(w.out, "null"...)
	case object:
		w.out = append(w.out, '{')
		first := true
		for i := range n.members {
			m := &n.members[i]
			if w.template && resolve(m.value) == nil {
				continue // AWS::NoValue takes the member away
			}
			if !first {
				w.out = append(w.out, ',')
			}
			first = false
			w.line(m.line, m.column)
			w.quote(m.name)
			w.out = append(w.out, ':')
			w.value(m.value)
		}
		w.out = append(w.out, '}')
	case list:
		w.out = append(w.out, '[')
		items := n.items
		if w.template {
			items = resolveItems(items, 0)
		}
		for i, item := range items {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.value(item)
		}
		w.out = append(w.out, ']')
	}
}
