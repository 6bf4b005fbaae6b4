package authorize

import (
	"slices"
	"strings"

	"warden/policy"
)

// State is the kind of answer.
type State string

// The states.
const (
	Allowed State = "allowed"
	Denied  State = "denied"
	// Depends: it hangs on context keys that the question does not give.
	Depends State = "depends"
	// Unknown: it rests on facts that the snapshot does not hold, or on a
	// policy of which nobody can be sure how AWS reads it.
	Unknown State = "unknown"
)

// Answer says whether a principal may do what was asked.
type Answer struct {
	Principal *Principal
	Request   Request
	State     State
	// Result is the evidence: what the engine says with every key absent
	// that is not given, and without the facts that are missing.
	Result policy.Result
	// DependsOn are the keys that the answer hangs on.
	DependsOn []string
	// Why gives the reasons why it is unknown.
	Why []string
}

// asker asks many questions, one after the other, and uses its memory again.
type asker struct {
	a        *Authorizer
	request  policy.Request
	policies policy.Policies
	context  policy.Context
	asked    *query   // whose keys the context holds
	added    []string // the keys in it that are the principal's
}

func (a *Authorizer) newAsker() *asker { return &asker{a: a, context: make(policy.Context, 40)} }

// Ask answers one question.
func (a *Authorizer) Ask(p *Principal, r Request) Answer {
	return a.newAsker().ask(p, a.prepare(r))
}

// Explain is what package policy is asked: to look for near misses, or to
// change the policies in thought. The context is a copy.
func (a *Authorizer) Explain(p *Principal, r Request) (policy.Request, policy.Policies) {
	k, q := a.newAsker(), a.prepare(r)
	k.pose(p, q)
	k.keys(p, q)
	return k.request, k.policies
}

// Presumed says that the policy of the resource is needed to allow the request
// and is not known; then [Authorizer.Explain] has one stand in for it that
// leaves the decision to the account. It is "" for all other requests.
func (a *Authorizer) Presumed(r Request) string { return a.prepare(r).presumed }

// pose sets the question, without the context.
func (k *asker) pose(p *Principal, q *query) {
	k.request = policy.Request{Principal: p.caller, Action: q.Action, Resource: q.resource, Context: k.context}
	k.policies = p.policies
	if q.policy != nil {
		k.policies.Resource = q.policy.Document
	}
}

// keys puts together the context of a request by p. Keys of the request go
// over those of the principal.
func (k *asker) keys(p *Principal, q *query) {
	if k.asked == q {
		for _, key := range k.added {
			delete(k.context, key)
		}
	} else {
		clear(k.context)
		for _, f := range k.a.facts(q) {
			k.context[f.key] = f.value
		}
		k.asked = q
	}
	k.added = k.added[:0]
	for i := range p.facts {
		k.add(p.facts[i].key, p.facts[i].value)
	}
	if p.Kind == User {
		// A user has the tags that he has; a role session may have others.
		for key := range k.a.tagKeys.principal {
			k.add(key, policy.Absent())
		}
	}
}

func (k *asker) add(key string, v policy.Value) {
	if _, given := k.context[key]; !given {
		k.context[key] = v
		k.added = append(k.added, key)
	}
}

// denied tells whether the answer is a plain no, which most answers are.
// Without context keys and defects the decision is the whole answer, and where
// no document speaks of the action there is nothing to decide.
func (k *asker) denied(p *Principal, q *query) bool {
	if q.policy != nil {
		// Nobody may assume a role whose trust policy does not name him,
		// whatever his own policies say.
		return q.named != nil && !q.named[p.ARN]
	}
	if len(p.Doubts) > 0 {
		return false
	}
	loudest := silent
	for _, n := range p.numbers {
		loudest = max(loudest, q.voice(k.a.documents[n]))
	}
	switch loudest {
	case silent:
		return !q.free
	case plain:
		for _, d := range k.a.guards {
			if q.voice(d) == conditional {
				return false
			}
		}
		k.pose(p, q)
		return policy.Decide(&k.request, &k.policies) != policy.Allowed
	}
	return false
}

