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
	"warden/finding"
	"warden/guard"
	"warden/trail"
)

// containment is what has to be true of a caller who is contained: one
// setting of his identity, or one statement about him.
type containment struct {
	// step makes it so, from the live state; first are steps that it needs,
	// more are further steps that belong to it.
	first, more []change.Step
	step        change.Step
	// inPlace says that the setting was found as step would leave it.
	inPlace bool
	// level is what it denies.
	level guard.Level
	// policy is the level whose managed deny policy does it, so that its
	// content decides; "" for none.
	policy guard.Level
	// prove shows with the policy engine that the setting denies what the
	// level denies; nil where nothing of the kind can be shown.
	prove func(ctx context.Context, found change.State) error
	// evidence says in words what prove showed.
	evidence string
	// open says what the containment leaves open that it should not.
	open []string
	// all says that it denies everything, whatever its level.
	all bool
}

// contain denies to the caller what the level denies, proves it, tells
// people, and takes back what his call did where that is asked for.
func (r *Responder) contain(ctx context.Context, res *Result, start time.Time) {
	if res.Credential == "" && lastAdministrator(res) {
		r.spare(ctx, res)
		return
	}
	if gone, err := r.keyIsGone(ctx, res); err != nil {
		r.fail(ctx, res, err)
		return
	} else if gone {
		res.Reason += "; the key does not exist any more"
		r.alert(ctx, res)
		return
	}
	more, err := r.mayDoMore(ctx, res)
	if err != nil {
		r.fail(ctx, res, err)
		return
	}
	level := guard.DenyIAM
	if r.Guard.Level == guard.DenyAll && more {
		level = guard.DenyAll
	}
	c, plan, err := r.goWays(ctx, res, level, more)
	r.tellMistakes(ctx, res)
	switch {
	case errors.Is(err, errLeft):
		res.Reason += "; " + typeOf(res.Subject.ARN) + " " + res.Subject.Name + " was deleted meanwhile; what was made with it may remain"
		res.Verdict = guard.Escalate
		r.alert(ctx, res)
		return
	case errors.Is(err, errBusy):
		res.Action, res.Retry = Joined, true
		return
	case err != nil:
		r.fail(ctx, res, err)
		return
	case plan.ID == "":
		return // given back since
	}
	res.Took = r.Now().Sub(start)
	open, err := r.stillOpen(ctx, res, c, plan)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
	}
	if res.Action != Joined {
		res.Next = nextLook(r.Now(), r.Now())
	}
	if !more || !r.Guard.UndoActions {
		if err := r.closeKey(ctx, res); err != nil {
			res.Err, res.Retry = errors.Join(res.Err, err), true
		}
	}
	if !more {
		if err := r.proposeMore(ctx, res); err != nil {
			res.Err, res.Retry = errors.Join(res.Err, err), true
		}
	}
	if r.Guard.UndoActions {
		wait := ""
		if !more {
			wait = r.whyAsk()
		}
		r.takeBack(ctx, res, wait)
		if res.Action == Joined {
			r.tellLeft(ctx, res) // the incident was told of before
		}
	}
	if len(open) > 0 {
		r.tell(ctx, res, plan.Round, string(PartlyContained), r.partlyMessage(*res, plan, open))
		return
	}
	r.tell(ctx, res, plan.Round, string(Contained), r.containedMessage(*res, plan, c))
}

// stillOpen closes what the containment leaves open, where that can be done,
// and returns and records the rest. What an earlier event left open is in the
// ledger.
func (r *Responder) stillOpen(ctx context.Context, res *Result, c containment, plan change.Plan) ([]string, error) {
	if res.Action == Joined {
		in, err := r.Ledger.Incident(ctx, res.Incident)
		if err != nil || in.Status != ledger.StatusPartly {
			return nil, err
		}
		for _, v := range slices.Backward(in.Verifications) {
			if v.Level == ledger.PartlyContained {
				return v.Evidence, nil
			}
		}
		return nil, nil
	}
	open := slices.Clone(c.open)
	if c.prove == nil && res.Credential == "" && r.Guardrail.binds(r.Account) {
		open = r.alsoGuardrail(ctx, res, c, open)
	}
	if open = append(open, r.follow(ctx, res)...); len(open) == 0 {
		return nil, nil
	}
	res.Action = PartlyContained
	_, err := r.Ledger.RecordVerification(ctx, res.Incident, plan.Round, ledger.Verification{Level: ledger.PartlyContained, Evidence: open})
	return open, err
}

