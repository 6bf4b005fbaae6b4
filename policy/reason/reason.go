// Package reason compares policies without a request: does one allow all that
// another allows, and if not, which request shows it?
//
// Every test in a policy is about one variable of the request: the action,
// the resource, the caller or one context key. Wildcards become automata,
// numbers, dates and addresses the finitely many places where a condition
// changes its mind, and a key may also be absent or hold a set of values. The
// package searches for a request that one policy allows and the other does
// not. If there is none, that is proved; if there is one, it is run through
// [policy.Evaluate], and only what that confirms is reported.
//
// What the package cannot decide it calls Unknown, and says why: variables
// whose value matters, keys compared both as text and as something else,
// defective policies, and searches that grow too large (the work is bounded by
// [Options].Budget, never by a clock). See docs/policy-compare.md.
//
// What is compared is what the policies themselves say: other policies that
// may apply, and whether a resource exists, are left out.
package reason

import (
	"slices"
	"strings"

	"warden/policy"
)

// Kind says what a policy is attached to.
type Kind uint8

const (
	// Either is an identity policy unless a statement has a principal.
	Either Kind = iota
	// Identity policies have no principal: those of users, groups and
	// roles, boundaries, session policies and SCPs.
	Identity
	// Resource policies name principals: those of buckets, queues, keys,
	// and the trust policies of roles.
	Resource
)

// String returns "identity" or "resource".
func (k Kind) String() string { return [...]string{"either", "identity", "resource"}[k] }

// Options change how policies are compared; the zero value is good.
type Options struct {
	Kind Kind
	// Budget bounds the work, in steps of some ten nanoseconds;
	// DefaultBudget if 0.
	Budget int
	// AnyContext considers also requests whose aws:Principal… keys
	// contradict the caller, which AWS never sends.
	AnyContext bool
}

// DefaultBudget is the work that is spent on one question.
const DefaultBudget = 10_000_000

// Verdict is the answer to a yes-or-no question.
type Verdict uint8

// The zero value claims nothing.
const (
	Unknown Verdict = iota
	Yes
	No
)

// String returns "unknown", "yes" or "no".
func (v Verdict) String() string { return [...]string{"unknown", "yes", "no"}[v] }

// MarshalText writes the name of v.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Answer is the answer to one question.
type Answer struct {
	Verdict Verdict
	// Witness is a request that shows it, where one can: for Contains and
	// NotGranted a No has one, for Intersects and IsPublic a Yes.
	Witness *Witness
	// Reasons say why the answer is Unknown.
	Reasons []string
}

// Contains tells whether container allows every request that contained allows.
func Contains(container, contained []*policy.Document, o Options) Answer {
	q := question{options: o, yes: contained, no: container}
	return q.ask().turn(No, Yes)
}

// NoNewAccess tells whether updated allows nothing that existing does not.
// It asks what AWS's CheckNoNewAccess asks.
func NoNewAccess(existing, updated []*policy.Document, o Options) Answer {
	return Contains(existing, updated, o)
}

// Intersects tells whether some request is allowed by both.
func Intersects(a, b []*policy.Document, o Options) Answer {
	q := question{options: o, yes: a, also: b}
	return q.ask().turn(Yes, No)
}

// NotGranted tells whether the policies allow none of the actions on any of
// the resources; both take wildcards, and no resources means all. It asks what
// AWS's CheckAccessNotGranted asks: "access to perform at least one of the
// specified actions on at least one of the specified resources" (IAM Access
// Analyzer API Reference).
//
// What no policy can forbid, asked for by name, is granted by every policy; see
// [policy.AlwaysAllowed].
func NotGranted(docs []*policy.Document, actions, resources []string, o Options) Answer {
	always := policy.AlwaysAllowed()
	if i := slices.IndexFunc(always, func(a string) bool {
		return slices.ContainsFunc(actions, func(asked string) bool { return strings.EqualFold(a, asked) })
	}); i >= 0 {
		return Answer{Verdict: No, Witness: &Witness{Request: policy.Request{
			Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::" + exampleAccount + ":user/example", Account: exampleAccount},
			Action:    always[i], Resource: policy.Resource{ARN: "*", Account: exampleAccount}, Context: policy.Context{},
		}}}
	}
	q := question{options: o, yes: docs, actions: actions, resources: resources}
	return q.ask().turn(No, Yes)
}