func (k *asker) ask(p *Principal, q *query) Answer {
	k.keys(p, q)
	k.pose(p, q)
	out := Answer{Principal: p, Request: q.Request, Result: policy.Evaluate(k.request, k.policies)}
	out.State, out.DependsOn, out.Why = judge(out.Result)
	k.session(p, q, &out)
	if certain := out.State == Denied && out.Result.Decision == policy.ExplicitlyDenied; len(p.Doubts) > 0 && !certain {
		k.doubt(p, &out)
	}
	if q.presumed != "" && (out.State == Allowed || out.State == Depends) {
		out.State, out.Why = Unknown, append(slices.Clone(out.Why), q.presumed)
	}
	return out
}

func judge(r policy.Result) (s State, keys, why []string) {
	switch {
	case len(r.Unknown) > 0:
		return Unknown, r.Missing, r.Unknown
	case len(r.Missing) > 0:
		return Depends, r.Missing, nil
	case r.Decision == policy.Allowed:
		return Allowed, nil, nil
	}
	return Denied, nil, nil
}

// doubt judges again as if what is missing of the principal's policies
// allowed everything. If that changes nothing the doubts do not matter.
func (k *asker) doubt(p *Principal, out *Answer) {
	if out.Result.Decision != policy.Allowed {
		hopeful := k.policies
		hopeful.Identity = append(slices.Clone(hopeful.Identity), everything)
		r := policy.Evaluate(k.request, hopeful)
		if r.Decision != policy.Allowed && !r.Depends() {
			return
		}
	}
	out.State, out.Why = Unknown, append(slices.Clone(out.Why), p.Doubts...)
}

// everything allows everything.
var everything = func() *policy.Document {
	// The text is a constant that a test reads.
	d, _ := policy.Parse("what is missing", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	return d
}()

// session asks once more for the sessions that the trust policy names, if the
// principal is a role and it is not said which of its sessions is meant.
func (k *asker) session(p *Principal, q *query, out *Answer) {
	if p.Kind != Role || p.Session != "" || q.policy == nil {
		return
	}
	prefix := k.a.sessionARN(p.Name, "")
	for _, arn := range q.policy.sessions {
		name, ok := strings.CutPrefix(arn, prefix)
		if !ok {
			continue
		}
		request := k.request
		request.Principal.ARN = arn
		if s, _, _ := judge(policy.Evaluate(request, k.policies)); s != out.State {
			if out.State != Unknown {
				out.State = Depends
			}
			out.DependsOn = append(slices.Clone(out.DependsOn), "the session's name ("+name+")")
		}
	}
}

// Granting returns the statement that people ask for first: the one of the
// principal's own policies that allows, else that of a group, else that of
// the resource. ok is false where nothing allows.
func (r Answer) Granting() (ref policy.StatementRef, ok bool) {
	return r.first(policy.Allowed, policy.LayerIdentity, policy.LayerGroup, policy.LayerResource)
}

// Denying returns the first statement that denies.
func (r Answer) Denying() (ref policy.StatementRef, ok bool) {
	return r.first(policy.ExplicitlyDenied, policy.LayerIdentity, policy.LayerGroup, policy.LayerBoundary, policy.LayerResource)
}

func (r Answer) first(d policy.Decision, layers ...policy.Layer) (policy.StatementRef, bool) {
	for _, layer := range layers {
		for _, l := range r.Result.Layers {
			if l.Layer == layer && l.Decision == d && len(l.Deciding) > 0 {
				return l.Deciding[0], true
			}
		}
	}
	return policy.StatementRef{}, false
}

// Report is what WhoCan finds.
type Report struct {
	// Answers are all but the plain denials: in the order of the requests,
	// and of the principals within them.
	Answers []Answer
	// Denied counts the others.
	Denied int
	// Incomplete says which principals may be missing.
	Incomplete []string
}

// Count returns how many answers have a state.
func (r Report) Count(s State) int {
	if s == Denied {
		return r.Denied
	}
	n := 0
	for i := range r.Answers {
		if r.Answers[i].State == s {
			n++
		}
	}
	return n
}

// WhoCan asks each request for every user and role.
func (a *Authorizer) WhoCan(requests ...Request) Report {
	out := Report{Incomplete: a.incomplete}
	k := a.newAsker()
	for _, r := range requests {
		q := a.prepare(r)
		q.voices = make([]voice, len(a.documents))
		for _, p := range a.principals {
			if k.denied(p, q) {
				out.Denied++
				continue
			}
			if x := k.ask(p, q); x.State != Denied {
				out.Answers = append(out.Answers, x)
			} else {
				out.Denied++
			}
		}
	}
	return out
}
