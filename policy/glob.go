package policy

import (
	"strings"
	"unicode/utf8"
)

// pieceKind is what one piece of a pattern matches.
type pieceKind uint8

const (
	literal  pieceKind = iota // its text
	anyOne                    // exactly one character: ?
	anyMany                   // any characters, or none: *
	variable                  // the value of a context key, taken literally
)

// piece is one part of a pattern.
type piece struct {
	kind pieceKind
	// text is the literal text, or the variable's key in lower case.
	text string
	// fallback is the variable's default value, nil if it has none.
	fallback *string
}

// pattern is text in which * and ? may be wildcards and ${...} a variable.
// IAM User Guide, "IAM JSON policy elements: Resource" (wildcards) and "IAM
// policy elements: Variables and tags".
type pattern struct {
	head         string  // the literal text at the beginning
	rest         []piece // what follows it
	form         form
	hasVariables bool
}

// form tells the simple patterns from the others.
type form uint8

const (
	general  form = iota
	exactly       // head is all
	anything      // a star follows head, and nothing else
)

// compilePattern reads text; wildcards and variables say which of them the
// place allows.
func compilePattern(text string, wildcards, variables bool) pattern {
	var p pattern
	if !strings.ContainsAny(text, "*?$") {
		p.head, p.form = text, exactly
		return p
	}
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p.rest = append(p.rest, piece{kind: literal, text: lit.String()})
			lit.Reset()
		}
	}
	special := ""
	if wildcards {
		special += "*?"
	}
	if variables {
		special += "$"
	}
	for text != "" {
		i := strings.IndexAny(text, special)
		if i < 0 {
			i = len(text)
		}
		lit.WriteString(text[:i])
		if text = text[i:]; text == "" {
			break
		}
		switch text[0] {
		case '*':
			flush()
			// Two stars match what one does.
			if n := len(p.rest); n == 0 || p.rest[n-1].kind != anyMany {
				p.rest = append(p.rest, piece{kind: anyMany})
			}
			text = text[1:]
		case '?':
			flush()
			p.rest = append(p.rest, piece{kind: anyOne})
			text = text[1:]
		default:
			v, rest, ok := cutVariable(text)
			switch {
			case !ok: // a dollar sign that begins no variable
				lit.WriteByte('$')
				rest = text[1:]
			case v.kind == literal:
				lit.WriteString(v.text)
			default:
				flush()
				p.rest = append(p.rest, v)
				p.hasVariables = true
			}
			text = rest
		}
	}
	flush()
	if len(p.rest) > 0 && p.rest[0].kind == literal {
		p.head, p.rest = p.rest[0].text, p.rest[1:]
	}
	switch {
	case len(p.rest) == 0:
		p.rest, p.form = nil, exactly
	case len(p.rest) == 1 && p.rest[0].kind == anyMany:
		p.rest, p.form = nil, anything
	}
	return p
}

// matchesAll tells whether p is the wildcard * alone.
func (p *pattern) matchesAll() bool { return p.form == anything && p.head == "" }

// match tells whether s matches the pattern, which has no variables; fold
// disregards the case of letters.
func (p *pattern) match(s string, fold bool) bool {
	n, ok := cutPrefix(s, p.head, fold)
	switch {
	case !ok:
		return false
	case p.form == exactly:
		return n == len(s)
	case p.form == anything:
		return true
	}
	return matchPieces(p.rest, s[n:], fold)
}

// matchPieces matches s against literals and wildcards. After a star it tries
// the leftmost place first and never comes back to an earlier star, so the
// work is bounded by the product of both lengths whatever the pattern.
func matchPieces(pieces []piece, s string, fold bool) bool {
	next, at := 0, 0      // the piece to match, and where in s
	star, starAt := -1, 0 // the last star, and where the rest was tried
	for next < len(pieces) || at < len(s) {
		if next < len(pieces) {
			switch p := &pieces[next]; p.kind {
			case anyMany:
				if next == len(pieces)-1 {
					return true
				}
				star, starAt = next, at
				next++
				continue
			case anyOne:
				if at < len(s) {
					at += runeLen(s[at:])
					next++
					continue
				}
			default:
				if n, ok := cutPrefix(s[at:], p.text, fold); ok {
					at += n
					next++
					continue
				}
			}
		}
		// No match here: let the last star take one character more.
		if star < 0 || starAt >= len(s) {
			return false
		}
		starAt += runeLen(s[starAt:])
		next, at = star+1, starAt
	}
	return true
}

// runeLen is the length of the first character of s, which is not empty.
func runeLen(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// cutPrefix tells whether s begins with prefix, and how long that beginning
// is in s: without regard to case, the letters of both may differ in length.
func cutPrefix(s, prefix string, fold bool) (n int, ok bool) {
	if !fold {
		return len(prefix), strings.HasPrefix(s, prefix)
	}
	for i := 0; i < len(prefix); {
		if n == len(s) {
			return 0, false
		}
		a, b := s[n], prefix[i]
		if a|b < utf8.RuneSelf {
			if a != b && lower(a) != lower(b) {
				return 0, false
			}
			n++
			i++
			continue
		}
		la, lb := runeLen(s[n:]), runeLen(prefix[i:])
		if !strings.EqualFold(s[n:n+la], prefix[i:i+lb]) {
			return 0, false
		}
		n += la
		i += lb
	}
	return n, true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
