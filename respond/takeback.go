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
	"warden/guard/detect"
)

// Taking back follows one rule: what gives nothing to anybody is done at
// once, and so is what puts back a state that is known. What would grant
// something on a guess waits for a person. An intruder chooses his calls and,
// by their number, the order in which they arrive; a guard that guesses what
// there was would grant what he likes.

// answer is what can be done about one effect of a call.
type answer struct {
	// now are done at once, ask after a person approved, why says why he is
	// asked.
	now, ask []change.Step
	why      string
	// tell says what is not taken back, or what a person has to do.
	tell []string
}

// and adds what b does to a.
func (a answer) and(b answer) answer {
	a.now, a.ask, a.tell = append(a.now, b.now...), append(a.ask, b.ask...), append(a.tell, b.tell...)
	if a.why == "" {
		a.why = b.why
	}
	return a
}

func told(format string, args ...any) answer {
	return answer{tell: []string{fmt.Sprintf(format, args...)}}
}

func atOnce(s change.Step) answer { return answer{now: []change.Step{s}} }

func asked(s change.Step, why string, args ...any) answer {
	return answer{ask: []change.Step{s}, why: fmt.Sprintf(why, args...)}
}

// takeBack plans and carries out what takes back the effects of the call:
// a created key is deactivated, an attached policy detached, a created
// identity quarantined. What may grant something is proposed, and what cannot
// or must not be taken back is listed. All of it is proposed where wait says
// why it has to wait for a person.
func (r *Responder) takeBack(ctx context.Context, res *Result, wait string) {
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	all, err := r.answers(ctx, res)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	for _, t := range all.tell {
		res.Taken = append(res.Taken, notTaken+t)
	}
	now := r.undone(in, res, all.now)
	ask := r.undone(in, res, all.ask)
	if wait != "" {
		ask, now, all.why = slices.Concat(now, ask), nil, wait
	}
	if len(ask) > 0 {
		if err := r.askToTakeBack(ctx, res, in, ask, all.why); err != nil {
			res.Err, res.Retry = errors.Join(res.Err, err), true
		}
	}
	if len(now) == 0 {
		return
	}
	plan, err := r.takeBackPlan(res, in, now)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	report, err := r.Applier.Run(ctx, plan)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	for _, s := range report.Steps {
		switch s.Outcome.Status {
		case ledger.Done, ledger.Already:
			res.Taken = append(res.Taken, s.Step.String())
		case ledger.Changed:
			// It is not as the call left it: somebody dealt with it.
			res.Taken = append(res.Taken, notTaken+s.Step.String()+": "+s.Outcome.Error)
		default:
			res.Taken = append(res.Taken, notTaken+s.Step.String()+": "+s.Outcome.Error)
			err := &stepError{s.Outcome}
			res.Err = errors.Join(res.Err, fmt.Errorf("take back %s: %w", res.Event.Name, err))
			// What warden's role may not do, it may not do next time either.
			res.Retry = res.Retry || !impossible(err)
		}
	}
}

// answers finds what can be done about every effect of the call.
func (r *Responder) answers(ctx context.Context, res *Result) (all answer, err error) {
	seen := map[detect.Effect]bool{}
	for _, d := range res.Detections {
		effect, ok := d.Inverse.Effect(res.Event)
		if !ok || seen[effect] {
			continue
		}
		seen[effect] = true
		a, err := r.inverse(ctx, res, effect)
		if apply.IsDenied(err) {
			// What warden's role may not read, it may not read next time
			// either.
			a, err = told("%s: warden's role may not look: %s", res.Event.Name, oneLine(err)), nil
		}
		if err != nil {
			return answer{}, fmt.Errorf("take back %s: %w", res.Event.Name, err)
		}
		all = all.and(a)
	}
	return all, nil
}

// notTaken begins what was not taken back.
const notTaken = "not taken back: "

// maxLeft is of how many calls of one caller people are told one by one that
// they were not taken back. He chooses how many he makes.
const maxLeft = 20

