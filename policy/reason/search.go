package reason

import (
	"slices"
)

// problem is a search for a request that some statements match and others do
// not.
type problem struct {
	*lowering
	under    under
	census   census
	classes  []class
	level    strength
	pins     map[int]fact // what is asked of context keys besides
	pools    [2]pool      // candidates for action and resource
	lists    [2]*list     // of the question's own actions and resources
	universe [2]*list     // what is an action, and a resource
	never    [2]*list     // and what is left out
	grouped  bool         // callers, their context keys and resources go together
	left     int          // steps that may still be taken
	// the forms of the resources of one action, the last that was asked for
	formsOf string
	forms   actionForms
	reasons []string // why an answer may be unknown
}

func (p *problem) spend(n int) bool {
	p.left -= n
	return p.left > 0
}

func (p *problem) doubt(reason string) {
	if !slices.Contains(p.reasons, reason) {
		p.reasons = append(p.reasons, reason)
	}
}

// model is a request, with what is decided of patterns with variables.
type model struct {
	texts [2]text
	at    [2]int // index in the pool, or -1
	class int
	keys  []keyValue
}

// solver searches depth first. A node of the search has asserted literals and
// a model of these. Where a statement that must not match matches the model,
// the search branches over the literals of the statement: one of them must be
// false. Only statements that some model violates are ever looked at, and
// whatever the asserted literals imply is never asserted.
type solver struct {
	p        *problem
	asserted [][]literal // by variable
	// candidates that satisfy the asserted literals, and callers
	fit     [2]bitset
	callers bitset
	model   model
}

func (p *problem) newSolver() *solver {
	s := &solver{p: p, asserted: make([][]literal, firstKey+len(p.keys))}
	for v := range s.fit {
		s.fit[v] = full(len(p.pools[v].texts))
	}
	s.callers = full(len(p.classes))
	return s
}

func full(n int) bitset {
	b := newBitset(n)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
	return b
}

// and is a new set: b, with or without what is in c.
func (b bitset) and(c bitset, want bool) bitset {
	out := make(bitset, len(b))
	for i := range b {
		if want {
			out[i] = b[i] & c[i]
		} else {
			out[i] = b[i] &^ c[i]
		}
	}
	return out
}

// evaluate computes for which candidates an atom holds.
func (p *problem) evaluate(a *atom) {
	if a.truth != nil {
		return
	}
	if a.variable == principalVar {
		a.truth = newBitset(len(p.classes))
		for i := range p.classes {
			if a.who.matches(&p.classes[i].caller, p.level) {
				a.truth.set(i)
			}
		}
		return
	}
	pool := &p.pools[a.variable]
	a.truth = newBitset(len(pool.texts))
	for text := range a.list.literals {
		if i, ok := pool.index[text]; ok {
			a.truth.set(i)
		}
	}
	a.may = a.truth
	if a.list.opaque {
		a.may = slices.Clone(a.truth)
	}
	p.left -= len(a.truth) + len(a.list.literals)/4
	for _, j := range a.list.globs {
		q := &a.list.patterns[j]
		from, to := pool.starting(q.prefix)
		p.left -= (to - from) / 4
		for _, i := range pool.sorted[from:to] {
			switch {
			case !q.match(pool.texts[i]):
			case q.opaque == nil:
				a.truth.set(i)
				a.may.set(i)
			default:
				a.may.set(i)
			}
		}
	}
}

// frame is what undo needs.
type frame struct {
	variable int
	length   int
	fit      [2]bitset
	callers  bitset
	model    model
}

func (s *solver) save(variable int) frame {
	m := s.model
	m.keys = slices.Clone(m.keys)
	return frame{variable, len(s.asserted[variable]), s.fit, s.callers, m}
}

func (s *solver) undo(f frame) {
	s.asserted[f.variable] = s.asserted[f.variable][:f.length]
	s.fit, s.callers, s.model = f.fit, f.callers, f.model
}