// maxMoves is how often a caller is looked for anew who has another name each
// time that he is to be contained.
const maxMoves = 3

// errLeft says that the caller, or his role, was deleted while he was to be
// contained.
var errLeft = errors.New("it does not exist any more")

// goWays goes the ways to contain the caller. One who got another name since
// he was looked up is looked for by his unique id, and the ways are gone
// again there.
func (r *Responder) goWays(ctx context.Context, res *Result, level guard.Level, more bool) (c containment, plan change.Plan, err error) {
	for move := 0; ; move++ {
		ways, werr := r.ways(ctx, res, level, more)
		if werr != nil {
			return c, plan, werr
		}
		c, plan, err = r.tryWays(ctx, res, ways)
		switch {
		case err == nil || errors.Is(err, errBusy) || move == maxMoves:
			return c, plan, err
		case res.Actor.Kind == trail.AssumedRole && res.Actor.Role != nil:
			role, rerr := r.Lookup.Role(ctx, res.Actor.Role.Name)
			if rerr == nil && (role == nil || role.ID != res.Actor.Role.ID) {
				err = errLeft
			}
			return c, plan, err
		case !isUser(res.Actor.Kind):
			return c, plan, err
		}
		var f guard.Facts
		r.userFacts(ctx, &f, trail.Issuer{ARN: res.live.ARN, ID: res.live.ID, Name: res.live.Name})
		switch {
		case len(f.Gaps) > 0 || f.User.ARN == res.live.ARN && f.User.ID == res.live.ID:
			return c, plan, err
		case f.User.ID != res.live.ID:
			return c, plan, errLeft
		}
		res.live = f.User
	}
}

// tellMistakes tells people of others who got what was meant for the caller,
// because they had his name by then, and have it still: what the guard may
// attach it may not be allowed to take off.
func (r *Responder) tellMistakes(ctx context.Context, res *Result) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	for _, s := range in.Mistakes() {
		d := details(*res)
		d.State = fmt.Sprintf("MISTAKEN: %s (unique id %s) had the caller's name for a moment and got what was meant for him; it could not be taken back: %s",
			s.Step.Target, s.Step.TargetID, s.Outcome.Error)
		d.Next = "give it back with an administrator's credentials by the line below, which releases the caller too, or by hand: " + s.Step.String()
		d.Undo = r.undoCommand(res.Incident)
		r.tell(ctx, res, 0, "mistaken "+change.Short(s.Step.ID), message(*res, finding.Critical, "warden denied the wrong identity: "+s.Step.Target, d))
	}
}

// tryWays goes the ways one after the other until one works. The plan is
// empty when a person gave the containment back after the event.
func (r *Responder) tryWays(ctx context.Context, res *Result, ways []way) (containment, change.Plan, error) {
	var tried []error
	for _, way := range ways {
		c, err := way.read(ctx)
		var plan change.Plan
		if err == nil {
			if r.wasGivenBackSince(ctx, res, c) {
				res.Action = Joined
				return c, change.Plan{}, nil
			}
			plan, err = r.denyOrRepair(ctx, res, c)
		}
		if err == nil {
			return c, plan, nil
		}
		tried = append(tried, err)
		if !impossible(err) {
			break
		}
	}
	return containment{}, change.Plan{}, errors.Join(tried...)
}

// denyOrRepair is deny, with a second try where the deny policy was gone or
// changed by somebody who knows it.
func (r *Responder) denyOrRepair(ctx context.Context, res *Result, c containment) (change.Plan, error) {
	plan, err := r.deny(ctx, res, c)
	if err == nil || c.policy == "" || impossible(err) {
		return plan, err
	}
	repaired, rerr := r.ensurePolicy(ctx, c.policy)
	if repaired {
		plan, err = r.deny(ctx, res, c)
	}
	if err = errors.Join(err, rerr); rerr != nil && impossible(rerr) {
		// The way needs a policy that warden may neither make nor repair.
		err = fmt.Errorf("%w: %w", errClosed, err)
	}
	return plan, err
}

