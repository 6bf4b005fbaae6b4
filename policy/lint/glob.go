package lint

import (
	"strings"
)

// covers tells whether the pattern p matches whatever the pattern q matches;
// where it says so, it is so. Variables compare as text: a star swallows them,
// and nothing else does.
func covers(p, q string, fold bool) bool {
	if fold {
		p, q = strings.ToLower(p), strings.ToLower(q)
	}
	if p == q || p == "*" {
		return true
	}
	if hasVariable(p) || isOpen(p) || isOpen(q) {
		return false
	}
	i, j, star, mark := 0, 0, -1, 0
	for j < len(q) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == q[j] || p[i] == '?' && single(q, j)):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// single tells whether q[j] is exactly one character, whatever it matches.
func single(q string, j int) bool { return q[j] != '*' && q[j] != '$' && q[j] < 0x80 }

// coversARN is covers for values of Resource, where a wildcard does not reach
// over the first five colons.
func coversARN(p, q string) bool {
	if p == q || p == "*" {
		return true
	}
	ps, qs := splitColons(p), splitColons(q)
	if len(ps) < 6 || len(qs) < 6 {
		return false
	}
	for i := range ps {
		if !covers(ps[i], qs[i], false) {
			return false
		}
	}
	return true
}

// token is one step of a pattern for meet.
type token struct {
	kind tokenKind
	b    byte
}

type tokenKind uint8

const (
	one      tokenKind = iota // the byte b
	any1                      // any one byte
	anyMany                   // anything
	noSlash                   // anything without a slash
	noSlash1                  // one byte that is no slash
)

// policyTokens reads a value of a policy: variables and what is unknown match
// anything.
func policyTokens(s string) []token {
	tokens := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*':
			tokens = append(tokens, token{kind: anyMany})
		case s[i] == '?':
			tokens = append(tokens, token{kind: any1})
		case strings.HasPrefix(s[i:], Unknown):
			tokens = append(tokens, token{kind: anyMany})
			i += len(Unknown) - 1
		case strings.HasPrefix(s[i:], "${") && strings.IndexByte(s[i:], '}') > 0:
			tokens = append(tokens, token{kind: anyMany})
			i += strings.IndexByte(s[i:], '}')
		default:
			tokens = append(tokens, token{kind: one, b: s[i]})
		}
	}
	return tokens
}

// slashless are names in the catalog's ARNs that never hold a slash. Names in
// general do; of these it is known, and mistakes hide here.
var slashless = map[string]bool{"${BucketName}": true, "${TableName}": true, "${AccessPointName}": true, "${StreamName}": true}

// templateTokens reads an ARN of the catalog, where ${Name} stands for a name
// of at least one letter.
func templateTokens(s string) []token {
	tokens := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "${") {
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				kinds := [2]tokenKind{any1, anyMany}
				if slashless[s[i:i+end+1]] {
					kinds = [2]tokenKind{noSlash1, noSlash}
				}
				tokens = append(tokens, token{kind: kinds[0]}, token{kind: kinds[1]})
				i += end
				continue
			}
		}
		if s[i] == '*' {
			tokens = append(tokens, token{kind: anyMany})
			continue
		}
		tokens = append(tokens, token{kind: one, b: s[i]})
	}
	return tokens
}

func (t token) many() bool { return t.kind == anyMany || t.kind == noSlash }

// takes tells whether two single tokens can be the same byte, or whether a
// many can swallow the single one.
func (t token) takes(u token) bool {
	slash := t.kind == noSlash || t.kind == noSlash1
	other := u.kind == noSlash || u.kind == noSlash1
	switch {
	case t.kind == one && u.kind == one:
		return t.b == u.b
	case t.kind == one:
		return !other || t.b != '/'
	case u.kind == one:
		return !slash || u.b != '/'
	}
	return true
}

// meet tells whether some text matches both. Beyond a size that no ARN has it
// says yes.
func meet(a, b []token) bool {
	if len(a)*len(b) > 1<<20 {
		return true
	}
	// reach[j] tells whether a[:i] and b[:j] can be the same text.
	reach := make([]bool, len(b)+1)
	next := make([]bool, len(b)+1)
	reach[0] = true
	for i := 0; ; i++ {
		for j := range b {
			if !reach[j] {
				continue
			}
			// b's token takes nothing, or a's many swallows it.
			if b[j].many() || i < len(a) && a[i].many() && a[i].takes(b[j]) {
				reach[j+1] = true
			}
		}
		if i == len(a) {
			return reach[len(b)]
		}
		clear(next)
		for j := range reach {
			if !reach[j] {
				continue
			}
			if a[i].many() || j < len(b) && b[j].many() && b[j].takes(a[i]) {
				next[j] = true
			}
			if j < len(b) && !a[i].many() && !b[j].many() && a[i].takes(b[j]) {
				next[j+1] = true
			}
		}
		reach, next = next, reach
	}
}

// meetARN tells whether some ARN matches both a value of Resource and an ARN
// of the catalog. ARNs compare part by part up to the fifth colon.
func meetARN(value, template string) bool {
	if value == "*" || value == Unknown || template == "*" {
		return true
	}
	vs, ts := splitColons(value), splitColons(template)
	if len(ts) < 6 {
		return true
	}
	if len(vs) < 6 {
		if !strings.HasSuffix(value, "*") && !isOpen(value) {
			return false
		}
		// The last part goes on over the colons.
		for len(vs) < 6 {
			vs = append(vs, "*")
		}
	}
	for i := range ts {
		if isOpen(vs[i]) && i < 5 {
			return true // the unknown part may hold colons
		}
		if !strings.Contains(vs[i], "*") && !strings.Contains(ts[i], "${") && vs[i] != ts[i] && !strings.ContainsAny(vs[i], "?$") && !isOpen(vs[i]) {
			return false
		}
		if i == 4 && vs[i] == "" || vs[i] == "" && ts[i] == "" {
			continue // resources of AWS itself lack the account; see arn.account-missing
		}
		if vs[i] == "" && i < 5 {
			return false
		}
		if !meet(policyTokens(vs[i]), templateTokens(ts[i])) {
			return false
		}
	}
	return true
}
