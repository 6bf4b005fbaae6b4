package wire

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a query request: far above what a client sends, far below what
// hurts.
const (
	maxParameters = 20_000
	maxDepth      = 16
)

// Query is the body of a request in the query protocol.
type Query struct {
	// Action and Version are the parameters of that name.
	Action, Version string
	parameters      []parameter
}

type parameter struct{ name, value string }

// ParseQuery splits a form-encoded body.
func ParseQuery(body string) (*Query, error) {
	q := &Query{parameters: make([]parameter, 0, min(strings.Count(body, "&")+1, maxParameters))}
	for body != "" {
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err != nil {
			return nil, &Malformed{Reason: "the body is not form-encoded"}
		}
		value, err = unescape(value)
		if err != nil {
			return nil, &Malformed{Parameter: name, Reason: "the value is not form-encoded"}
		}
		switch name {
		case "Action":
			q.Action = value
			continue
		case "Version":
			q.Version = value
			continue
		}
		if len(q.parameters) == maxParameters {
			return nil, &Malformed{Reason: "there are too many parameters"}
		}
		q.parameters = append(q.parameters, parameter{name, value})
	}
	return q, nil
}

func unescape(s string) (string, error) {
	if !strings.ContainsAny(s, "%+") {
		return s, nil
	}
	return url.QueryUnescape(s)
}

// Decode fills the structure that v points to. Parameters that it has no
// field for are ignored, as AWS does. The error is a [*Malformed].
func (q *Query) Decode(v any) error {
	value, p := root(v)
	var tree *node
	for _, a := range q.parameters {
		name, rest, nested := strings.Cut(a.name, ".")
		i, ok := p.byName[name]
		if !ok {
			continue
		}
		f := &p.fields[i]
		if nested || f.plan.kind >= kindList {
			if tree == nil {
				tree = &node{}
			}
			// The spelling of the field, so that both of its names meet.
			if err := tree.add(f.name, rest, nested, a.value); err != nil {
				return err
			}
			continue
		}
		if err := f.plan.scalar(value.Field(f.index), a.name, a.value); err != nil {
			return err
		}
	}
	if tree == nil {
		return nil
	}
	for _, name := range tree.names() {
		f := &p.fields[p.byName[name]]
		if err := f.plan.decode(value.Field(f.index), tree.below[name], name); err != nil {
			return err
		}
	}
	return nil
}

// node is a parameter with dots in its name, taken apart.
type node struct {
	value string
	leaf  bool
	below map[string]*node
}

func (n *node) add(name, rest string, more bool, value string) error {
	for depth := 0; ; depth++ {
		if depth > maxDepth {
			return &Malformed{Parameter: name, Reason: "the name is nested too deep"}
		}
		if n.below == nil {
			n.below = map[string]*node{}
		}
		child := n.below[name]
		if child == nil {
			child = &node{}
			n.below[name] = child
		}
		n = child
		if !more {
			n.value, n.leaf = value, true
			return nil
		}
		name, rest, more = strings.Cut(rest, ".")
	}
}

// names gives a fixed order, so that the same request fails the same way.
func (n *node) names() []string {
	names := make([]string, 0, len(n.below))
	for name := range n.below {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// numbered lists the members of a list or map: those below wrapper, or below
// n itself in the flattened form.
func (n *node) numbered(wrapper, at string) ([]*node, error) {
	if w := n.below[wrapper]; w != nil {
		n = w
	}
	type member struct {
		number int
		node   *node
	}
	members := make([]member, 0, len(n.below))
	for name, child := range n.below {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 {
			return nil, &Malformed{Parameter: at, Reason: "the members of a list are numbered, not called " + strconv.Quote(name)}
		}
		members = append(members, member{i, child})
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.number, b.number) })
	out := make([]*node, len(members))
	for i, m := range members {
		out[i] = m.node
	}
	return out, nil
}

// decode sets v from n.
func (p *plan) decode(v reflect.Value, n *node, at string) error {
	switch p.kind {
	case kindList:
		members, err := n.numbered("member", at)
		if err != nil {
			return err
		}
		list := reflect.MakeSlice(p.typ, len(members), len(members))
		for i, m := range members {
			if err := p.elem.decode(list.Index(i), m, at); err != nil {
				return err
			}
		}
		p.target(v).Set(list)
	case kindMap:
		return p.decodeMap(v, n, at)
	case kindStruct:
		t := p.target(v)
		for _, name := range n.names() {
			i, ok := p.byName[name]
			if !ok {
				continue
			}
			f := &p.fields[i]
			if err := f.plan.decode(t.Field(f.index), n.below[name], at+"."+name); err != nil {
				return err
			}
		}
	default:
		if !n.leaf {
			return &Malformed{Parameter: at, Reason: "a plain value is expected"}
		}
		return p.scalar(v, at, n.value)
	}
	return nil
}

// decodeMap reads entry.N.key and entry.N.value; SNS says Name and Value for
// message attributes.
func (p *plan) decodeMap(v reflect.Value, n *node, at string) error {
	entries, err := n.numbered("entry", at)
	if err != nil {
		return err
	}
	m := reflect.MakeMapWithSize(p.typ, len(entries))
	for _, e := range entries {
		key := e.first("key", "Name")
		if key == nil || !key.leaf {
			return &Malformed{Parameter: at, Reason: "an entry has no key"}
		}
		value := reflect.New(p.typ.Elem()).Elem()
		if n := e.first("value", "Value"); n != nil {
			if err := p.elem.decode(value, n, at); err != nil {
				return err
			}
		}
		m.SetMapIndex(reflect.ValueOf(key.value).Convert(p.typ.Key()), value)
	}
	p.target(v).Set(m)
	return nil
}

func (n *node) first(names ...string) *node {
	for _, name := range names {
		if c := n.below[name]; c != nil {
			return c
		}
	}
	return nil
}

// scalar sets v from text.
func (p *plan) scalar(v reflect.Value, at, text string) error {
	t := p.target(v)
	var err error
	var want string
	switch p.kind {
	case kindString:
		t.SetString(text)
	case kindInt:
		want = "an integer"
		var i int64
		if i, err = strconv.ParseInt(text, 10, p.typ.Bits()); err == nil {
			t.SetInt(i)
		}
	case kindFloat:
		want = "a number"
		var f float64
		if f, err = strconv.ParseFloat(text, p.typ.Bits()); err == nil {
			t.SetFloat(f)
		}
	case kindBool:
		switch text {
		case "true", "false":
			t.SetBool(text == "true")
		default:
			return &Malformed{Parameter: at, Reason: strconv.Quote(text) + " is neither true nor false"}
		}
	case kindBlob:
		want = "base 64"
		var b []byte
		if b, err = base64.StdEncoding.DecodeString(text); err == nil {
			t.SetBytes(b)
		}
	case kindTime:
		want = "a time as ISO 8601"
		var when time.Time
		if when, err = time.Parse(time.RFC3339, text); err == nil {
			t.Set(reflect.ValueOf(when.UTC()))
		}
	}
	if err != nil {
		return &Malformed{Parameter: at, Reason: strconv.Quote(text) + " is not " + want}
	}
	return nil
}
