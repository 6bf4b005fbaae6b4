package apply

import (
	"context"
	"errors"
	"strings"
	"time"

	"warden/change"
	"warden/change/ledger"
)

// worker is one run of one plan.
type worker struct {
	*Applier
	name     string
	plan     change.Plan
	takeOver time.Duration
}

// step brings one step to its end, from wherever st says that it stands.
func (w worker) step(ctx context.Context, s change.Step, st ledger.StepState) (ledger.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Outcome{}, err
	}
	ctx, done := Grace(ctx, w.o.Grace)
	defer done()
	return w.attempt(ctx, s, st)
}

func (w worker) attempt(ctx context.Context, s change.Step, st ledger.StepState) (ledger.Outcome, error) {
	if st.Ended() {
		return *st.Outcome, nil
	}
	if st.Status() == ledger.Pending {
		return w.finish(ctx, s, st)
	}
	out := ledger.Outcome{Attempt: st.Attempts + 1, Worker: w.name}
	found, err := w.before(ctx, s)
	switch {
	case err != nil:
		if ctx.Err() != nil {
			return ledger.Outcome{}, ctx.Err()
		}
		out.Status, out.Error, out.Code = ledger.Failed, err.Error(), Code(err)
		if errors.Is(err, ErrGone) {
			out.Status = ledger.Changed
		}
		return w.endUncalled(ctx, s, out)
	case found.Same(s.After):
		out.Status, out.Found = ledger.Already, found
		if st.Acted { // an earlier attempt of ours, whose answer was lost
			out.Status = ledger.Done
		}
		return w.endUncalled(ctx, s, out)
	case !found.Same(s.Before):
		c := changed(s, found)
		c.Attempt, c.Worker = out.Attempt, out.Worker
		return w.endUncalled(ctx, s, c)
	}
	mine, err := w.ledger.Intend(ctx, w.plan.Incident, s.ID, ledger.Intent{Plan: w.plan.ID, Attempt: out.Attempt, Worker: w.name, Before: found})
	if err != nil {
		return ledger.Outcome{}, err
	}
	if !mine {
		return w.outrun(ctx, s, out.Attempt)
	}
	return w.act(ctx, s, out)
}

// outrun goes on where another worker had the attempt first. What he calls is
// his, with the rest of the plan; what he ended without a call is ended for
// both, or tried again where that was no success.
func (w worker) outrun(ctx context.Context, s change.Step, attempt int) (ledger.Outcome, error) {
	steps, err := w.ledger.Steps(ctx, w.plan.Incident)
	if err != nil {
		return ledger.Outcome{}, err
	}
	st := byID(steps)[s.ID]
	switch {
	case st.Ended():
		return *st.Outcome, nil
	case st.Attempts < attempt, st.Intent != nil && st.Intent.Attempt >= attempt:
		return pending(attempt), nil
	}
	return w.attempt(ctx, s, st)
}

func pending(attempt int) ledger.Outcome {
	return ledger.Outcome{Attempt: attempt, Status: ledger.Pending, Error: "another worker is at it"}
}

// before returns the state before the call: the captured one while it is
// fresh, else the live one.
func (w worker) before(ctx context.Context, s change.Step) (change.State, error) {
	age := w.o.Now().Sub(s.CapturedAt)
	if !s.CapturedAt.IsZero() && age >= 0 && age <= w.o.Fresh {
		return s.Before, nil
	}
	return w.look(ctx, s)
}

// finish ends a step that was intended and has no outcome.
func (w worker) finish(ctx context.Context, s change.Step, st ledger.StepState) (ledger.Outcome, error) {
	attempt := st.Intent.Attempt
	if w.o.Now().Sub(st.TouchedAt) < w.takeOver && !w.left(s, st.Intent.Worker) {
		return w.seen(ctx, s, attempt)
	}
	mine, err := w.ledger.Claim(ctx, w.plan.Incident, s.ID, st.Claims+1, ledger.Claim{Attempt: attempt, Worker: w.name})
	if err != nil {
		return ledger.Outcome{}, err
	}
	if !mine {
		return pending(attempt), nil
	}
	out := ledger.Outcome{Attempt: attempt, Worker: w.name}
	found, err := w.look(ctx, s)
	switch {
	case ctx.Err() != nil:
		return ledger.Outcome{}, ctx.Err()
	case errors.Is(err, ErrGone):
		out.Status, out.Error, out.Ambiguous = ledger.Changed, err.Error(), true
		var other *otherError
		if errors.As(err, &other) {
			// Whose name it was when the call was made is not known. What he has
			// that the step was to give counts as given by it.
			if has, err := Read(ctx, w.api, s.Setting); err == nil && has.Same(s.After) {
				return w.mistaken(ctx, s, out, other)
			}
		}
		return w.end(ctx, s, out)
	case err != nil: // it stays pending: only reading tells what became of it
		out.Status, out.Error, out.Code = ledger.Pending, err.Error(), Code(err)
		return out, nil
	case found.Same(s.After):
		out.Status, out.Found = ledger.Done, found
		return w.end(ctx, s, out)
	case found.Same(st.Intent.Before):
		return w.act(ctx, s, out)
	}
	c := changed(s, found)
	c.Attempt, c.Worker, c.Ambiguous = attempt, w.name, true
	return w.end(ctx, s, c)
}

