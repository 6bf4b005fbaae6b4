package authorize

import "strings"

// voice is what a document has to say about an action.
type voice uint8

const (
	silent      voice = iota + 1 // nothing
	plain                        // statements without context keys
	conditional                  // something that hangs on more
)

// voice is what d has to say about the query's action.
func (q *query) voice(d *document) voice {
	if q.voices == nil {
		return d.voice(q.action)
	}
	if q.voices[d.number] == 0 {
		q.voices[d.number] = d.voice(q.action)
	}
	return q.voices[d.number]
}

// voice finds out what the document has to say. The engine remains the judge:
// this only spares it the questions whose answer is plain. The action is in
// lower case.
func (d *document) voice(action string) voice {
	if d.defect {
		return conditional
	}
	v := silent
	for i := range d.Statements {
		s := &d.Statements[i]
		patterns, not := s.Actions, false
		if patterns == nil {
			patterns, not = s.NotActions, true
		}
		listed := false
		for _, p := range patterns {
			if listed = glob(p, action); listed {
				break
			}
		}
		switch {
		case listed == not:
		case !d.plain[i]:
			return conditional
		default:
			v = plain
		}
	}
	return v
}

// glob matches s, which is in lower case, with the wildcards * and ? of
// pattern, which may be in any.
func glob(pattern, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || lower(pattern[i]) == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