// assert adds a literal; the model may then be wrong.
func (s *solver) assert(l literal) {
	a := &s.p.atoms[l.atom]
	s.asserted[a.variable] = append(s.asserted[a.variable], l)
	switch a.variable {
	case actionVar, resourceVar:
		s.p.evaluate(a)
		if l.want {
			s.fit[a.variable] = s.fit[a.variable].and(a.may, true)
		} else {
			s.fit[a.variable] = s.fit[a.variable].and(a.truth, false)
		}
	case principalVar:
		s.p.evaluate(a)
		s.callers = s.callers.and(a.truth, l.want)
	}
}

// holds tells whether a literal is true of the model.
func (s *solver) holds(l literal) bool {
	a := &s.p.atoms[l.atom]
	switch v := a.variable; v {
	case actionVar, resourceVar:
		if at := s.model.at[v]; at >= 0 && !a.list.opaque {
			s.p.evaluate(a)
			return a.truth.has(at) == l.want
		}
		return s.model.texts[v].matches(a.list) == l.want
	case principalVar:
		s.p.evaluate(a)
		return a.truth.has(s.model.class) == l.want
	}
	return a.cond.holds(&s.model.keys[a.variable-firstKey]) == l.want
}

// complete makes a model of all variables.
func (s *solver) complete() answer {
	s.model.keys = make([]keyValue, len(s.p.keys))
	if a := s.setText(actionVar, nil); a != some {
		return a
	}
	if a := s.setCaller(); a != some || s.p.grouped {
		return a
	}
	if a := s.setText(resourceVar, nil); a != some {
		return a
	}
	for k := range s.p.keys {
		if a := s.setKey(k, nil); a != some {
			return a
		}
	}
	return some
}

// repair makes the model right again after a literal on one variable.
func (s *solver) repair(variable int) answer {
	switch {
	case variable == actionVar:
		return s.setText(actionVar, nil)
	case s.p.grouped, variable == principalVar:
		return s.setCaller()
	case variable == resourceVar:
		return s.setText(resourceVar, nil)
	}
	return s.setKey(variable-firstKey, nil)
}

// setCaller chooses a caller, and where they go together, the resource and the
// context keys too.
func (s *solver) setCaller() answer {
	result := none
	for i := range s.p.classes {
		if !s.callers.has(i) {
			continue
		}
		s.model.class = i
		if !s.p.grouped {
			return some
		}
		a := s.setText(resourceVar, &s.p.classes[i])
		for k := 0; k < len(s.p.keys) && a == some; k++ {
			a = s.setKey(k, &s.p.classes[i])
		}
		if a == some {
			return some
		}
		result = max(result, a)
	}
	return result
}

func (s *solver) setKey(k int, c *class) answer {
	var claims []claim
	for _, l := range s.asserted[firstKey+k] {
		claims = append(claims, claim{s.p.atoms[l.atom].cond, l.want})
	}
	known := s.p.pins[k]
	if c != nil {
		known = known.and(c.facts[k])
	}
	v, a := s.p.keys[k].solve(claims, known, s.p)
	s.model.keys[k] = v
	return a
}

// setText chooses an action or a resource.
func (s *solver) setText(v int, c *class) answer {
	p := s.p
	terms := []term{{p.universe[v], true}, {p.never[v], false}}
	if v == resourceVar && c != nil && p.level > toAccount {
		terms = append(terms, term{p.within(c.caller.Account), true})
	}
	// What is asserted is in fit, but for patterns with variables.
	var refuted map[*opaque]bool
	if len(p.opaques()) > 0 {
		terms = s.terms(v, terms)
		refuted = p.under.refuted(terms)
	}
	best, tried := -1, 0
	for i := s.fit[v].next(0); i >= 0; i = s.fit[v].next(i + 1) {
		tried++
		candidate := p.pools[v].texts[i]
		t, ok := p.under.accept(candidate, terms, refuted)
		if !ok {
			continue
		}
		if rank := p.rank(v, s.model.texts[actionVar].value, candidate); rank > best {
			best = rank
			s.model.texts[v], s.model.at[v] = t, i
		}
		if best == bestRank {
			break
		}
	}
	if !p.spend(tried + len(s.fit[v])/8) {
		return unknown
	}
	if best >= 0 {
		return some
	}
	for _, l := range s.asserted[v] {
		if l.want && p.atoms[l.atom].list.finite() {
			return none // all that it spells out is in the pool
		}
	}
	if refuted == nil {
		terms = s.terms(v, terms)
	}
	a := anyText
	if v == actionVar {
		a = actionText
	}
	t, answer := p.under.search(terms, nil, a, p.spend)
	s.model.texts[v], s.model.at[v] = t, -1
	return answer
}

