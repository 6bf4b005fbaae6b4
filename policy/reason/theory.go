package reason

import (
	"slices"

	"warden/policy"
)

// answer is the outcome of a search for a value.
type answer uint8

const (
	none    answer = iota // there is none, for certain
	some                  // there is one, here it is
	unknown               // gave up, or cannot tell
)

// term is a condition on one text: that the list matches it, or does not.
type term struct {
	list *list
	want bool
}

// text is a text with what is decided of the patterns with variables: these
// match it, and no others with variables do.
type text struct {
	value string
	true  []*opaque
}

// matches tells whether the list matches the text.
func (t *text) matches(l *list) bool {
	return l.match(t.value) || l.opaque && len(t.true) > 0 && slices.ContainsFunc(l.patterns, func(p pattern) bool {
		return p.opaque != nil && slices.Contains(t.true, p.opaque)
	})
}

// under lists, for every pattern with variables, those that match whatever it
// matches, itself among them.
type under map[*opaque][]*opaque

// newUnder compares the patterns with variables with each other: a variable is
// one letter, that a star takes and a question mark does not.
func newUnder(opaques map[string]*opaque, spend func(int) bool) under {
	u := under{}
	all := make([]*opaque, 0, len(opaques))
	for _, o := range opaques {
		all = append(all, o)
	}
	const most = 64
	for _, p := range all {
		u[p] = []*opaque{p}
		if p.whole || len(all) > most {
			continue
		}
		for _, q := range all {
			if p == q || q.whole {
				continue
			}
			sides := []side{{[][]element{p.marked}, true}, {[][]element{q.marked}, false}}
			if _, found, complete := find(sides, markedText, spend); complete && !found {
				u[p] = append(u[p], q)
			}
		}
	}
	return u
}

// refuted are the patterns with variables that cannot match, given that the
// lists of the negative terms do not.
func (u under) refuted(terms []term) map[*opaque]bool {
	out := map[*opaque]bool{}
	for _, t := range terms {
		if t.want || !t.list.opaque {
			continue
		}
		for i := range t.list.patterns {
			if q := t.list.patterns[i].opaque; q != nil {
				for p, above := range u {
					if slices.Contains(above, q) {
						out[p] = true
					}
				}
			}
		}
	}
	return out
}

// accept tells whether the text s satisfies the terms, choosing what the
// patterns with variables match.
func (u under) accept(s string, terms []term, refuted map[*opaque]bool) (text, bool) {
	t := text{value: s}
	for _, term := range terms {
		if term.list.match(s) {
			if !term.want {
				return t, false
			}
			continue
		}
		if !term.want {
			continue
		}
		chosen := false
		for i := range term.list.patterns {
			if p := &term.list.patterns[i]; p.opaque != nil && !refuted[p.opaque] && p.match(s) {
				t.true = append(t.true, u[p.opaque]...)
				chosen = true
				break
			}
		}
		if !chosen {
			return t, false
		}
	}
	return t, true
}

// sides makes automata of the terms.
func sidesOf(terms []term, refuted map[*opaque]bool) []side {
	sides := make([]side, 0, len(terms))
	for _, t := range terms {
		sd := side{want: t.want}
		for i := range t.list.patterns {
			p := &t.list.patterns[i]
			// A negative term says of a pattern with variables only what
			// refuted holds.
			if p.opaque == nil || t.want && !refuted[p.opaque] {
				sd.patterns = append(sd.patterns, p.elements)
			}
		}
		sides = append(sides, sd)
	}
	return sides
}

// search finds a text that satisfies the terms: one of pool if possible, as
// people like these better.
func (u under) search(terms []term, pool []string, a alphabet, spend func(int) bool) (text, answer) {
	refuted := u.refuted(terms)
	for _, s := range pool {
		if t, ok := u.accept(s, terms, refuted); ok {
			return t, some
		}
	}
	for _, t := range terms {
		if !t.want || !t.list.finite() {
			continue
		}
		// Only what this list spells out can satisfy it.
		for i := range t.list.patterns {
			if !spend(len(terms)) {
				return text{}, unknown
			}
			if t, ok := u.accept(t.list.patterns[i].literal, terms, refuted); ok {
				return t, some
			}
		}
		return text{}, none
	}
	s, found, complete := find(sidesOf(terms, refuted), a, spend)
	switch {
	case found:
		if t, ok := u.accept(s, terms, refuted); ok {
			return t, some
		}
		return text{}, unknown
	case complete:
		return text{}, none
	}
	return text{}, unknown
}

// claim is what is asked of a context key: that a condition holds, or not.
type claim struct {
	cond *condition
	want bool
}

// keyValue is a value of a context key; texts go with the values, to say what
// the patterns with variables match.
type keyValue struct {
	form  form
	texts []text
}

