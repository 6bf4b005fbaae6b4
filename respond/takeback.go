package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"warden/change"
	"warden/change/ledger"
	"warden/guard/detect"
)

// takeBack plans and carries out what takes back the effects of the call:
// a created key is deactivated, an attached policy detached, a created
// identity quarantined. What cannot or must not be taken back is listed.
func (r *Responder) takeBack(ctx context.Context, res *Result) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		res.Err, res.Retry = err, true
		return
	}
	var steps []change.Step
	seen := map[detect.Effect]bool{}
	for _, d := range res.Detections {
		effect, ok := d.Inverse.Effect(res.Event)
		if !ok || seen[effect] {
			continue
		}
		seen[effect] = true
		step, why, err := r.inverse(ctx, res, effect)
		switch {
		case err != nil:
			res.Err, res.Retry = fmt.Errorf("take back %s: %w", res.Event.Name, err), true
			return
		case why != "":
			res.Taken = append(res.Taken, "not taken back: "+why)
		case !planned(in, step):
			steps = append(steps, step.Because("takes back "+res.Event.Name+" of event "+res.Event.ID))
		}
	}
	if len(steps) == 0 {
		return
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "take back " + res.Event.Name + " of " + caller(res.Actor), Reason: "event " + res.Event.ID, Steps: steps,
	})
	if err != nil {
		res.Err, res.Retry = err, true
		return
	}
	if r.AskFirst {
		if err := r.propose(ctx, res, plan, "what the call did is taken back after approval only"); err != nil {
			res.Err, res.Retry = err, true
		}
		return
	}
	report, err := r.Applier.Run(ctx, plan)
	if err != nil {
		res.Err, res.Retry = err, true
		return
	}
	for _, s := range report.Steps {
		switch s.Outcome.Status {
		case ledger.Done, ledger.Already:
			res.Taken = append(res.Taken, s.Step.String())
		case ledger.Changed:
			// It is not as the call left it: somebody dealt with it.
			res.Taken = append(res.Taken, "not taken back: "+s.Step.String()+": "+s.Outcome.Error)
		default:
			res.Taken = append(res.Taken, "not taken back: "+s.Step.String()+": "+s.Outcome.Error)
			err := &stepError{s.Outcome}
			res.Err = errors.Join(res.Err, fmt.Errorf("take back %s: %w", res.Event.Name, err))
			// What warden's role may not do, it may not do next time either.
			res.Retry = res.Retry || !impossible(err)
		}
	}
}

// planned reports whether the incident has a step for this already, given
// back or not: what a person gave back is not taken again for the same event.
func planned(in ledger.Incident, step change.Step) bool {
	return slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool {
		return !s.Undo && s.Step.Setting == step.Setting && s.Step.TargetID == step.TargetID && s.Ended()
	})
}

// inverse makes the step that takes back one effect, or says why there is
// none.
func (r *Responder) inverse(ctx context.Context, res *Result, f detect.Effect) (step change.Step, why string, err error) {
	switch f.Undo {
	case detect.DeactivateKey, detect.DetachPolicy, detect.QuarantineUser, detect.QuarantineRole:
	default:
		return step, fmt.Sprintf("%s has to be done by a person (%s)", f.Undo, res.Event.Name), nil
	}
	target, why, err := r.identity(ctx, res, f)
	if err != nil || why != "" {
		return step, why, err
	}
	for _, arn := range slices.Concat(r.Guard.Protected, r.Guard.Self) {
		if arn == target.ARN {
			return step, target.ARN + " is protected", nil
		}
	}
	switch f.Undo {
	case detect.DeactivateKey:
		return change.DeactivateKey(target, f.Credential), "", nil
	case detect.DetachPolicy:
		if strings.EqualFold(f.Policy, r.denyARN()) {
			return step, "what is attached is the deny policy itself", nil
		}
		return change.Detach(target, f.Policy), "", nil
	default:
		return change.Attach(target, r.denyARN()), "", nil
	}
}

// identity finds the user, role or group that the effect is about, as it is
// now. A created one must be the very one that the call created.
func (r *Responder) identity(ctx context.Context, res *Result, f detect.Effect) (id change.Identity, why string, err error) {
	created := ""
	switch {
	case f.User != "":
		u, err := r.Lookup.User(ctx, f.User)
		if err != nil {
			return id, "", err
		}
		if u == nil {
			return id, "user " + f.User + " does not exist any more", nil
		}
		id, created = change.Identity{ARN: u.ARN, ID: u.ID}, res.Event.ResponseString("user", "userId")
	case f.Role != "":
		role, err := r.Lookup.Role(ctx, f.Role)
		if err != nil {
			return id, "", err
		}
		if role == nil {
			return id, "role " + f.Role + " does not exist any more", nil
		}
		id, created = change.Identity{ARN: role.ARN, ID: role.ID}, res.Event.ResponseString("role", "roleId")
	default:
		// A group's ARN needs its path, which the event does not have, and
		// all its members would feel a mistake.
		return id, "group " + f.Group + " has to be looked at by a person", nil
	}
	if created != "" && created != id.ID {
		return id, fmt.Sprintf("%s was made anew since: the call made %s, now it is %s", id.ARN, created, id.ID), nil
	}
	return id, "", nil
}
