package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/change"
	"warden/change/apply"
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

// deniesMore begins the title of a plan of proposeMore.
const deniesMore = "deny more to "

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
		in, err := r.Ledger.Incident(ctx, res.Incident)
		if err != nil {
			return err
		}
		if w := r.openWay(in, change.Identity{ARN: res.live.ARN, ID: res.live.ID}); w != nil {
			if err := add(w.read(ctx)); err != nil {
				return err
			}
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
		Title: deniesMore + caller(res.Actor), Reason: res.Reason, Steps: steps,
	})
	if err != nil {
		return err
	}
	return r.propose(ctx, res, plan, r.whyAsk())
}

// denyAllWays are the ways to deny everything to a user, in their order.
func (r *Responder) denyAllWays(user change.Identity) []way {
	return []way{r.attachWay(user, guard.DenyAll), r.inlineWay(user, guard.DenyAll), r.boundaryWay(user, guard.DenyAll)}
}

// openWay is the first way to deny everything to the user that the incident
// does not show to be closed, nil when all are: it was tried and is
// impossible, or the quota was full when less was to be denied in the same
// manner.
func (r *Responder) openWay(in ledger.Incident, user change.Identity) *way {
	for _, w := range r.denyAllWays(user) {
		closed := slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool {
			return !s.Undo && s.Status() == ledger.Failed && s.Step.After.Exists && s.Step.Kind == w.setting.Kind && s.Step.TargetID == user.ID &&
				(s.Step.Setting == w.setting && impossible(&stepError{*s.Outcome}) || s.Outcome.Code == "LimitExceeded")
		})
		if !closed {
			return &w
		}
	}
	return nil
}

// afterDeny follows an approved plan that denies everything to a user. What
// was done is proved. Where the way turned out to be closed, the next one is
// proposed: it is another plan, with another digest, and wants an approval of
// its own, since nobody has seen what it would do.
func (r *Responder) afterDeny(ctx context.Context, res *Result, approved change.Plan, report apply.Report) error {
	if len(approved.Steps) != 1 || len(report.Steps) != 1 || typeOf(approved.Steps[0].Target) != "user" {
		return nil
	}
	step := approved.Steps[0]
	user := change.Identity{ARN: step.Target, ID: step.TargetID}
	ways := r.denyAllWays(user)
	i := slices.IndexFunc(ways, func(w way) bool { return w.setting == step.Setting })
	switch {
	case !step.After.Exists || i < 0 && !strings.HasPrefix(approved.Title, deniesMore):
		return nil
	case i < 0:
		return fmt.Errorf("nothing is proved: %s denies by a policy of another name than %s; name it as the guard that proposed it does",
			step, r.Guard.PolicyName(guard.DenyAll))
	}
	outcome := report.Steps[0].Outcome
	if report.OK() {
		c, err := ways[i].read(ctx)
		if err == nil {
			err = c.prove(ctx, outcome.Found)
		}
		if err != nil {
			return fmt.Errorf("prove what was approved: %w", err)
		}
		_, err = r.Ledger.RecordVerification(ctx, approved.Incident, report.Plan.Round, ledger.Verification{Level: ledger.Configured, Evidence: []string{c.evidence}})
		return err
	}
	if !impossible(&stepError{outcome}) {
		return nil
	}
	in, err := r.Ledger.Incident(ctx, approved.Incident)
	if err != nil {
		return err
	}
	w := r.openWay(in, user)
	if w == nil {
		return nil
	}
	c, err := w.read(ctx)
	if err != nil {
		return err
	}
	plan := approved
	plan.CreatedAt, plan.Steps = r.Now().UTC(), []change.Step{c.step.Because(approved.Reason)}
	return r.propose(ctx, res, plan, "the approved way is closed ("+outcome.Code+"); this is the next one, and wants its own approval")
}
