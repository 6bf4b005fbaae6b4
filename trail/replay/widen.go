package replay

import (
	"encoding/json"
	"slices"
	"strings"

	"warden/policy"
)

// widened remembers documents as they are for the resource that they treat
// best, or worst, of those that fit a pattern.
type widened struct {
	docs map[wide]*policy.Document
}

type wide struct {
	of              *policy.Document
	effect, pattern string
}

// maxWide bounds what is remembered: a trail may have any number of patterns.
const maxWide = 10_000

func (w *widened) all(p policy.Policies, effect, pattern string) policy.Policies {
	list := func(docs []*policy.Document) []*policy.Document {
		out := slices.Clone(docs)
		for i, d := range out {
			out[i] = w.one(wide{d, effect, pattern})
		}
		return out
	}
	levels := func(levels []policy.Level) []policy.Level {
		out := slices.Clone(levels)
		for i := range out {
			out[i].Policies = list(out[i].Policies)
		}
		return out
	}
	p.Identity, p.Group = list(p.Identity), list(p.Group)
	p.Boundary, p.Session, p.Endpoint = list(p.Boundary), list(p.Session), list(p.Endpoint)
	p.SCPs, p.RCPs = levels(p.SCPs), levels(p.RCPs)
	if p.Resource != nil {
		p.Resource = w.one(wide{p.Resource, effect, pattern})
	}
	return p
}

func (w *widened) one(key wide) *policy.Document {
	if found := w.docs[key]; found != nil {
		return found
	}
	if w.docs == nil || len(w.docs) >= maxWide {
		w.docs = map[wide]*policy.Document{}
	}
	out := widen(key)
	w.docs[key] = out
	return out
}

// widen makes the statements of one effect that may apply to a resource of the
// pattern apply to every resource, and drops those of the other effect that do
// not apply to all of them. A document that cannot be taken apart is returned as
// it is: a defect makes every answer uncertain anyway.
func widen(key wide) *policy.Document {
	d := key.of
	if len(d.Defects) > 0 {
		return d
	}
	copied := policy.Document{Name: d.Name, Version: d.Version, ID: d.ID}
	for _, s := range d.Statements {
		always, sometimes := applies(s, key.pattern)
		switch {
		case always || sometimes && s.Effect == key.effect:
			if s.Resources != nil || s.NotResources != nil {
				s.Resources, s.NotResources = []string{"*"}, nil
			}
		default:
			// It stays in its place and says nothing.
			s.Actions, s.NotActions = nil, []string{"*"}
		}
		copied.Statements = append(copied.Statements, s)
	}
	text, err := json.Marshal(&copied)
	if err != nil {
		return d
	}
	out, err := policy.ParseStored(d.Name, text)
	if err != nil {
		return d
	}
	// Statements keep their place in the document that people know.
	for i := range out.Statements {
		out.Statements[i].Line, out.Statements[i].Column = copied.Statements[i].Line, copied.Statements[i].Column
	}
	return out
}

// applies tells whether a statement is about all resources of a pattern, or
// may be about some. An empty pattern is any resource.
func applies(s policy.Statement, pattern string) (always, sometimes bool) {
	if s.Resources == nil && s.NotResources == nil {
		return true, true
	}
	all, some := false, false
	for _, r := range slices.Concat(s.Resources, s.NotResources) {
		all = all || covers(r, pattern)
		some = some || pattern == "" || touches(r, pattern)
	}
	if s.NotResources != nil {
		return !some, !all
	}
	return all, some
}

// covers tells whether a resource of a policy matches every ARN of a pattern,
// for certain.
func covers(resource, pattern string) bool {
	if resource == "*" {
		return true
	}
	if pattern == "" || strings.Contains(resource, "${") {
		return false
	}
	want, got := strings.SplitN(resource, ":", 6), strings.SplitN(pattern, ":", 6)
	if len(want) != 6 || len(got) != 6 {
		return false
	}
	for i := range want {
		if !within(tokens(want[i], false), tokens(got[i], true)) {
			return false
		}
	}
	return true
}

// touches tells whether a resource of a policy may match some ARN of a pattern.
func touches(resource, pattern string) bool {
	want, got := strings.SplitN(resource, ":", 6), strings.SplitN(pattern, ":", 6)
	if len(want) != 6 || len(got) != 6 {
		// A pattern that ends early goes on: ask of the whole text, which is
		// true too often, never too rarely.
		return meet(tokens(resource, false), tokens(pattern, true))
	}
	for i := range want {
		if !meet(tokens(want[i], false), tokens(got[i], true)) {
			return false
		}
	}
	return true
}

// token is a letter, or what stands for letters.
type token struct {
	letter byte
	kind   tokenKind
}

type tokenKind uint8

const (
	letter tokenKind = iota
	one              // ?, any letter
	many             // *, any number of letters
)

// tokens reads the resource of a policy, or a pattern, in which stars and
// question marks are letters. Variables stand for any number of letters.
func tokens(s string, pattern bool) []token {
	out := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		end := strings.IndexByte(s[i:], '}')
		switch {
		case strings.HasPrefix(s[i:], "${") && end > 0:
			i += end
			out = append(out, token{kind: many})
		case s[i] == '*' && !pattern:
			out = append(out, token{kind: many})
		case s[i] == '?' && !pattern:
			out = append(out, token{kind: one})
		default:
			out = append(out, token{letter: s[i]})
		}
	}
	return out
}

// within tells whether a matches all that b stands for: what is unknown in b
// is matched by a star only.
func within(a, b []token) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(b) {
		switch {
		case i < len(a) && a[i].kind == many:
			star, mark = i, j
			i++
		case i < len(a) && b[j].kind == letter && (a[i].kind == one || a[i].letter == b[j].letter):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(a) && a[i].kind == many {
		i++
	}
	return i == len(a)
}

// meet tells whether some text fits both.
func meet(a, b []token) bool {
	// can[j] tells whether a[:i] and b[:j] have a text in common.
	can := make([]bool, len(b)+1)
	for i := 0; i <= len(a); i++ {
		next := make([]bool, len(b)+1)
		for j := 0; j <= len(b); j++ {
			switch {
			case i == 0 && j == 0:
				next[j] = true
			case i > 0 && a[i-1].kind == many && can[j], j > 0 && b[j-1].kind == many && next[j-1]:
				next[j] = true
			case i > 0 && j > 0 && a[i-1].kind == many && next[j-1], i > 0 && j > 0 && b[j-1].kind == many && can[j]:
				next[j] = true
			case i > 0 && j > 0 && a[i-1].kind != many && b[j-1].kind != many:
				next[j] = can[j-1] && (a[i-1].kind == one || b[j-1].kind == one || a[i-1].letter == b[j-1].letter)
			}
		}
		can = next
	}
	return can[len(b)]
}
