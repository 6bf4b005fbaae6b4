package replay

import (
	"slices"

	"warden/policy"
	"warden/trail/request"
)

// verdict is what one set of policies means for a request.
type verdict struct {
	outcome   Outcome
	needs     []string
	statement *policy.StatementRef
	because   string
}

// decide asks the engine. happened says that AWS allowed the call when it was
// made.
func (w *widened) decide(q Question, r request.Request, happened bool) verdict {
	if q.Refuses != "" {
		return verdict{outcome: Denied, because: q.Refuses}
	}
	v := w.ask(q, r)
	if q.Presumed == "" {
		return v
	}
	// The policy of the resource has a say, and nobody knows it. It is as it
	// was when the call was made: it named the caller himself, or left it to
	// his account's policies. If these allow the call it is allowed either way.
	crossing := q.Request.Resource.Account != q.Request.Principal.Account
	switch {
	case v.outcome == Allowed && happened:
		return v
	case v.outcome == Allowed, v.outcome == Denied && v.statement == nil && !crossing:
		return verdict{outcome: CannotTell, needs: []string{q.Presumed}}
	case v.outcome == CannotTell && !happened:
		v.needs = append(slices.Clone(v.needs), q.Presumed)
	}
	return v
}

// ask decides a request. Where the record does not name the resource it asks
// twice, for the resource that the policies treat best and for the one that
// they treat worst: where both agree the resource does not matter.
func (w *widened) ask(q Question, r request.Request) verdict {
	if r.Resource != "" {
		return judge(q, policy.Evaluate(q.Request, q.Policies))
	}
	best, worst := q, q
	best.Policies = w.all(q.Policies, "Allow", r.Pattern)
	worst.Policies = w.all(q.Policies, "Deny", r.Pattern)
	high := judge(best, policy.Evaluate(best.Request, best.Policies))
	if high.outcome == Denied {
		return high
	}
	low := judge(worst, policy.Evaluate(worst.Request, worst.Policies))
	switch {
	case low.outcome == Allowed:
		return low
	case high.outcome == CannotTell && low.outcome == CannotTell:
		return high // the resource is not what it hangs on
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
