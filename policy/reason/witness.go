package reason

import (
	"slices"
	"strings"
	"sync"

	"warden/policy"
	"warden/policy/catalog"
)

// Witness is a request that shows an answer, confirmed by [policy.Evaluate].
type Witness struct {
	Request policy.Request
	// Allows are the statements that allow it, on the side that does.
	Allows []policy.StatementRef
	// Denies are the statements that deny it on the other side; none if
	// that side merely does not allow it.
	Denies []policy.StatementRef
	// Grant says how the resource policy grants it, where the other side
	// grants it less firmly, if at all: "directly", which needs no policy of
	// the caller's and is limited by none, or "to the role or user behind the
	// session", which needs none. Empty where the other side does not grant
	// it in any way.
	Grant string
	// UnknownAction: the service authorization reference knows no action of
	// this name. The policies would allow it if AWS came to offer it.
	UnknownAction bool
	// OtherResource: the reference lists the action, but no resources of
	// this form for it. AWS may never send such a request.
	OtherResource bool
}

// confirm makes a request of a model and asks the engine.
func (q *question) confirm(p *problem, m *model) found {
	req := q.request(p, m)
	w, reasons := q.witness(p, req)
	if w == nil {
		told := "the engine does not confirm the request that was found: " + req.Action + " on " + req.Resource.ARN
		return found{answer: unknown, reasons: append([]string{told}, reasons...)}
	}
	if w.UnknownAction || w.OtherResource {
		p.likelier(req, func(other policy.Request) bool {
			if !q.asks(p, &other) {
				return false
			}
			better, _ := q.witness(p, other)
			if better != nil {
				w = better
			}
			return better != nil
		})
	}
	w.Request.Action = q.spelling(w.Request.Action)
	return found{answer: some, witness: w}
}

// asks tells whether the question is about requests of this kind, and fills in
// who owns the resource.
func (q *question) asks(p *problem, req *policy.Request) bool {
	own(req, p.level)
	lists := [2][]string{q.actions, q.resources}
	for i, text := range []string{strings.ToLower(req.Action), req.Resource.ARN} {
		if lists[i] == nil {
			continue
		}
		l := p.lists[i]
		if !l.match(text) {
			return false
		}
	}
	return p.level == toAccount || p.within(req.Principal.Account).match(req.Resource.ARN)
}

// witness asks the engine whether the request shows what was asked for.
func (q *question) witness(p *problem, req policy.Request) (w *Witness, reasons []string) {
	f := forms(strings.ToLower(req.Action))
	w = &Witness{Request: req, UnknownAction: !f.known,
		OtherResource: f.known && plausibility(strings.ToLower(req.Action), req.Resource.ARN, f) < 2}
	if p.level > toAccount {
		w.Grant = p.level.String()
		if allows(q.yes, p.kind, toCaller, req).allowed {
			w.Grant = toCaller.String()
		}
	}
	yes := allows(q.yes, p.kind, p.level, req)
	w.Allows = yes.refs
	ok, reasons := yes.allowed, yes.unknown
	if q.also != nil {
		also := allows(q.also, p.kind, p.level, req)
		ok, reasons = ok && also.allowed, append(reasons, also.unknown...)
	}
	if q.no != nil {
		no := allows(q.no, p.kind, p.level, req)
		if !no.allowed {
			w.Denies = no.refs
		}
		ok, reasons = ok && !no.allowed, append(reasons, no.unknown...)
	}
	if !ok || len(reasons) > 0 {
		return nil, reasons
	}
	return w, nil
}

// request spells out a model.
func (q *question) request(p *problem, m *model) policy.Request {
	ctx := policy.Context{}
	for i, k := range p.keys {
		if v := &m.keys[i]; v.form != absent {
			ctx[k.name] = v.value()
		}
	}
	cl := &p.classes[m.class]
	arn := ""
	if k, ok := p.keyOf[keyARN]; ok && cl.facts != nil && m.keys[k].form == single {
		arn = m.keys[k].texts[0].value
	}
	req := policy.Request{
		Principal: cl.becomes(arn, p.census.sessions),
		Action:    m.texts[actionVar].value,
		Resource:  policy.Resource{ARN: m.texts[resourceVar].value},
		Context:   ctx,
	}
	own(&req, p.level)
	return req
}

// own fills in who owns the resource: the caller's account if nothing says
// otherwise, or if only a grant within one account counts.
func own(req *policy.Request, level strength) {
	req.Resource.Account = ""
	if parts, ok := policy.SplitARN(req.Resource.ARN); ok {
		req.Resource.Account = parts[4]
	}
	if req.Resource.Account == "" || level > toAccount {
		req.Resource.Account = req.Principal.Account
	}
	if req.Resource.Account == "" {
		req.Resource.Account = exampleAccount
	}
}

// spelling gives an action the letters in which it is written.
func (q *question) spelling(action string) string {
	if known := catalog.Lookup(action); known != nil {
		return known.String()
	}
	for _, d := range slices.Concat(q.yes, q.also, q.no) {
		for i := range d.Statements {
			for _, a := range slices.Concat(d.Statements[i].Actions, d.Statements[i].NotActions) {
				if strings.EqualFold(a, action) {
					return a
				}
			}
		}
	}
	return action
}

// decided is what a set of policies says of a request.
type decided struct {
	allowed bool
	refs    []policy.StatementRef // the deciding statements
	unknown []string
}

// everything is a session policy that limits nothing.
var everything = sync.OnceValue(func() []*policy.Document {
	d, err := policy.Parse("everything", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		return nil // session policies then allow nothing, and nothing is confirmed
	}
	return []*policy.Document{d}
})

// allows asks the engine what the policies say of the request, with no other
// policy in play.
func allows(docs []*policy.Document, kind Kind, level strength, req policy.Request) decided {
	if kind == Identity {
		r := policy.Evaluate(req, policy.Policies{Identity: docs})
		return judge(r, policy.LayerIdentity)
	}
	var out decided
	denied := false
	for _, d := range docs {
		p := policy.Policies{Resource: d}
		if level > toAccount {
			// Without identity policy only a grant to the role or to the
			// caller counts; with an empty session policy only the latter.
			p.SessionPassed = true
			if level == toParent {
				p.Session = everything()
			}
		}
		r := policy.Evaluate(req, p)
		one := judge(r, policy.LayerResource)
		if level > toAccount {
			one.allowed = r.Decision == policy.Allowed
		}
		out.unknown = append(out.unknown, one.unknown...)
		switch explicit := r.Decision == policy.ExplicitlyDenied; {
		case explicit && !denied:
			denied, out.refs = true, one.refs
		case explicit || !denied && one.allowed:
			out.refs = append(out.refs, one.refs...)
		}
		out.allowed = (out.allowed || one.allowed) && !denied
	}
	return out
}

func judge(r policy.Result, layer policy.Layer) decided {
	out := decided{unknown: r.Unknown}
	for _, l := range r.Layers {
		if l.Layer == layer {
			out.allowed = l.Decision == policy.Allowed
			out.refs = l.Deciding
		}
	}
	return out
}

// Allows asks the engine whether the policies on their own allow the request:
// what the package compares. A resource policy that names the caller's account
// counts as allowing it.
func Allows(docs []*policy.Document, o Options, req policy.Request) (allowed bool, unknown []string) {
	kind := o.Kind
	if kind == Either {
		kind = Identity
		if slices.ContainsFunc(docs, namesPrincipals) {
			kind = Resource
		}
	}
	d := allows(docs, kind, toAccount, req)
	return d.allowed, d.unknown
}