// terms adds what is asserted of the variable.
func (s *solver) terms(v int, terms []term) []term {
	for _, l := range s.asserted[v] {
		terms = append(terms, term{s.p.atoms[l.atom].list, l.want})
	}
	return terms
}

// rank says how much a candidate is to be liked: any action, but a resource
// that the action is for.
func (p *problem) rank(variable int, action, candidate string) int {
	if variable == actionVar {
		return bestRank
	}
	if p.formsOf != action {
		p.formsOf, p.forms = action, forms(action)
	}
	return plausibility(action, candidate, p.forms)
}

// refute finds a model under which no clause matches.
func (s *solver) refute(clauses *clauses) answer {
	violated := clauses.violated(s)
	if violated == nil {
		return some
	}
	if !s.p.spend(1) {
		return unknown
	}
	result := none
	var frames []frame
	defer func() {
		for i := len(frames) - 1; i >= 0; i-- {
			s.undo(frames[i])
		}
	}()
	for _, l := range violated.lits {
		v := s.p.atoms[l.atom].variable
		if slices.Contains(s.asserted[v], l) {
			continue
		}
		f := s.save(v)
		s.assert(literal{l.atom, !l.want})
		a := s.repair(v)
		if a == some {
			if a = s.refute(clauses); a == some {
				frames = nil // keep the model
				return some
			}
		}
		result = max(result, a)
		s.undo(f)
		if s.p.left <= 0 {
			return unknown
		}
		// From here on the literal holds: otherwise the branch above would
		// have found it.
		frames = append(frames, s.save(v))
		s.assert(l)
	}
	return result
}

// clauses are statements that must not match, by their literal on the action,
// so that most are passed over together.
type clauses struct {
	groups []group
	spelt  map[string][]int // groups whose actions are spelt out, by action
	others []int
}

type group struct {
	action     literal
	statements []*statement
}

func (p *problem) newClauses(lists ...[]statement) *clauses {
	c := &clauses{spelt: map[string][]int{}}
	index := map[literal]int{}
	for _, list := range lists {
		for i := range list {
			st := &list[i]
			l := st.lits[0] // the action: statement sorts them
			g, ok := index[l]
			if !ok {
				g = len(c.groups)
				index[l] = g
				c.groups = append(c.groups, group{action: l})
				if spelt := p.atoms[l.atom].list; l.want && spelt.finite() {
					for text := range spelt.literals {
						c.spelt[text] = append(c.spelt[text], g)
					}
				} else {
					c.others = append(c.others, g)
				}
			}
			c.groups[g].statements = append(c.groups[g].statements, st)
		}
	}
	return c
}

// violated is the first statement that matches the model.
func (c *clauses) violated(s *solver) *statement {
	for _, g := range c.spelt[s.model.texts[actionVar].value] {
		if st := c.groups[g].violated(s); st != nil {
			return st
		}
	}
	s.p.left -= len(c.others)
	for _, g := range c.others {
		if s.holds(c.groups[g].action) {
			if st := c.groups[g].violated(s); st != nil {
				return st
			}
		}
	}
	return nil
}

func (g *group) violated(s *solver) *statement {
	s.p.left -= len(g.statements)
	for _, st := range g.statements {
		if !slices.ContainsFunc(st.lits[1:], func(l literal) bool { return !s.holds(l) }) {
			return st
		}
	}
	return nil
}

// match looks for a model that the given literals and no clause match.
func (p *problem) match(lits []literal, c *clauses) (*model, answer) {
	s := p.newSolver()
	for _, l := range lits {
		s.assert(l)
	}
	a := s.complete()
	if a == some {
		a = s.refute(c)
	}
	if a != some {
		return nil, a
	}
	return &s.model, some
}
