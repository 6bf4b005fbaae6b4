package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/trail"
)

// budgetWindow is the time in which the budget counts callers.
const budgetWindow = time.Hour

// mayDoMore reports whether more than denying IAM to the caller may be done
// without asking: taking back what he did, denying everything, denying other
// sessions of his role. Whoever makes the guard do that to many callers an
// hour, by noise or by mistake, is stopped; denying IAM goes on.
//
// Only callers who are contained count, and of those only original ones: an
// identity that a contained caller made counts as he does.
func (r *Responder) mayDoMore(ctx context.Context, res *Result) (bool, error) {
	if r.AskFirst {
		return false, nil
	}
	if !r.Guard.UndoActions && !r.Guard.RevokeSessions && r.Guard.Level != guard.DenyAll {
		return true, nil // there is no more
	}
	original, err := r.original(ctx, res.Incident)
	if err != nil {
		return false, err
	}
	limit := r.Guard.Budget
	if limit <= 0 {
		limit = guard.DefaultBudget
	}
	within, err := r.Ledger.Charge(ctx, r.Account, original, limit, budgetWindow)
	if err != nil {
		return false, fmt.Errorf("budget: %w", err)
	}
	return within, nil
}

// original is the incident of the first caller of whom the ledger proves that
// he made this one, or assumed its session.
func (r *Responder) original(ctx context.Context, incident string) (string, error) {
	for range 10 {
		in, err := r.Ledger.Incident(ctx, incident)
		switch {
		case errors.Is(err, ledger.ErrNotFound) || err == nil && in.Parent == "":
			return incident, nil
		case err != nil:
			return "", err
		}
		incident = in.Parent
	}
	return incident, nil
}

// whyAsk says why a person is asked.
func (r *Responder) whyAsk() string {
	if r.AskFirst {
		return "more than denying IAM is done after approval only"
	}
	limit := r.Guard.Budget
	if limit <= 0 {
		limit = guard.DefaultBudget
	}
	return fmt.Sprintf("more than %d callers were contained within an hour; IAM is denied to this one, the rest waits for approval", limit)
}

// proposeMore proposes what would have been done without asking: to deny
// everything, and to deny all sessions of the role.
func (r *Responder) proposeMore(ctx context.Context, res *Result) error {
	var steps []change.Step
	add := func(c containment, err error) error {
		if err == nil && c.step.Before.Same(c.step.After) {
			return nil
		}
		if err == nil {
			steps = append(steps, c.step.Because(res.Reason))
		}
		return err
	}
	level := guard.DenyIAM
	if r.Guard.Level == guard.DenyAll {
		level = guard.DenyAll
	}
	switch a := res.Actor; {
	case res.Credential != "": // its owner is not denied anything
	case isUser(a.Kind) && level == guard.DenyAll && res.live != nil:
		if err := add(r.attachWay(change.Identity{ARN: res.live.ARN, ID: res.live.ID}, level).read(ctx)); err != nil {
			return err
		}
	case a.Kind == trail.AssumedRole && (level == guard.DenyAll || r.Guard.RevokeSessions):
		in, err := r.Ledger.Incident(ctx, res.Incident)
		if err != nil {
			return err
		}
		role, err := r.liveRole(ctx, a)
		if err != nil {
			return err
		}
		// The bound is that of the containment, so that the proposal is the
		// same one whenever it is made.
		denied, _ := r.sessionDenial(in, guard.DenyIAM, a)
		var denials []change.Denial
		if level == guard.DenyAll {
			denials = append(denials, level.Session(a.UserID, denied.Until))
		}
		if r.Guard.RevokeSessions {
			denials = append(denials, level.Sessions(denied.Until))
		}
		for _, d := range denials {
			setting := change.StatementSetting(role.ARN, guard.SessionPolicyName(r.Guard.DenyPolicy), d.Sid())
			if err := add(r.to(ctx, role, setting, change.Is(d.Statement()))); err != nil {
				return err
			}
		}
	case !isUser(a.Kind) && a.Kind != trail.AssumedRole && level == guard.DenyAll && r.Guardrail.binds(r.Account):
		d, who, facts, err := r.organisationDenial(level, a)
		if err != nil {
			return err
		}
		if err := add(r.guardrailWay(d, level, who, facts).read(ctx)); err != nil {
			return err
		}
	}
	if len(steps) == 0 {
		return nil
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: 1, CreatedAt: r.Now().UTC(),
		Title: "deny more to " + caller(res.Actor), Reason: res.Reason, Steps: steps,
	})
	if err != nil {
		return err
	}
	return r.propose(ctx, res, plan, r.whyAsk())
}
