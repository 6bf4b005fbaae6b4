package replay

import (
	"encoding/json"
	"slices"

	"warden/policy"
	"warden/trail/request"
)

// verdict is what one set of policies means for a request.
type verdict struct {
	outcome   Outcome
	needs     []string
	statement *policy.StatementRef
}

// decide asks the engine. Where the record does not name the resource it asks
// twice, for the resource that the policies treat best and for the one that
// they treat worst: where both agree the resource does not matter.
func (w *widened) decide(q Question, r request.Request) verdict {
	if r.Resource != "" {
		return judge(q, policy.Evaluate(q.Request, q.Policies))
	}
	q.Request.Resource.ARN = "*"
	best, worst := q, q
	best.Policies = w.all(q.Policies, "Allow")
	worst.Policies = w.all(q.Policies, "Deny")
	high := judge(best, policy.Evaluate(best.Request, best.Policies))
	if high.outcome == Denied {
		return high
	}
	if low := judge(worst, policy.Evaluate(worst.Request, worst.Policies)); low.outcome == Allowed {
		return low
	}
	return verdict{outcome: CannotTell, needs: slices.Concat([]string{r.Missing}, high.needs)}
}

func judge(q Question, r policy.Result) verdict {
	v := verdict{outcome: Denied}
	if refs := r.Deciding(); len(refs) > 0 {
		v.statement = &refs[0]
	}
	switch certain := r.Decision == policy.ExplicitlyDenied && !r.Depends(); {
	case certain:
	case r.Depends():
		v.outcome, v.needs = CannotTell, slices.Concat(r.Missing, r.Unknown)
	case len(q.Doubts) > 0:
		v.outcome, v.needs = CannotTell, q.Doubts
	case r.Decision == policy.Allowed:
		v.outcome = Allowed
	}
	return v
}

// widened remembers documents of which the statements of one effect apply to
// every resource, and those of the other only where they do anyway.
type widened struct {
	docs map[wide]*policy.Document
}

type wide struct {
	of     *policy.Document
	effect string
}

func (w *widened) all(p policy.Policies, effect string) policy.Policies {
	p.Identity, p.Group = w.list(p.Identity, effect), w.list(p.Group, effect)
	p.Boundary, p.Session, p.Endpoint = w.list(p.Boundary, effect), w.list(p.Session, effect), w.list(p.Endpoint, effect)
	p.SCPs, p.RCPs = w.levels(p.SCPs, effect), w.levels(p.RCPs, effect)
	if p.Resource != nil {
		p.Resource = w.one(p.Resource, effect)
	}
	return p
}

func (w *widened) levels(levels []policy.Level, effect string) []policy.Level {
	out := slices.Clone(levels)
	for i := range out {
		out[i].Policies = w.list(out[i].Policies, effect)
	}
	return out
}

func (w *widened) list(docs []*policy.Document, effect string) []*policy.Document {
	out := slices.Clone(docs)
	for i, d := range out {
		out[i] = w.one(d, effect)
	}
	return out
}

func (w *widened) one(d *policy.Document, effect string) *policy.Document {
	key := wide{d, effect}
	if found := w.docs[key]; found != nil {
		return found
	}
	if w.docs == nil {
		w.docs = map[wide]*policy.Document{}
	}
	out := widen(d, effect)
	w.docs[key] = out
	return out
}

// widen makes the statements of one effect apply to every resource and drops
// those of the other effect that do not. A document that cannot be taken apart
// is returned as it is: a defect makes every answer uncertain anyway.
func widen(d *policy.Document, effect string) *policy.Document {
	if len(d.Defects) > 0 {
		return d
	}
	copied := policy.Document{Name: d.Name, Version: d.Version, ID: d.ID}
	for _, s := range d.Statements {
		everything := slices.Contains(s.Resources, "*") || s.Resources == nil && s.NotResources == nil
		switch {
		case s.Effect == effect && !everything:
			s.Resources, s.NotResources = []string{"*"}, nil
		case s.Effect != effect && !everything:
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
