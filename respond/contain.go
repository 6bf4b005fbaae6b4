package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/policy"
	"warden/trail"
)

// containment is what has to be true of a caller who is contained: one
// setting of his identity.
type containment struct {
	// step makes it so, from the live state; more are further steps that
	// belong to it.
	step change.Step
	more []change.Step
	// byDenyPolicy says that the managed deny policy does it, so that its
	// content decides.
	byDenyPolicy bool
	// prove shows with the policy engine that the setting denies IAM; nil
	// where nothing of the kind can be shown.
	prove func(ctx context.Context, found change.State) error
	// evidence says in words what prove showed.
	evidence string
}

// contain denies IAM to the caller, proves it, tells people, and takes back
// what his call did where that is asked for.
func (r *Responder) contain(ctx context.Context, res *Result, start time.Time) {
	ways, err := r.ways(ctx, res)
	if err != nil {
		r.fail(ctx, res, err)
		return
	}
	var plan change.Plan
	var tried []error
	for _, way := range ways {
		c, err := way.read(ctx)
		if err == nil {
			if r.wasGivenBackSince(ctx, res, c) {
				res.Action = Joined
				return
			}
			plan, err = r.denyOrRepair(ctx, res, c)
		}
		if err == nil {
			tried = nil
			break
		}
		tried = append(tried, err)
		if !impossible(err) {
			break
		}
	}
	if errors.Is(errors.Join(tried...), errBusy) {
		res.Action, res.Retry = Joined, true
		return
	}
	if tried != nil {
		r.fail(ctx, res, errors.Join(tried...))
		return
	}
	res.Took = r.Now().Sub(start)
	if r.Guard.UndoActions {
		r.takeBack(ctx, res)
	}
	if res.Action == PartlyContained {
		r.tell(ctx, res, plan.Round, string(PartlyContained), r.partlyMessage(*res, plan))
		return
	}
	r.tell(ctx, res, plan.Round, string(Contained), r.containedMessage(*res, plan))
}

// denyOrRepair is deny, with a second try where the deny policy was gone or
// changed by somebody who knows it.
func (r *Responder) denyOrRepair(ctx context.Context, res *Result, c containment) (change.Plan, error) {
	plan, err := r.deny(ctx, res, c)
	if err == nil || !c.byDenyPolicy || impossible(err) {
		return plan, err
	}
	repaired, rerr := r.ensureDenyPolicy(ctx)
	if repaired {
		plan, err = r.deny(ctx, res, c)
	}
	return plan, errors.Join(err, rerr)
}

// deny carries out the containment and proves it.
func (r *Responder) deny(ctx context.Context, res *Result, c containment) (change.Plan, error) {
	plan, state, err := r.containPlan(ctx, res, c)
	if err != nil {
		res.Action = NotContained
		return plan, err
	}
	if err := r.verify(ctx, res, c, plan, state); err != nil {
		res.Action = NotProved
		return plan, err
	}
	return plan, nil
}

// sessionContainment denies IAM to one session of a role, for tokens issued
// until now, in one inline policy that the role's denied sessions share.
func (r *Responder) sessionContainment(ctx context.Context, a trail.Actor) (containment, error) {
	role, err := r.Lookup.Role(ctx, a.Role.Name)
	switch {
	case err != nil:
		return containment{}, err
	case role == nil:
		return containment{}, fmt.Errorf("role %s does not exist any more; its sessions end with it", a.Role.Name)
	case role.ID != a.Role.ID:
		return containment{}, fmt.Errorf("role %s was made anew since: the caller's is %s, now it is %s", a.Role.Name, a.Role.ID, role.ID)
	}
	name := guard.SessionPolicyName(r.Guard.DenyPolicy)
	now := r.Now()
	target := change.Identity{ARN: role.ARN, ID: role.ID}
	former, err := r.Lookup.Setting(ctx, change.Setting{Kind: change.Inline, Target: role.ARN, Name: name})
	if err != nil {
		return containment{}, err
	}
	document, err := guard.DenySession(former.Text, a.UserID, now)
	if err != nil {
		return containment{}, err
	}
	c := containment{
		step:     change.PutInline(target, name, former, document).Captured(now),
		evidence: fmt.Sprintf("inline policy %s of role %s explicitly denies every IAM call to session %s", name, role.Name, a.SessionName),
	}
	c.prove = func(_ context.Context, found change.State) error {
		doc, err := policy.ParseStored(name, []byte(found.Text))
		if err != nil {
			return err
		}
		issued := a.IssuedAt
		if issued.IsZero() {
			issued = now
		}
		facts := policy.Context{}
		facts.Set("aws:userid", policy.One(a.UserID))
		facts.Set("aws:TokenIssueTime", policy.One(issued.UTC().Format(time.RFC3339)))
		return guard.ProveDenied(doc, policy.Principal{Type: policy.Session, ARN: a.ARN, Account: r.Account, RoleARN: role.ARN}, facts)
	}
	return c, nil
}

// wasGivenBackSince reports whether a person undid the containment after the
// event happened: an old event that arrives late must not bring it back.
func (r *Responder) wasGivenBackSince(ctx context.Context, res *Result, c containment) bool {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return false
	}
	s := lastStep(in, c.step.Setting)
	if s == nil || s.UndoneBy == "" {
		return false
	}
	for _, u := range in.Steps {
		if u.Step.ID == s.UndoneBy {
			return res.Event.Time.Before(u.TouchedAt.Truncate(time.Second))
		}
	}
	return false
}