// left reports whether a run of this applier that has returned left the step:
// its time was up, and nobody is at it any more. Its call may still be on its
// way, so that a call which must not be made twice has to wait.
func (w worker) left(s change.Step, by string) bool {
	if !strings.HasPrefix(by, w.o.Worker+".") || s.Action == change.CreatePolicyVersionAction {
		return false
	}
	_, active := w.active.Load(by)
	return !active
}

// seen ends a step of another worker's whose effect is there already; it is
// what he is about to record himself, or would have.
func (w worker) seen(ctx context.Context, s change.Step, attempt int) (ledger.Outcome, error) {
	found, err := w.look(ctx, s)
	switch {
	case ctx.Err() != nil:
		return ledger.Outcome{}, ctx.Err()
	case err != nil || !found.Same(s.After):
		return pending(attempt), nil
	}
	return w.end(ctx, s, ledger.Outcome{Attempt: attempt, Worker: w.name, Status: ledger.Done, Found: found})
}

// act makes the call and finds out what it did. The intent is in the ledger.
func (w worker) act(ctx context.Context, s change.Step, out ledger.Outcome) (ledger.Outcome, error) {
	limited, cancel := context.WithTimeout(ctx, w.o.CallTimeout)
	found, stated, err := w.call(limited, s)
	cancel()
	switch {
	case err == nil && stated:
		out.Status, out.Found = ledger.Done, found
		return w.end(ctx, s, out)
	case err == nil:
		return w.readBack(ctx, s, out)
	case ctx.Err() != nil:
		// The call may have been carried out. Without a context nothing can
		// be read; the intent stays open for Resume.
		return ledger.Outcome{}, ctx.Err()
	}
	out.Status, out.Error, out.Code, out.Ambiguous = ledger.Failed, err.Error(), Code(err), IsAmbiguous(err)
	if out.Ambiguous || IsExists(err) || IsNotFound(err) {
		// A retry inside the SDK meets the effect of the try before it, so
		// "exists" and "not found" can mean success. The state was Before a
		// moment ago, so what is After now counts as ours.
		found, rerr := Read(ctx, w.api, s.Setting)
		if rerr == nil {
			out.Found = found
		}
		if rerr == nil && found.Same(s.After) {
			out.Status, out.Error, out.Code, out.Ambiguous = ledger.Done, "", "", false
		}
	}
	if w.plan.Undo && s.Action == change.DeletePolicyAction && IsConflict(err) {
		out.Status = ledger.Kept
	}
	return w.end(ctx, s, out)
}

// readBack looks for the effect of an accepted call, and whether it came to
// the identity that it was meant for: IAM takes names, and somebody who renames
// users may have given the name to another since it was looked up.
func (w worker) readBack(ctx context.Context, s change.Step, out ledger.Outcome) (ledger.Outcome, error) {
	out.Status = ledger.Unconfirmed
	pause := 100 * time.Millisecond
	for try := 1; ; try++ {
		found, err := w.look(ctx, s)
		var other *otherError
		switch {
		case err == nil:
			out.Found, out.Error, out.Code = found, "", ""
		case errors.As(err, &other):
			return w.mistaken(ctx, s, out, other)
		default:
			out.Error, out.Code = err.Error(), Code(err)
		}
		if err == nil && found.Same(s.After) {
			out.Status = ledger.Done
			break
		}
		if try >= w.o.ReadBacks {
			break
		}
		if err := w.o.Sleep(ctx, pause); err != nil {
			return ledger.Outcome{}, err
		}
		pause *= 2
	}
	return w.end(ctx, s, out)
}

// endUncalled ends an attempt that made no call, unless it is another
// worker's meanwhile: then what was found may be his work.
func (w worker) endUncalled(ctx context.Context, s change.Step, out ledger.Outcome) (ledger.Outcome, error) {
	mine, err := w.ledger.EndUncalled(ctx, w.plan.Incident, s.ID, out)
	if err != nil {
		return ledger.Outcome{}, err
	}
	if !mine {
		return w.outrun(ctx, s, out.Attempt)
	}
	return out, nil
}

func (w worker) end(ctx context.Context, s change.Step, out ledger.Outcome) (ledger.Outcome, error) {
	if _, err := w.ledger.End(ctx, w.plan.Incident, s.ID, out); err != nil {
		return ledger.Outcome{}, err
	}
	return out, nil
}
