package policy

import (
	"slices"
	"strconv"
	"strings"
)

// specialStatement is statement for evaluations that ask what would be if.
func (e *evaluation) specialStatement(layer Layer, d *Document, i int) (g grant, deny bool) {
	switch {
	case e.open:
		return e.openStatement(layer, d, i)
	case e.forced.doc == d && e.forced.index == i && e.forced.layer == layer:
		s := &d.compiled[i]
		if s.deny {
			return 0, false
		}
		return s.grantTo(e), false
	}
	g, deny = e.closedStatement(layer, d, i)
	if e.search {
		e.consider(layer, d, i, g != 0)
	}
	return g, deny
}

// grantTo tells how the statement names the caller, where it need not name
// anybody.
func (s *statement) grantTo(e *evaluation) grant {
	if s.hasPrincipal {
		return s.matchesPrincipal(e)
	}
	return toCaller
}

// missing finds the context keys that the request says nothing about and that
// could have made the difference between Allowed and a denial. It evaluates
// twice more: once with every such key as the caller would like it, once as he
// would dislike it; decision and best are the outcomes with these keys absent,
// doubts resolved against the caller and in his favour.
func missing(req *Request, p *Policies, decision, best Decision) []string {
	var keys []string
	for _, optimistic := range []bool{true, false} {
		closed := decision
		if optimistic {
			closed = best
		}
		e := evaluation{req: req, p: p, special: true, open: true, optimistic: optimistic}
		if open := e.run(); (open == Allowed) != (closed == Allowed) {
			keys = append(keys, e.keys...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// openStatement is statement where a key that is not given may have any value:
// what hangs on such a key is resolved for the caller in an optimistic
// evaluation and against him otherwise. The keys that turned the statement are
// added to e.keys.
func (e *evaluation) openStatement(layer Layer, d *Document, i int) (g grant, deny bool) {
	s := &d.compiled[i]
	mark := len(e.keys)
	e.open = false
	g, deny = e.closedStatement(layer, d, i)
	e.open = true
	want := s.deny != e.optimistic
	if g != 0 == want || s.doubt|s.misplaced(layer) != 0 {
		return g, deny
	}
	turned := s.grantTo(e)
	if !s.matchesAction(e.req.Action) || turned == 0 || !s.mayMatch(e) || len(e.keys) == mark {
		e.keys = e.keys[:mark]
		return g, deny
	}
	if want {
		return turned, s.deny
	}
	return 0, false
}

// mayMatch tells whether resource and conditions can match once the keys that
// are not given have values, and adds those keys to e.keys.
func (s *statement) mayMatch(e *evaluation) bool {
	mark := len(e.keys)
	switch listed := s.hasResource && s.listsResource(e); {
	case !s.hasResource:
	case listed:
		// Another value already lists it, whatever the variables are.
		e.keys = e.keys[:mark]
		if s.notResource {
			return false
		}
	case !s.notResource && len(e.keys) == mark:
		return false
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		before := len(e.keys)
		holds := c.holds(e)
		if _, given := e.req.Context[c.key]; !given {
			e.keys = append(e.keys, c.key)
		}
		if !holds && len(e.keys) == before {
			return false
		}
	}
	return true
}

// NearMiss is a statement whose conditions made the difference: with them
// turned round, and nothing else changed, the request would be allowed.
type NearMiss struct {
	Layer     Layer        `json:"layer"`
	Statement StatementRef `json:"statement"`
	// Conditions are those that keep an Allow from matching, or all those
	// that make a Deny match: "would be allowed if these held" and "would be
	// allowed unless these held".
	Conditions []Condition `json:"conditions"`
	// Have is the request's value of each condition's key, nil where it is
	// absent.
	Have [][]string `json:"have"`
}

// String says what would have to be different.
func (n NearMiss) String() string {
	word := "would be allowed if "
	if n.Statement.Effect != "Allow" {
		word = "would be allowed unless "
	}
	parts := make([]string, len(n.Conditions))
	for i, c := range n.Conditions {
		have := "absent"
		if n.Have[i] != nil {
			have = list(n.Have[i])
		}
		parts[i] = c.Key + " were " + c.Operator + " " + list(c.Values) + " (it is " + have + ")"
	}
	return word + strings.Join(parts, " and ") + ": " + n.Statement.String()
}

// list quotes values for people.
func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// NearMisses finds the single statements whose conditions stand between the
// request and Allowed. It is empty where the request is allowed, or where more
// than one statement would have to change.
func NearMisses(req Request, p Policies) []NearMiss {
	e := evaluation{req: &req, p: &p, special: true, search: true}
	if e.run() == Allowed {
		return nil
	}
	var found []NearMiss
	for _, c := range e.near {
		turned := evaluation{req: &req, p: &p, special: true, forced: c}
		if turned.run() == Allowed {
			found = append(found, e.nearMiss(c))
		}
	}
	return found
}

// candidate is a statement that matches but for its conditions, or that denies
// because of them.
type candidate struct {
	layer Layer
	doc   *Document
	index int
}

// consider keeps the statement if its conditions alone decide.
func (e *evaluation) consider(layer Layer, d *Document, i int, matched bool) {
	s := &d.compiled[i]
	if len(s.conditions) == 0 || matched != s.deny || s.doubt|s.misplaced(layer) != 0 ||
		!s.matchesAction(e.req.Action) || s.grantTo(e) == 0 || s.hasResource && !s.matchesResource(e, d, i) {
		return
	}
	e.near = append(e.near, candidate{layer, d, i})
}

func (e *evaluation) nearMiss(c candidate) NearMiss {
	s, src := &c.doc.compiled[c.index], &c.doc.Statements[c.index]
	n := NearMiss{Layer: c.layer, Statement: c.doc.ref(c.index)}
	for i := range s.conditions {
		if !s.deny && s.conditions[i].holds(e) {
			continue
		}
		n.Conditions = append(n.Conditions, src.Conditions[i])
		var have []string
		if v := e.req.Context[s.conditions[i].key]; v.present() {
			have = append([]string{}, v.Values...)
		}
		n.Have = append(n.Have, have)
	}
	return n
}
