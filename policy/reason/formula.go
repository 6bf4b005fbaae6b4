package reason

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"warden/policy"
)

// A policy is lowered to statements, each a conjunction of literals; a literal
// is an atom or its negation; and an atom tests one variable of the request.

// The variables that every problem has; context keys follow.
const (
	actionVar = iota
	resourceVar
	principalVar
	firstKey
)

// atom is a test of one variable.
type atom struct {
	variable int
	list     *list       // of actions or resources
	who      *principals // of principals
	cond     *condition  // of a context key
	// truth says for which of the variable's candidates the atom holds;
	// may, for which it may, given the right values of variables. Both are
	// computed when they are first needed.
	truth, may bitset
}

// literal is an atom or its negation.
type literal struct {
	atom int
	want bool
}

// statement is a lowered statement: it matches where all its literals hold.
type statement struct {
	deny bool
	lits []literal
	key  string // equal for equal statements
}

// lowering collects the atoms of all policies of a problem.
type lowering struct {
	rd    *reader
	kind  Kind
	atoms []atom
	index map[string]int
	keys  []*key
	keyOf map[string]int
	names []*principals
	// doubts are reasons why nothing can be proved of these policies.
	doubts []string
}

func newLowering(kind Kind, env environment) *lowering {
	return &lowering{rd: newReader(env), kind: kind, index: map[string]int{}, keyOf: map[string]int{}}
}

// set is a set of lowered policies that grant together.
type set struct {
	allows, denies []statement
}

// policies lowers documents. benefit says which way a statement whose meaning
// is in doubt is taken: see principals.
func (lo *lowering) policies(docs []*policy.Document, benefit bool) set {
	var s set
	for _, d := range docs {
		for _, f := range d.Defects {
			lo.doubt("%s:%d:%d: %s", d.Name, f.Line, f.Column, f.Message)
		}
		for i := range d.Statements {
			st := lo.statement(d, i, benefit)
			if st.deny {
				s.denies = append(s.denies, st)
			} else {
				s.allows = append(s.allows, st)
			}
		}
	}
	return s
}

func (lo *lowering) doubt(format string, args ...any) {
	const most = 5
	if text := fmt.Sprintf(format, args...); len(lo.doubts) < most && !slices.Contains(lo.doubts, text) {
		lo.doubts = append(lo.doubts, text)
	}
}

func (lo *lowering) statement(d *policy.Document, i int, benefit bool) statement {
	src := &d.Statements[i]
	out := statement{deny: src.Effect != "Allow"}
	variables := d.Version == "2012-10-17"
	add := func(l literal) {
		if !slices.Contains(out.lits, l) {
			out.lits = append(out.lits, l)
		}
	}
	place := fmt.Sprintf("%s:%d:%d", d.Name, src.Line, src.Column)

	named := src.Principals != nil || src.NotPrincipals != nil
	switch {
	case named && lo.kind == Identity:
		lo.doubt("%s: the statement has a Principal, against the grammar of identity policies", place)
	case !named && lo.kind == Resource:
		lo.doubt("%s: the statement has no Principal, against the grammar of resource policies", place)
	case named:
		add(lo.principal(src, benefit))
	}
	if src.Actions != nil {
		add(literal{lo.actions(src.Actions), true})
	} else {
		add(literal{lo.actions(src.NotActions), false})
	}
	switch {
	case src.Resources != nil:
		add(literal{lo.resources(src.Resources, variables), true})
	case src.NotResources != nil:
		l := literal{lo.resources(src.NotResources, variables), false}
		if !out.deny && lo.rd.env == nil && lo.atoms[l.atom].list.opaque {
			lo.doubt("%s: NotResource with a variable: where it has no value, no page says what AWS does", place)
		}
		add(l)
	case lo.kind == Identity:
		lo.doubt("%s: the statement has no Resource, against the grammar of identity policies", place)
	}
	for j := range src.Conditions {
		add(lo.condition(&src.Conditions[j], variables))
	}
	slices.SortFunc(out.lits, func(x, y literal) int {
		return cmp.Or(lo.atoms[x.atom].variable-lo.atoms[y.atom].variable, x.atom-y.atom)
	})
	var b []byte
	for _, l := range out.lits {
		b = strconv.AppendBool(strconv.AppendInt(b, int64(l.atom), 10), l.want)
	}
	out.key = string(b)
	return out
}

// atom returns the number of the atom with this name, making it if it is new.
func (lo *lowering) atom(name string, build func() atom) int {
	i, ok := lo.index[name]
	if !ok {
		i = len(lo.atoms)
		lo.atoms = append(lo.atoms, build())
		lo.index[name] = i
	}
	return i
}

// canonical names a list of values: order and repetition say nothing.
func canonical(kind string, values []string) string {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	return kind + "\x00" + strings.Join(values, "\x00")
}

func (lo *lowering) actions(values []string) int {
	return lo.atom(canonical("action", values), func() atom {
		patterns := make([]pattern, len(values))
		for i, v := range values {
			lo.checkText(v)
			patterns[i] = lo.rd.action(v)
		}
		return atom{variable: actionVar, list: newList(patterns)}
	})
}

func (lo *lowering) resources(values []string, variables bool) int {
	return lo.atom(canonical(fmt.Sprint("resource", variables), values), func() atom {
		var patterns []pattern
		for _, v := range values {
			lo.checkText(v)
			if p, ok := lo.rd.arn(v, variables, true); ok {
				patterns = append(patterns, p)
			}
		}
		return atom{variable: resourceVar, list: newList(patterns)}
	})
}

// checkText refuses the characters that stand for variables inside.
func (lo *lowering) checkText(s string) {
	if strings.ContainsFunc(s, func(r rune) bool { return r >= firstPlaceholder }) {
		lo.doubt("%q has private characters", s)
	}
}

func (lo *lowering) principal(src *policy.Statement, benefit bool) literal {
	entries, not := src.Principals, false
	if entries == nil {
		entries, not = src.NotPrincipals, true
	}
	values := make([]string, len(entries))
	for i, e := range entries {
		values[i] = e.Type + " " + e.Value
	}
	deny := src.Effect != "Allow"
	name := canonical(fmt.Sprint("principal", not, deny, not && deny && benefit), values)
	return literal{lo.atom(name, func() atom {
		who := &principals{entries: entries, not: not, deny: deny, benefit: benefit}
		lo.names = append(lo.names, who)
		return atom{variable: principalVar, who: who}
	}), true}
}

func (lo *lowering) condition(src *policy.Condition, variables bool) literal {
	op, ok := policy.ReadOperator(src.Operator)
	if !ok {
		lo.doubt("unknown condition operator %q", src.Operator)
	}
	name := strings.ToLower(src.Key)
	variables = variables && op.Variables
	id := canonical(fmt.Sprint("condition ", name, op, variables), src.Values)
	return literal{lo.atom(id, func() atom {
		k := lo.key(name)
		c := lo.readCondition(op, src.Values, variables)
		lo.keys[k].add(c)
		return atom{variable: firstKey + k, cond: c}
	}), true}
}

// key returns the number of a context key.
func (lo *lowering) key(name string) int {
	k, ok := lo.keyOf[name]
	if !ok {
		k = len(lo.keys)
		lo.keys = append(lo.keys, newKey(name))
		lo.keyOf[name] = k
	}
	return k
}

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// next is the first member from i on, or -1.
func (b bitset) next(i int) int {
	for w := i / 64; w < len(b); w++ {
		word := b[w]
		if w == i/64 {
			word &= ^uint64(0) << (i % 64)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

func (b bitset) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
