package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"warden/change"
	"warden/change/ledger"
)

// Undo is a plan that gives back, and what has to be known before it is run.
type Undo struct {
	// Incident is what is given back.
	Incident string `json:"-"`
	// Plan has one step for every setting that was changed, the setting
	// changed last first. It is empty when there is nothing to give back.
	Plan change.Plan `json:"plan"`
	// Conflicts lists the settings that are in neither the state that we left
	// nor the former one: somebody changed them since. Without Force such an
	// undo has no plan.
	Conflicts []Conflict `json:"conflicts,omitempty"`
	// Released are the ids of steps that are given back without a call: what
	// they did was so before, or stays because another incident wants it so.
	// Stays says which.
	Released []string `json:"released,omitempty"`
	Stays    []string `json:"stays,omitempty"`
	// Left lists what cannot be given back, and why.
	Left []string `json:"left,omitempty"`
	// Lost lists what is lost although the step is given back.
	Lost []string `json:"lost,omitempty"`
}

// Conflict is a setting that was changed after we changed it.
type Conflict struct {
	Setting  change.Setting `json:"setting"`
	Expected change.State   `json:"expected"` // as we left it
	Found    change.State   `json:"found"`
	Former   change.State   `json:"former"` // what undo would restore
}

func (c Conflict) String() string {
	return fmt.Sprintf("%s changed since: left %s, found %s, former state %s", c.Setting, c.Expected, c.Found, c.Former)
}

// ChangedError says that undo was refused; no call was made.
type ChangedError struct{ Conflicts []Conflict }

func (e *ChangedError) Error() string {
	msg := e.Conflicts[0].String()
	if n := len(e.Conflicts) - 1; n > 0 {
		msg += fmt.Sprintf(" (and %d more)", n)
	}
	return msg
}

// UndoOptions tune UndoPlan.
type UndoOptions struct {
	// Force plans to restore the former state over what somebody else changed
	// since.
	Force  bool
	Reason string
}

// ErrUnderWay: a step of the incident has no end yet; resume first.
var ErrUnderWay = errors.New("is not finished")

// UndoPlan builds the plan that restores the exact state from before an
// incident, or before one step of it when step is not empty. A setting that
// was changed by several steps goes back to what it was before the first.
// Steps given back earlier are left out, so a second undo has nothing to do.
// What another incident did too, or found so and wants so, stays until that is
// given back as well; the last one brings it back. It reads the live state and calls nothing that changes the account.
//
// When somebody changed a setting since, the error is a *ChangedError, the
// conflicts are in the result too, and the result has no plan.
func (a *Applier) UndoPlan(ctx context.Context, incident, step string, o UndoOptions) (Undo, error) {
	in, err := a.ledger.Incident(ctx, incident)
	if err != nil {
		return Undo{}, err
	}
	groups, err := bySetting(in, step)
	if err != nil {
		return Undo{}, err
	}
	var shared others
	if len(groups) > 0 {
		if shared.all, err = a.ledger.Incidents(ctx); err != nil {
			return Undo{}, err
		}
	}
	p := change.Plan{Incident: incident, Round: in.NextRound(), Undo: true, Reason: o.Reason, CreatedAt: a.o.Now().UTC(), Account: in.Account,
		Title: "give back what was done about " + in.Title}
	u := Undo{Incident: incident}
	for _, g := range groups {
		if p.Account = g[0].Account; a.o.Account != "" && p.Account != a.o.Account {
			return Undo{}, fmt.Errorf("incident %s is of account %s, the credentials are for %s", change.Short(incident), p.Account, a.o.Account)
		}
		g = shared.together(in.ID, g, &u)
		if g == nil {
			continue
		}
		steps, err := a.giveBack(ctx, in.ID, g, o.Force, &u)
		if err != nil {
			return Undo{}, err
		}
		p.Steps = append(p.Steps, steps...)
	}
	if step == "" {
		steps, err := a.mistakes(ctx, in, o.Force, &u)
		if err != nil {
			return Undo{}, err
		}
		p.Steps = append(p.Steps, steps...)
	}
	p.Steps = joined(p.Steps)
	if len(u.Conflicts) > 0 && !o.Force {
		return u, &ChangedError{u.Conflicts}
	}
	if len(p.Steps) == 0 {
		return u, nil
	}
	for _, s := range p.Steps {
		u.Lost = append(u.Lost, s.Lost()...)
	}
	u.Plan, err = change.NewPlan(p)
	return u, err
}

