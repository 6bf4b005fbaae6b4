package authorize

import "strings"

// token is one step of a pattern.
type token struct {
	many    bool // any number of letters
	any     bool // a letter, whichever
	noSlash bool // for both: but no slash
	b       byte // the letter
}

// policyTokens reads a resource as a policy names it. Variables stand for
// anything.
func policyTokens(s string) []token {
	tokens := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*':
			tokens = append(tokens, token{many: true})
		case s[i] == '?':
			tokens = append(tokens, token{any: true})
		case strings.HasPrefix(s[i:], "${") && strings.IndexByte(s[i:], '}') > 0:
			tokens = append(tokens, token{many: true})
			i += strings.IndexByte(s[i:], '}')
		default:
			tokens = append(tokens, token{b: s[i]})
		}
	}
	return tokens
}

// templateTokens reads an ARN of the catalog, where ${Name} stands for one
// letter or more. Names of buckets and tables hold no slash, which tells
// their ARNs from those of objects and indexes.
func templateTokens(s string) []token {
	tokens := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		if end := strings.IndexByte(s[i:], '}'); strings.HasPrefix(s[i:], "${") && end > 0 {
			name := s[i+2 : i+end]
			noSlash := name == "BucketName" || name == "TableName"
			tokens = append(tokens, token{any: true, noSlash: noSlash}, token{many: true, noSlash: noSlash})
			i += end
			continue
		}
		if s[i] == '*' {
			tokens = append(tokens, token{many: true})
			continue
		}
		tokens = append(tokens, token{b: s[i]})
	}
	return tokens
}

// maxCommon bounds the work of common: no ARN comes near it.
const maxCommon = 1 << 20

// common finds a text that both patterns match.
func common(a, b []token) (string, bool) {
	if len(a)*len(b) > maxCommon {
		return "", false
	}
	c := search{a: a, b: b, seen: make([]bool, (len(a)+1)*(len(b)+1))}
	if !c.from(0, 0) {
		return "", false
	}
	return string(c.text), true
}

type search struct {
	a, b []token
	seen []bool // places from which there is no way
	text []byte
}

// from looks for a text that a[i:] and b[j:] match, and adds it to c.text.
func (c *search) from(i, j int) bool {
	if i == len(c.a) && j == len(c.b) {
		return true
	}
	at := i*(len(c.b)+1) + j
	if c.seen[at] {
		return false
	}
	c.seen[at] = true
	switch {
	case i < len(c.a) && c.a[i].many && c.from(i+1, j),
		j < len(c.b) && c.b[j].many && c.from(i, j+1):
		return true
	case i == len(c.a) || j == len(c.b):
		return false
	}
	x, y := c.a[i], c.b[j]
	if x.many && y.many {
		return false // both can end here, and that was tried
	}
	letter, ok := meet(x, y)
	if !ok {
		return false
	}
	mark := len(c.text)
	c.text = append(c.text, letter)
	if !x.many {
		i++
	}
	if !y.many {
		j++
	}
	if c.from(i, j) {
		return true
	}
	c.text = c.text[:mark]
	return false
}

// meet finds a letter that both tokens take.
func meet(x, y token) (byte, bool) {
	xLetter, yLetter := !x.many && !x.any, !y.many && !y.any
	switch {
	case xLetter && yLetter:
		return x.b, x.b == y.b
	case xLetter:
		return x.b, !y.noSlash || x.b != '/'
	case yLetter:
		return y.b, !x.noSlash || y.b != '/'
	}
	return 'x', true
}
