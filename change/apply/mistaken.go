package apply

import (
	"context"
	"errors"
	"fmt"

	"warden/change"
	"warden/change/ledger"
)

// mistaken ends a step whose call came to another identity than it was made
// for, because the name changed hands between the look and the call, and takes
// from that one what he was given. IAM has no call on an identity that names
// it by its unique id, nor a write with a condition on it: that is seen after
// the call only.
//
// The plan that takes it back is in the ledger before the step has its end, so
// that a crash in between leaves either to be finished.
func (w worker) mistaken(ctx context.Context, s change.Step, out ledger.Outcome, other *otherError) (ledger.Outcome, error) {
	out.Status, out.Found, out.Code = ledger.Changed, change.Absent, ""
	out.Error = fmt.Sprintf("%v; the call came to that one", other)
	back := change.Transition(s.Setting, other.is, s.After, s.Before).Because(ledger.Mistaken)
	if s.Reason == ledger.Mistaken || back.Action == "" {
		out.Error += ", and is not taken back"
		return w.end(ctx, s, out)
	}
	report, err := w.runNext(ctx, change.Plan{
		Account: w.plan.Account, Incident: w.plan.Incident, Undo: true, CreatedAt: w.o.Now().UTC(),
		Title: "take back what came to another of the name", Reason: ledger.Mistaken, Steps: []change.Step{back},
	})
	switch problems := report.Problems(); {
	case err != nil:
		return ledger.Outcome{}, err
	case len(problems) > 0:
		out.Error += ", and could NOT be taken back: " + problems[0]
	default:
		out.Error += ", and was taken back"
	}
	return w.end(ctx, s, out)
}

// runNext runs a plan in the next free round of its incident.
func (a *Applier) runNext(ctx context.Context, p change.Plan) (Report, error) {
	for {
		in, err := a.ledger.Incident(ctx, p.Incident)
		if err != nil {
			return Report{Plan: p}, err
		}
		p.Round = in.NextRound()
		plan, err := change.NewPlan(p)
		if err != nil {
			return Report{Plan: p}, err
		}
		report, err := a.Run(ctx, plan)
		var other *OtherPlanError
		if !errors.As(err, &other) {
			return report, err
		}
	}
}

// mistakes makes the steps that take from others what was meant for the
// caller, and could not be taken when it came to light.
func (a *Applier) mistakes(ctx context.Context, in ledger.Incident, force bool, u *Undo) (steps []change.Step, err error) {
	for _, st := range in.Mistakes() {
		s := st.Step
		setting, found, err := a.found(ctx, s)
		switch {
		case errors.Is(err, ErrGone):
			u.Left = append(u.Left, fmt.Sprintf("%s: %v", s.Setting, err))
			continue
		case err != nil:
			return nil, err
		case found.Same(s.After):
			continue
		case !found.Same(s.Before):
			u.Conflicts = append(u.Conflicts, Conflict{setting, s.Before, found, s.After})
			if !force {
				continue
			}
		}
		steps = append(steps, change.Transition(setting, s.TargetID, found, s.After).Because(ledger.Mistaken))
	}
	return steps, nil
}