// deny carries out the containment and proves it.
func (r *Responder) deny(ctx context.Context, res *Result, c containment) (change.Plan, error) {
	plan, state, known, err := r.containPlan(ctx, res, c)
	if err != nil {
		res.Action = NotContained
		return plan, err
	}
	if err := r.verify(ctx, res, c, plan, state, known); err != nil {
		res.Action = NotProved
		return plan, err
	}
	return plan, nil
}

// wasGivenBackSince reports whether a person undid the containment after the
// event happened, whichever way it had been contained: an old event that
// arrives late must not bring it back.
func (r *Responder) wasGivenBackSince(ctx context.Context, res *Result, c containment) bool {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return false
	}
	undone := map[string]bool{}
	for _, s := range in.Steps {
		switch {
		case s.Undo || !s.Ended() || !s.Step.After.Exists || strings.HasPrefix(s.Step.Reason, putsBack):
		case s.Step.Target != c.step.Target && !change.IsGuardrail(s.Step.Target):
		case s.UndoneBy == "" && s.Step.Setting == c.step.Setting:
			return false
		case res.Event.Time.Before(s.ReleasedAt.Truncate(time.Second)):
			return true
		case s.UndoneBy != "":
			undone[s.UndoneBy] = true
		}
	}
	return slices.ContainsFunc(in.Steps, func(u ledger.StepState) bool {
		return undone[u.Step.ID] && res.Event.Time.Before(u.TouchedAt.Truncate(time.Second))
	})
}

// lastStep is the newest step of the incident that contains as the step like
// does: by the same setting, or by a statement about the same caller in the
// same document, whatever its bound.
func lastStep(in ledger.Incident, like change.Step) *ledger.StepState {
	for i := len(in.Steps) - 1; i >= 0; i-- {
		if s := &in.Steps[i]; !s.Undo && s.Step.After.Exists && (s.Step.Setting == like.Setting || sameDenial(s.Step, like)) {
			return s
		}
	}
	return nil
}

func sameDenial(a, b change.Step) bool {
	if a.Kind != change.Statement || b.Kind != change.Statement || a.Target != b.Target {
		return false
	}
	x, xok := change.ReadDenial(a.After.Text)
	y, yok := change.ReadDenial(b.After.Text)
	return xok && yok && x.Action == y.Action && x.Key == y.Key && x.Value == y.Value
}

// containPlan carries out the containment, or finishes or confirms one that
// is there, and returns its plan with the state in which the setting was
// found last. known says that the event tells nothing new about a containment
// that is there.
func (r *Responder) containPlan(ctx context.Context, res *Result, c containment) (plan change.Plan, found change.State, known bool, err error) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		return change.Plan{}, change.Absent, false, err
	}
	last := lastStep(in, c.step)
	// A boundary can be moved to several policies, each another way.
	if last != nil && last.UndoneBy == "" && last.Step.Setting == c.step.Setting && last.Step.After.Same(c.step.After) {
		plan, err := r.Ledger.Plan(ctx, res.Incident, last.Round)
		if err != nil {
			return change.Plan{}, change.Absent, false, err
		}
		switch {
		case !last.Ended():
			res.Action = Contained
			state, err := r.run(ctx, plan, last.Step.ID)
			return plan, state, false, err
		case last.Status() == ledger.Unconfirmed:
			// It is not known to be there: what is live decides.
		case !res.Event.Time.After(last.TouchedAt):
			// An event from before the containment tells nothing new about
			// it; a later one that succeeded means that it may be gone.
			res.Action = Joined
			return plan, last.Outcome.Found, true, nil
		case c.inPlace:
			// IAM was still spreading it, or its content was changed.
			res.Action = Joined
			return plan, c.step.After, false, nil
		}
	}
	plan, err = change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "contain " + caller(res.Actor), Reason: res.Reason, Steps: c.steps(res.Reason),
	})
	if err != nil {
		return change.Plan{}, change.Absent, false, err
	}
	res.Action = Contained
	state, err := r.run(ctx, plan, c.in(plan))
	var other *apply.OtherPlanError
	if errors.As(err, &other) && len(other.Recorded.Steps) > 0 {
		// Another worker was faster; finishing his plan is containing too.
		plan = other.Recorded
		state, err = r.run(ctx, plan, c.in(plan))
	}
	return plan, state, false, err
}

