package policy

import "strings"

// cutVariable reads the variable at the beginning of text, which begins with a
// dollar sign: ${key}, ${key, 'default'}, or one of ${*}, ${?} and ${$}, which
// are the characters themselves. ok is false where text begins no variable.
//
// IAM User Guide, "IAM policy elements: Variables and tags": "Specifying
// default values" and "Where you can use policy variables".
func cutVariable(text string) (v piece, rest string, ok bool) {
	if !strings.HasPrefix(text, "${") {
		return piece{}, text, false
	}
	end := strings.IndexByte(text, '}')
	key, fallback, hasFallback := strings.Cut(text[2:max(end, 2)], ",")
	if hasFallback {
		// The default stands in single quotes and may hold a brace.
		open := 2 + len(key) + 1
		quoted := strings.TrimLeft(text[open:], " ")
		fallback, hasFallback = "", false
		if strings.HasPrefix(quoted, "'") {
			if inner, after, found := strings.Cut(quoted[1:], "'"); found {
				if after = strings.TrimLeft(after, " "); strings.HasPrefix(after, "}") {
					fallback, hasFallback = inner, true
					end = len(text) - len(after)
				}
			}
		}
	}
	if end < 0 {
		return piece{}, text, false
	}
	rest = text[end+1:]
	switch key = text[2:end]; key {
	case "*", "?", "$":
		return piece{kind: literal, text: key}, rest, true
	}
	key, _, _ = strings.Cut(key, ",")
	v = piece{kind: variable, text: strings.ToLower(strings.TrimSpace(key))}
	if hasFallback {
		v.fallback = &fallback
	}
	return v, rest, true
}

// variableRoom is how many pieces a pattern with variables may have before
// its evaluation allocates.
const variableRoom = 12

// expand appends what follows p's head to buf, with every variable replaced by
// its value, which is literal text: a star in a tag is no wildcard. ok is false
// where a variable has no value; then nothing equals the pattern and nothing is
// like it (IAM User Guide, "Policy variables with no value"). Multivalued keys
// have no value as variables.
func (p *pattern) expand(e *evaluation, buf []piece) (pieces []piece, ok bool) {
	unresolved := false
	for i := range p.rest {
		q := &p.rest[i]
		if q.kind != variable {
			buf = append(buf, *q)
			continue
		}
		v, given := e.req.Context[q.text]
		if !given {
			e.sawAbsent = true
			if e.open {
				// It may have any value, so that its default says nothing.
				e.keys = append(e.keys, q.text)
			}
		}
		switch {
		case !v.Multi && len(v.Values) == 1:
			buf = append(buf, piece{kind: literal, text: v.Values[0]})
		case q.fallback != nil && (given || !e.open):
			buf = append(buf, piece{kind: literal, text: *q.fallback})
		default:
			e.unresolved, unresolved = true, true
			if !e.open {
				return nil, false
			}
		}
	}
	return buf, !unresolved
}

// matchIn is match with the variables of the request.
func (p *pattern) matchIn(e *evaluation, s string, fold bool) bool {
	if !p.hasVariables {
		return p.match(s, fold)
	}
	n, ok := cutPrefix(s, p.head, fold)
	if !ok {
		return false
	}
	var room [variableRoom]piece
	pieces, ok := p.expand(e, room[:0])
	return ok && matchPieces(pieces, s[n:], fold)
}