// IsPublic tells whether a resource policy grants something to everyone; see
// docs/policy-compare.md for what that means.
func IsPublic(d *policy.Document, o Options) Answer {
	o.Kind = Resource
	q := question{options: o, yes: []*policy.Document{d}, public: true}
	return q.ask().turn(Yes, No)
}

// Relation is how two policies compare.
type Relation uint8

// The relations between A and B.
const (
	Undecided    Relation = iota
	Equivalent            // they allow the same
	AMore                 // A allows all that B allows, and more
	BMore                 // B allows all that A allows, and more
	Incomparable          // each allows something that the other does not
)

var relationNames = [...]string{"unknown", "equivalent", "a-more", "b-more", "incomparable"}

// String returns "unknown", "equivalent", "a-more", "b-more" or "incomparable".
func (r Relation) String() string { return relationNames[r] }

// MarshalText writes the name of r.
func (r Relation) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Comparison is how two policies compare, with what shows it.
type Comparison struct {
	Relation Relation
	// OnlyA is a request that only A allows, OnlyB one that only B allows;
	// also where the relation is Undecided.
	OnlyA, OnlyB *Witness
	Reasons      []string
}

// Compare tells how a and b compare.
func Compare(a, b []*policy.Document, o Options) Comparison {
	inB := Contains(b, a, o)
	inA := Contains(a, b, o)
	c := Comparison{OnlyA: inB.Witness, OnlyB: inA.Witness}
	switch {
	case inB.Verdict == Unknown || inA.Verdict == Unknown:
		c.Reasons = unique(append(slices.Clone(inB.Reasons), inA.Reasons...))
	case inB.Verdict == Yes && inA.Verdict == Yes:
		c.Relation = Equivalent
	case inB.Verdict == Yes:
		c.Relation = BMore
	case inA.Verdict == Yes:
		c.Relation = AMore
	default:
		c.Relation = Incomparable
	}
	return c
}

// found is what a search found.
type found struct {
	answer  answer
	witness *Witness
	reasons []string
}

func (f found) turn(some_, none_ Verdict) Answer {
	switch f.answer {
	case some:
		return Answer{Verdict: some_, Witness: f.witness}
	case none:
		return Answer{Verdict: none_}
	}
	return Answer{Reasons: f.reasons}
}

// question asks for a request that the policies yes allow, and the others of
// it that are given.
type question struct {
	options            Options
	yes                []*policy.Document
	also               []*policy.Document // allow it too
	no                 []*policy.Document // do not allow it
	actions, resources []string           // it is one of these
	public             bool               // the caller is nobody in particular
	certain            bool               // no caller is listed in part by NotPrincipal
}

// ask searches at every strength at which a grant may differ.
func (q *question) ask() found {
	kind := q.options.Kind
	if kind == Either {
		kind = Identity
		if slices.ContainsFunc(slices.Concat(q.yes, q.also, q.no), namesPrincipals) {
			kind = Resource
		}
	}
	left := q.options.Budget
	if left <= 0 {
		left = DefaultBudget
	}
	levels := []strength{toAccount}
	if kind == Resource && q.no != nil && slices.ContainsFunc(slices.Concat(q.yes, q.no), namesAccounts) {
		levels = []strength{toAccount, toParent, toCaller}
	}
	out := found{answer: none}
	for _, level := range levels {
		f := q.at(kind, level, &left)
		if f.answer == some {
			return f
		}
		out.answer = max(out.answer, f.answer)
		out.reasons = unique(append(out.reasons, f.reasons...))
	}
	return out
}

func namesPrincipals(d *policy.Document) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool { return s.Principals != nil || s.NotPrincipals != nil })
}