// in is the id of the step in a plan that contains as c does. In another
// worker's plan it may be another statement, or another setting altogether.
func (c containment) in(p change.Plan) string {
	i := slices.IndexFunc(p.Steps, func(s change.Step) bool { return s.Setting == c.step.Setting })
	if i < 0 {
		i = slices.IndexFunc(p.Steps, func(s change.Step) bool { return sameDenial(s, c.step) })
	}
	return p.Steps[max(i, 0)].ID
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
	var out []change.Step
	for _, s := range slices.Concat(c.first, []change.Step{c.step}, c.more) {
		out = append(out, s.Because(reason))
	}
	return out
}

// errBusy says that another worker is at the same containment.
var errBusy = errors.New("another worker is at it")

// stepError is a step that did not reach its effect.
type stepError struct{ ledger.Outcome }

func (e *stepError) Error() string { return e.Outcome.Error }

// errClosed says that a way to contain cannot be gone at all.
var errClosed = errors.New("this way is closed")

// impossible reports whether AWS will answer the same whenever it is asked: a
// quota is full, the identity cannot be changed, or warden's role may not.
// Then another way has to be gone; else the same is tried again.
func impossible(err error) bool {
	if errors.Is(err, errClosed) {
		return true
	}
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
func (r *Responder) verify(ctx context.Context, res *Result, c containment, plan change.Plan, found change.State, known bool) error {
	if c.prove == nil {
		if res.Action != Joined {
			res.Action = PartlyContained
		}
		return nil
	}
	if known {
		in, err := r.Ledger.Incident(ctx, res.Incident)
		if err == nil && verified(in) && in.Status != ledger.StatusPartly {
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

// verified reports whether the containment of an incident is proved, or as
// much of it as could be had.
func verified(in ledger.Incident) bool {
	switch in.Status {
	case ledger.StatusConfigured, ledger.StatusObserved, ledger.StatusPartly:
		return true
	}
	return false
}

// fail reports a containment that did not work: people are told, and the
// event comes back.
func (r *Responder) fail(ctx context.Context, res *Result, err error) {
	if res.Action != NotProved {
		res.Action = NotContained
	}
	if errors.Is(err, errNobodyCan) {
		// Trying again changes nothing: a person has to do it.
		r.tell(ctx, res, 0, occasion(*res), r.byHandMessage(*res, err))
		return
	}
	m := r.byHand(*res)
	if m.next == "" && len(m.commands) == 0 {
		m = r.denyByHand(ctx, *res, err)
	}
	r.tell(ctx, res, 0, occasion(*res), failedMessage(*res, err, m))
	res.Err = errors.Join(fmt.Errorf("contain %s: %w", caller(res.Actor), err), res.Err)
	res.Retry = true
}

// lastAdministrator reports whether the caller is the only administrator that
// is left, as IAM was seen last, and one who counts, seen as one before the
// event by so long that it cannot be what made him one: to contain him would
// lock everybody out. Who took the place of the administrators is not spared,
// however long ago.
func lastAdministrator(res *Result) bool {
	if res.baseline == nil || len(res.baseline.Seen) == 0 || res.Subject.ID == "" {
		return false
	}
	newest := slices.MaxFunc(res.baseline.Seen, func(a, b guard.Seen) int { return a.At.Compare(b.At) })
	return len(newest.IDs) == 1 && newest.IDs[0] == res.Subject.ID && res.baseline.Counts(res.Subject.ID, res.Event.Time) &&
		slices.ContainsFunc(res.baseline.Seen, func(s guard.Seen) bool {
			return slices.Contains(s.IDs, res.Subject.ID) && res.Event.Time.Sub(s.At) > guard.Ripe
		})
}

// spare tells people of a caller who is not contained because nobody else
// could give that back.
func (r *Responder) spare(ctx context.Context, res *Result) {
	res.Reason += "; he is the last administrator, so he is not contained"
	res.Verdict = guard.Escalate
	r.alert(ctx, res)
}

// isUser reports whether a kind of caller acts with the rights of a user.
func isUser(k trail.Kind) bool {
	return k == trail.IAMUser || k == trail.IAMUserSession || k == trail.FederatedUser
}