// tellLeft tells people what was not taken back of a call whose incident they
// were told of before, once for each call that leaves the same.
func (r *Responder) tellLeft(ctx context.Context, res *Result) {
	if !slices.ContainsFunc(res.Taken, func(t string) bool { return strings.HasPrefix(t, notTaken) }) {
		return
	}
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	const kind = "left "
	before := map[string]bool{}
	for _, n := range in.Notifications {
		if id, ok := strings.CutPrefix(n.Channel, kind); ok {
			id, _, _ = strings.Cut(id, "/")
			before[id] = true
		}
	}
	id := change.Short(change.Hash(res.Event.ID))
	if len(before) >= maxLeft && !before[id] {
		return
	}
	d := details(*res)
	d.Done, d.State = res.Taken, "contained before; what this call did is not taken back, or not all of it"
	d.Next = "look whether it has to be put right by hand; all that he made: warden guard lineage " + res.Incident
	if len(before) == maxLeft-1 {
		d.Next += "; this is the last such message of this incident"
	}
	r.giveBack(&d, res.Incident)
	r.tell(ctx, res, 0, kind+id, message(*res, max(res.Severity, finding.High), "warden did not take back "+res.Event.Name+" of "+caller(res.Actor), d))
}

func (r *Responder) takeBackPlan(res *Result, in ledger.Incident, steps []change.Step) (change.Plan, error) {
	return change.NewPlan(change.Plan{
		Account: r.Account, Incident: res.Incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "take back " + res.Event.Name + " of " + caller(res.Actor), Reason: "event " + res.Event.ID, Steps: steps,
	})
}

// askToTakeBack proposes steps to people.
func (r *Responder) askToTakeBack(ctx context.Context, res *Result, in ledger.Incident, steps []change.Step, why string) error {
	plan, err := r.takeBackPlan(res, in, steps)
	if err != nil {
		return err
	}
	return r.propose(ctx, res, plan, why)
}

// undone leaves out what the incident has dealt with, and gives the rest its
// reason.
func (r *Responder) undone(in ledger.Incident, res *Result, steps []change.Step) []change.Step {
	var out []change.Step
	for _, s := range steps {
		reason := res.Event.Name + " of event " + res.Event.ID
		if s.Kind != change.Attachment && gives(s) || s.Kind == change.Attachment && s.After.Exists && !r.denies(s.Name) {
			reason = putsBack + reason
		} else {
			reason = takesBack + reason
		}
		if !dealtWith(in, s, reason, res.Event.Time) {
			out = append(out, s.Because(reason))
		}
	}
	return out
}

// takesBack and putsBack begin the reasons of steps that take a call back.
// What is put back denies nobody, so it is not held like a containment: who may
// change it again may do so.
const (
	takesBack = "takes back "
	putsBack  = "puts back what was there before "
)

// dealtWith reports whether the incident has a step that makes this one for
// the same call needless.
//
// A call is dealt with once: what a person gave back is not taken again for
// the same event. Another call may do the same anew, so a step covers only
// calls that were made clearly before it. And where two calls of one caller
// undid each other, he must gain by neither order of their arrival: nothing
// is put back that a step of this incident took away.
func dealtWith(in ledger.Incident, step change.Step, reason string, call time.Time) bool {
	for _, s := range in.Steps {
		if s.Undo || s.Step.Setting != step.Setting || s.Step.TargetID != step.TargetID || !s.Ended() {
			continue
		}
		switch {
		case !s.Step.After.Same(step.After):
			if gives(step) {
				return true
			}
		case s.Step.Reason == reason, s.UndoneBy == "" && strings.HasPrefix(s.Step.Reason, closesKey):
			return true
		case s.UndoneBy != "":
			if at := undoneAt(in, s); call.Before(at.Truncate(timeResolution)) {
				return true
			}
		case call.Add(2 * timeResolution).Before(s.TouchedAt):
			return true
		}
	}
	return false
}

// undoneAt is when a step was given back.
func undoneAt(in ledger.Incident, given ledger.StepState) time.Time {
	for _, s := range in.Steps {
		if s.Step.ID == given.UndoneBy {
			return s.TouchedAt
		}
	}
	return given.ReleasedAt
}

// gives reports whether a step may give somebody something: it brings about
// what was not there, or changes it.
func gives(s change.Step) bool {
	switch s.Kind {
	case change.AccessKey, change.SSHKey, change.Certificate, change.ServiceCredential:
		return s.After.Text == change.Active
	}
	return s.After.Exists
}

// protected reports whether an identity must not be touched.
func (r *Responder) protected(arn string) bool {
	return slices.Contains(r.Guard.Protected, arn) || slices.Contains(r.Guard.Self, arn)
}

// madeWithin is the longest time between a call and the date that IAM gives to
// what it made.
const madeWithin = time.Minute