// bySetting groups the steps that are to be given back by what they changed;
// the setting changed last comes first.
func bySetting(in ledger.Incident, step string) ([][]ledger.StepState, error) {
	known := false
	var order []change.Setting
	groups := map[change.Setting][]ledger.StepState{}
	for _, s := range in.Steps {
		chosen := step == "" && !s.Undo || step == s.Step.ID
		if !chosen {
			continue
		}
		known = true
		if s.Status() == ledger.Pending {
			return nil, fmt.Errorf("step %s (%s) %w: resume it first", change.Short(s.Step.ID), s.Step, ErrUnderWay)
		}
		if !s.InForce() && (s.Status() != ledger.Already || s.UndoneBy != "") {
			continue
		}
		if i := slices.Index(order, s.Step.Setting); i >= 0 {
			order = slices.Delete(order, i, i+1)
		}
		order = append(order, s.Step.Setting)
		groups[s.Step.Setting] = append(groups[s.Step.Setting], s)
	}
	if step != "" && !known {
		return nil, fmt.Errorf("step %s of incident %s: %w", change.Short(step), change.Short(in.ID), ledger.ErrNotFound)
	}
	out := make([][]ledger.StepState, 0, len(order))
	for _, s := range slices.Backward(order) {
		out = append(out, groups[s])
	}
	return out, nil
}

// giveBack makes the steps that bring one setting back to its state before
// the first of the steps g.
func (a *Applier) giveBack(ctx context.Context, incident string, g []ledger.StepState, force bool, u *Undo) ([]change.Step, error) {
	first, last := g[0], g[len(g)-1]
	s := last.Step
	left := s.After
	if o := last.Outcome; o != nil && o.Status == ledger.Done && o.Found.Exists {
		left = o.Found // names the version that IAM chose
	}
	setting, found, err := a.found(ctx, s)
	if errors.Is(err, ErrGone) || errors.Is(err, ErrNoOrganization) {
		u.Left = append(u.Left, fmt.Sprintf("%s: %v", s.Setting, err))
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if found.Same(first.Former) && refusedAll(g) {
		return nil, nil
	}
	s.Setting = setting
	from := left
	if !found.Same(left) && !found.Same(first.Former) {
		u.Conflicts = append(u.Conflicts, Conflict{s.Setting, left, found, first.Former})
		if !force {
			return nil, nil
		}
		from = found
	}
	if from.Same(first.Former) {
		return nil, nil // the steps cancelled each other out
	}
	back := change.Transition(s.Setting, s.TargetID, from, first.Former)
	if back.Action == "" {
		u.Left = append(u.Left, fmt.Sprintf("%s: no call brings it from %s back to %s", s.Setting, from, first.Former))
		return nil, nil
	}
	for _, st := range g {
		if st.Incident == incident {
			back.Undoes = append(back.Undoes, st.Step.ID)
		}
	}
	back = back.Because("give back " + change.Short(s.ID))
	return append([]change.Step{back}, addedVersions(g)...), nil
}

// refusedAll reports whether AWS refused every one of the steps, so that they
// left nothing to give back.
func refusedAll(g []ledger.StepState) bool {
	return !slices.ContainsFunc(g, func(s ledger.StepState) bool { return !s.Refused() })
}

// joined makes one step of those that came to be about the same setting,
// because its user was renamed between them. The oldest comes last, and what
// it restores counts.
func joined(steps []change.Step) []change.Step {
	var out []change.Step
	for _, s := range steps {
		i := slices.IndexFunc(out, func(o change.Step) bool { return o.Setting == s.Setting })
		if i < 0 || len(s.Undoes) == 0 || len(out[i].Undoes) == 0 {
			out = append(out, s)
			continue
		}
		both := change.Transition(s.Setting, s.TargetID, out[i].Before, s.After)
		both.Undoes, both.Reason = slices.Concat(out[i].Undoes, s.Undoes), out[i].Reason
		out[i] = both
	}
	return out
}

// addedVersions makes the steps that delete the policy versions which the
// steps g added, once they are no longer in force.
func addedVersions(g []ledger.StepState) []change.Step {
	var out []change.Step
	for _, st := range slices.Backward(g) {
		if st.Step.Action == change.CreatePolicyVersionAction && st.Outcome != nil && st.Outcome.Found.Version != "" {
			out = append(out, change.DeletePolicyVersion(st.Step.Target, st.Outcome.Found.Version, st.Step.After.Text).
				Because("added by "+change.Short(st.Step.ID)))
		}
	}
	return out
}

// Undo runs a plan that UndoPlan made.
func (a *Applier) Undo(ctx context.Context, u Undo) (r Report, err error) {
	if len(u.Plan.Steps) > 0 {
		r, err = a.Run(ctx, u.Plan)
	}
	if err == nil && len(u.Released) > 0 {
		_, err = a.ledger.Release(ctx, u.Incident, u.Released)
	}
	return r, err
}