// lastStep is the newest step of the incident that contains by the setting.
func lastStep(in ledger.Incident, setting change.Setting) *ledger.StepState {
	for i := len(in.Steps) - 1; i >= 0; i-- {
		if s := &in.Steps[i]; !s.Undo && s.Step.Setting == setting && s.Step.After.Exists {
			return s
		}
	}
	return nil
}

// containPlan carries out the containment, or finishes or confirms one that
// is there, and returns its plan with the state in which the setting was
// found last.
func (r *Responder) containPlan(ctx context.Context, res *Result, c containment) (change.Plan, change.State, error) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return change.Plan{}, change.Absent, err
	}
	last := lastStep(in, c.step.Setting)
	if last != nil && last.UndoneBy == "" {
		plan, err := r.Ledger.Plan(ctx, res.Incident, last.Round)
		if err != nil {
			return change.Plan{}, change.Absent, err
		}
		// An event from before the containment tells nothing new about it; a
		// later one that succeeded means that it may be gone.
		if last.Ended() && !res.Event.Time.After(last.TouchedAt) {
			res.Action = Joined
			return plan, last.Outcome.Found, nil
		}
		if !last.Ended() {
			res.Action = Contained
			state, err := r.run(ctx, plan, last.Step.ID)
			return plan, state, err
		}
	}
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "contain " + caller(res.Actor), Reason: res.Reason, Steps: c.steps(res.Reason),
	})
	if err != nil {
		return change.Plan{}, change.Absent, err
	}
	res.Action = Contained
	state, err := r.run(ctx, plan, plan.Steps[0].ID)
	var other *apply.OtherPlanError
	if errors.As(err, &other) && len(other.Recorded.Steps) > 0 {
		// Another worker was faster; finishing his plan is containing too.
		plan = other.Recorded
		state, err = r.run(ctx, plan, plan.Steps[0].ID)
	}
	return plan, state, err
}

// run carries out a plan and returns the state in which it left the setting
// of one step.
func (r *Responder) run(ctx context.Context, p change.Plan, step string) (change.State, error) {
	out, err := r.Applier.Run(ctx, p)
	if err != nil {
		return change.Absent, err
	}
	for _, s := range out.Steps {
		switch s.Outcome.Status {
		case ledger.Done, ledger.Already, ledger.Unconfirmed:
			continue
		case ledger.Pending:
			return change.Absent, errBusy
		}
		s.Outcome.Error = fmt.Sprintf("%s: %s: %s", s.Step, s.Outcome.Status, s.Outcome.Error)
		return change.Absent, &stepError{s.Outcome}
	}
	for _, s := range out.Steps {
		if s.Step.ID != step {
			continue
		}
		if s.Outcome.Status == ledger.Unconfirmed {
			return s.Outcome.Found, fmt.Errorf("%s: the call was accepted, its effect could not be read back", s.Step)
		}
		return s.Outcome.Found, nil
	}
	return change.Absent, nil
}

// steps are the steps of the containment with the reason for them.
func (c containment) steps(reason string) []change.Step {
	out := []change.Step{c.step.Because(reason)}
	for _, s := range c.more {
		out = append(out, s.Because(reason))
	}
	return out
}

// errBusy says that another worker is at the same containment.
var errBusy = errors.New("another worker is at it")

// stepError is a step that did not reach its effect.
type stepError struct{ ledger.Outcome }

func (e *stepError) Error() string { return e.Outcome.Error }

// impossible reports whether AWS will answer the same whenever it is asked: a
// quota is full, the identity cannot be changed, or warden's role may not.
// Then another way has to be gone; else the same is tried again.
func impossible(err error) bool {
	var e *stepError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "LimitExceeded", "AccessDenied", "UnmodifiableEntity", "PolicyNotAttachable":
		return true
	}
	return false
}

// verify proves the containment and records the proof, unless it is recorded
// already.
func (r *Responder) verify(ctx context.Context, res *Result, c containment, plan change.Plan, found change.State) error {
	if c.prove == nil {
		res.Action = PartlyContained
		return nil
	}
	if res.Action == Joined {
		in, err := r.Ledger.Incident(ctx, res.Incident)
		if err == nil && (in.Status == ledger.StatusConfigured || in.Status == ledger.StatusObserved) {
			return nil
		}
	}
	if err := c.prove(ctx, found); err != nil {
		return err
	}
	first, err := r.Ledger.RecordVerification(ctx, res.Incident, plan.Round, ledger.Verification{
		Level: ledger.Configured, Evidence: []string{c.evidence},
	})
	if first {
		res.Action = Contained
	}
	return err
}

// fail reports a containment that did not work: people are told, and the
// event comes back.
func (r *Responder) fail(ctx context.Context, res *Result, err error) {
	if res.Action != NotProved {
		res.Action = NotContained
	}
	r.tell(ctx, res, 0, string(res.Action), failedMessage(*res, err))
	res.Err = errors.Join(fmt.Errorf("contain %s: %w", caller(res.Actor), err), res.Err)
	res.Retry = true
}