// namesAccounts tells whether a statement names principals that belong to
// accounts: then grants differ in strength.
func namesAccounts(d *policy.Document) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
		return s.Effect == "Allow" && slices.ContainsFunc(slices.Concat(s.Principals, s.NotPrincipals), func(e policy.PrincipalEntry) bool {
			return e.Type == "AWS" && e.Value != "*" || e.Type == "CanonicalUser"
		})
	})
}

// at searches at one strength: first with the variables left open, where
// finding nothing is a proof; then, if something was found, with values for
// them, as only that can be shown.
func (q *question) at(kind Kind, level strength, left *int) found {
	p := q.problem(kind, level, nil, *left)
	m, a := q.search(p)
	*left = p.left
	if a == none && len(p.doubts) == 0 {
		return found{answer: none}
	}
	reasons := slices.Clone(p.doubts)
	if a == some && len(p.opaques()) == 0 {
		f := q.confirm(p, m)
		switch {
		case f.answer == some:
			return f
		case len(reasons) > 0: // no wonder
			return found{answer: unknown, reasons: reasons}
		case !q.certain && p.partly():
			sure := *q
			sure.certain = true
			if g := sure.at(kind, level, left); g.answer == some {
				return g
			}
		}
		return f
	}
	if a == some {
		for _, env := range p.environments(m) {
			concrete := q.problem(kind, level, env, *left)
			c, found := q.search(concrete)
			*left = concrete.left
			if found != some {
				continue
			}
			if f := q.confirm(concrete, c); f.answer == some {
				return f
			}
		}
		for _, k := range p.rd.keys {
			reasons = append(reasons, "it depends on the value of ${"+k+"}")
		}
	}
	reasons = append(reasons, p.reasons...)
	if p.left <= 0 {
		reasons = append(reasons, "the search grew too large and was given up")
	}
	if len(reasons) == 0 {
		reasons = append(reasons, "a text has too many possible forms")
	}
	return found{answer: unknown, reasons: unique(reasons)}
}

// search runs the cases of the question: a statement that allows, alone or
// with one of the other side that denies.
func (q *question) search(p *problem) (*model, answer) {
	yes := p.policies(q.yes, true)
	also := p.policies(q.also, true)
	no := p.policies(q.no, false)
	var given []literal
	if q.actions != nil {
		a := p.actions(q.actions)
		p.lists[actionVar] = p.atoms[a].list
		given = append(given, literal{a, true})
	}
	if q.resources != nil {
		a := p.resources(q.resources, false)
		p.lists[resourceVar] = p.atoms[a].list
		given = append(given, literal{a, true})
	}
	p.prepare(q)

	result := none
	try := func(lits []literal, c *clauses) *model {
		m, a := p.match(lits, c)
		result = max(min(result, unknown), a)
		if a == some {
			return m
		}
		if p.left <= 0 {
			result = unknown
		}
		return nil
	}
	granted := map[string]bool{}
	for i := range no.allows {
		granted[no.allows[i].key] = true
	}
	avoid := p.newClauses(yes.denies, also.denies, no.allows)
	for _, st := range yes.allows {
		if p.left <= 0 {
			return nil, unknown
		}
		if granted[st.key] {
			continue // the other side has the same statement
		}
		lits := append(slices.Clone(given), st.lits...)
		if q.also == nil {
			if m := try(lits, avoid); m != nil {
				return m, some
			}
		}
		for _, other := range also.allows {
			if m := try(append(slices.Clone(lits), other.lits...), avoid); m != nil {
				return m, some
			}
			if p.left <= 0 {
				return nil, unknown
			}
		}
	}
	denied := map[string]bool{}
	for i := range yes.denies {
		denied[yes.denies[i].key] = true
	}
	avoid = p.newClauses(yes.denies)
	for _, deny := range no.denies {
		if denied[deny.key] {
			continue
		}
		for _, st := range yes.allows {
			if p.left <= 0 {
				return nil, unknown
			}
			if m := try(append(slices.Clone(st.lits), deny.lits...), avoid); m != nil {
				return m, some
			}
		}
	}
	return nil, result
}