// value is the value as the engine takes it, of a key that is not absent.
func (v *keyValue) value() policy.Value {
	values := make([]string, len(v.texts))
	for i := range v.texts {
		values[i] = v.texts[i].value
	}
	if v.form == single {
		return policy.One(values[0])
	}
	return policy.Many(values...)
}

// holds tells whether the condition holds of the value.
func (c *condition) holds(v *keyValue) bool {
	if holds, ok := c.fixed(v.form); ok {
		return holds
	}
	matches := func(t text) bool {
		if c.list != nil {
			return t.matches(c.list) != c.op.Negated
		}
		return c.test(t.value) != c.op.Negated
	}
	if c.op.ForAll {
		return !slices.ContainsFunc(v.texts, func(t text) bool { return !matches(t) })
	}
	return slices.ContainsFunc(v.texts, matches)
}

// solve finds a value of the key under which all claims are true, given what
// is known.
func (k *key) solve(claims []claim, f fact, p *problem) (keyValue, answer) {
	result := none
	for _, form := range []form{absent, single, several, empty} {
		switch {
		case form == absent && f.present, form != absent && f.absent,
			form == single && !k.one, (form == several || form == empty) && (!k.many || len(f.in) > 0):
			continue
		}
		v, a := k.solveForm(form, claims, f, p)
		if a == some {
			return v, some
		}
		result = max(result, a)
	}
	return keyValue{}, result
}

// solveForm is solve for values of one form. Of a set of values it is enough
// to know which must be there: what ForAllValues asks binds every value, what
// ForAnyValue asks, and the denial of ForAllValues, needs one value each.
func (k *key) solveForm(form form, claims []claim, f fact, p *problem) (keyValue, answer) {
	var every, needs []claim // of single values, without regard to op
	for _, c := range claims {
		if holds, ok := c.cond.fixed(form); ok {
			if holds != c.want {
				return keyValue{}, none
			}
			continue
		}
		one := claim{c.cond, c.want != c.cond.op.Negated}
		if form == several && (c.cond.op.ForAll != c.want) {
			needs = append(needs, one)
		} else {
			every = append(every, one)
		}
	}
	v := keyValue{form: form}
	if form == absent || form == empty {
		return v, some
	}
	for _, in := range f.in {
		every = append(every, claim{in, true})
	}
	if f.out != nil {
		every = append(every, claim{f.out, false})
	}
	if len(needs) == 0 {
		needs = []claim{{}}
	}
	for _, need := range needs {
		all := every
		if need.cond != nil {
			all = append(slices.Clone(every), need)
		}
		t, a := k.pick(all, f.prefer, p)
		if a != some {
			return keyValue{}, a
		}
		if !slices.ContainsFunc(v.texts, func(u text) bool { return u.value == t.value }) || len(t.true) > 0 {
			v.texts = append(v.texts, t)
		}
	}
	return v, some
}

// pick finds one value that matches, or does not match, as the claims say.
func (k *key) pick(claims []claim, prefer string, p *problem) (text, answer) {
	var terms []term
	var others []claim
	families := map[policy.Family]bool{}
	for _, c := range claims {
		if c.cond.list != nil {
			terms = append(terms, term{c.cond.list, c.want})
		} else {
			others = append(others, c)
			families[c.cond.op.Family] = true
		}
	}
	fits := func(s string) bool {
		return !slices.ContainsFunc(others, func(c claim) bool { return c.cond.test(s) != c.want })
	}
	if prefer != "" && fits(prefer) {
		if t, ok := p.under.accept(prefer, terms, p.under.refuted(terms)); ok {
			return t, some
		}
	}
	if len(others) == 0 && k.free() {
		return p.under.search(terms, k.candidates(), anyText, p.spend)
	}
	refuted := p.under.refuted(terms)
	for _, s := range k.candidates() {
		if !p.spend(len(claims)) {
			return text{}, unknown
		}
		if fits(s) {
			if t, ok := p.under.accept(s, terms, refuted); ok {
				return t, some
			}
		}
	}
	if !k.free() || len(terms) == 0 && len(families) == 1 {
		return text{}, none // the candidates are all that matter
	}
	// A value compared as text and as something else: it is known that there
	// is none where one of the comparisons alone has none.
	if _, a := p.under.search(terms, nil, anyText, p.spend); a == none {
		return text{}, none
	}
	for family := range families {
		if !slices.ContainsFunc(k.candidates(), func(s string) bool {
			return !slices.ContainsFunc(others, func(c claim) bool { return c.cond.op.Family == family && c.cond.test(s) != c.want })
		}) {
			return text{}, none
		}
	}
	p.doubt(k.name + " is compared both as text and as " + string(k.family))
	return text{}, unknown
}
