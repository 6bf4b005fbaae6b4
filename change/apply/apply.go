package apply

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"warden/change"
	"warden/change/ledger"
)

// Options tune an Applier. The zero value is useful.
type Options struct {
	// Account, if set, is the only account that plans may be for.
	Account string
	// Worker names this process in the ledger; empty means a random name.
	Worker string
	// Fresh is how long a captured state counts as just read; 0 means 5 s.
	Fresh time.Duration
	// TakeOver is the age at which the unfinished step of another worker is
	// taken over; 0 means DefaultTakeOver. It should be longer than CallTimeout
	// and the readings that follow. A step that a run of this very Applier left
	// is taken over at once, and one whose effect is to be seen is ended by
	// whoever sees it.
	TakeOver time.Duration
	// CallTimeout bounds one writing call with its retries; 0 means 30 s. A
	// call that was cut off is resolved by reading.
	CallTimeout time.Duration
	// ReadBacks is how often an effect that is not to be seen yet is read; 0
	// means 5, with pauses that double from 100 ms.
	ReadBacks int
	// Organizations changes service control policies; nil means that steps
	// about them fail with ErrNoOrganization.
	Organizations Organizations
	// Grace is how long a step that was begun is gone on with when the context
	// is cancelled, so that its outcome is known and stored; 0 means not at all.
	Grace time.Duration
	// Now and Sleep are the clock; nil means the real one. Sleep returns
	// early, with the context's error, when that is done.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// DefaultTakeOver is the age at which the unfinished step of another worker is
// taken over, unless Options say otherwise.
const DefaultTakeOver = time.Minute

// Applier runs plans against one account. It is safe for use by several
// goroutines.
type Applier struct {
	api    IAM
	ledger *ledger.Ledger
	o      Options
	runs   atomic.Int64
	// active holds the names of the runs that have not returned.
	active sync.Map
	// documents holds something while a statement is written to its document.
	documents chan struct{}
}

// New returns an applier that calls api and remembers in l.
func New(api IAM, l *ledger.Ledger, o Options) *Applier {
	if o.Worker == "" {
		o.Worker = rand.Text()[:8]
	}
	if o.Fresh == 0 {
		o.Fresh = 5 * time.Second
	}
	if o.TakeOver == 0 {
		o.TakeOver = DefaultTakeOver
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = 30 * time.Second
	}
	if o.ReadBacks == 0 {
		o.ReadBacks = 5
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Organizations != nil {
		api = withOrganizations{api, o.Organizations}
	}
	return &Applier{api: api, ledger: l, o: o, documents: make(chan struct{}, 1)}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// StepResult is how a step stands.
type StepResult struct {
	Step    change.Step    `json:"step"`
	Outcome ledger.Outcome `json:"outcome"`
}

// Report is how a plan stands.
type Report struct {
	Plan change.Plan `json:"plan"`
	// First says that this run recorded the plan; otherwise another worker,
	// or an earlier run, had.
	First bool         `json:"first"`
	Steps []StepResult `json:"steps"`
}

// OK reports whether every step is done, was done already, or was
// accepted and only not confirmed.
func (r Report) OK() bool { return len(r.Problems()) == 0 }

// Problems says, one line each, which steps did not reach their effect and
// why: failed, changed, pending at another worker, or not reached.
func (r Report) Problems() []string {
	var out []string
	for _, s := range r.Steps {
		switch s.Outcome.Status {
		case ledger.Done, ledger.Already, ledger.Unconfirmed, ledger.Kept:
			continue
		}
		line := fmt.Sprintf("%s: %s", s.Step, s.Outcome.Status)
		if s.Outcome.Error != "" {
			line += ": " + s.Outcome.Error
		}
		out = append(out, line)
	}
	return out
}

// Busy reports whether another worker is at the plan: he ends the step that he
// is at, with all that come after it. A step of which it could not be read what
// became of it is Pending too, and nobody is at it.
func (r Report) Busy() bool { return slices.ContainsFunc(r.Steps, StepResult.busy) }

// busy: a worker who ends an attempt, or could not, names himself.
func (s StepResult) busy() bool {
	return s.Outcome.Status == ledger.Pending && s.Outcome.Worker == ""
}

// Stuck is Problems without what another worker is at: what a plan that was
// resumed could not be brought to, and that nobody else is about to do.
func (r Report) Stuck() []string {
	if i := slices.IndexFunc(r.Steps, StepResult.busy); i >= 0 {
		r.Steps = r.Steps[:i]
	}
	return r.Problems()
}

// OtherPlanError says that another worker recorded a different plan for the
// same round; nothing was called. Running Recorded continues that one.
type OtherPlanError struct{ Recorded change.Plan }

func (e *OtherPlanError) Error() string {
	return fmt.Sprintf("round %d of incident %s has another plan already (%s)", e.Recorded.Round, change.Short(e.Recorded.Incident), change.Short(e.Recorded.ID))
}

// Run records a plan and carries it out. Running a plan again finishes what
// was not finished, retries what failed, and repeats nothing.
//
// The error is a *OtherPlanError, or that of a context or ledger that stopped
// the run; steps not reached are then Skipped in the result. Whether the
// steps succeeded is in the result, not in the error.
func (a *Applier) Run(ctx context.Context, p change.Plan) (Report, error) {
	if err := a.check(p); err != nil {
		return Report{Plan: p}, err
	}
	recorded, first, err := a.ledger.RecordPlan(ctx, p)
	if err != nil {
		return a.stopped(Report{Plan: p}), err
	}
	if recorded.ID != p.ID {
		return Report{Plan: p}, &OtherPlanError{recorded}
	}
	var states map[string]ledger.StepState
	if !first {
		steps, err := a.ledger.Steps(ctx, p.Incident)
		if err != nil {
			return a.stopped(Report{Plan: p}), err
		}
		states = byID(steps)
	}
	return a.run(ctx, p, states, first, a.o.TakeOver)
}

// check refuses a plan that was changed after NewPlan, or is for another
// account.
func (a *Applier) check(p change.Plan) error {
	if a.o.Account != "" && p.Account != a.o.Account {
		return fmt.Errorf("the plan is for account %s, the credentials are for %s", p.Account, a.o.Account)
	}
	again, err := change.NewPlan(p)
	if err != nil {
		return err
	}
	if again.ID != p.ID {
		return errors.New("the plan was changed after it was made")
	}
	return nil
}

func byID(steps []ledger.StepState) map[string]ledger.StepState {
	m := make(map[string]ledger.StepState, len(steps))
	for _, s := range steps {
		m[s.Step.ID] = s
	}
	return m
}

func (a *Applier) run(ctx context.Context, p change.Plan, states map[string]ledger.StepState, first bool, takeOver time.Duration) (Report, error) {
	r := Report{Plan: p, First: first}
	w := worker{a, fmt.Sprintf("%s.%d", a.o.Worker, a.runs.Add(1)), p, takeOver}
	a.active.Store(w.name, nil)
	defer a.active.Delete(w.name)
	for _, s := range p.Steps {
		out, err := w.step(ctx, s, states[s.ID])
		if err != nil {
			return a.stopped(r), err
		}
		r.Steps = append(r.Steps, StepResult{s, out})
		if out.Status == ledger.Pending {
			// Somebody else is carrying out this plan. Going past him would
			// run steps before those that they build upon.
			return a.stopped(r), nil
		}
	}
	if p.Undo && r.OK() {
		u := ledger.UndoResult{Plan: p.ID}
		for _, s := range r.Steps {
			if s.Outcome.Status == ledger.Kept {
				u.Left = append(u.Left, s.Step.String()+": "+s.Outcome.Error)
				continue
			}
			u.Undone = append(u.Undone, s.Step.Undoes...)
		}
		if _, err := a.ledger.RecordUndo(ctx, p.Incident, u); err != nil {
			return r, err
		}
	}
	return r, nil
}

// stopped marks the steps that were not reached.
func (a *Applier) stopped(r Report) Report {
	for _, s := range r.Plan.Steps[len(r.Steps):] {
		r.Steps = append(r.Steps, StepResult{s, ledger.Outcome{Status: ledger.Skipped}})
	}
	return r
}

// Resume finishes what runs that died left behind: steps intended and not
// ended, and steps of recorded plans that were not reached. olderThan spares
// what a living worker touched less than that long ago; a program that is the
// only one on its ledger resumes with 0 when it starts.
//
// It goes on past a plan that cannot be finished; the errors are joined. A plan
// of which a step failed, or could not be read, is no error: Report.Stuck tells.
func (a *Applier) Resume(ctx context.Context, olderThan time.Duration) ([]Report, error) {
	unfinished, err := a.ledger.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var results []Report
	var errs []error
	done := map[string]bool{}
	for _, u := range unfinished {
		if done[u.Plan] || a.o.Now().Sub(u.TouchedAt) < olderThan {
			continue
		}
		done[u.Plan] = true
		r, err := a.resume(ctx, u, olderThan)
		if err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				break
			}
			continue
		}
		results = append(results, r)
	}
	return results, errors.Join(errs...)
}

func (a *Applier) resume(ctx context.Context, u ledger.StepState, olderThan time.Duration) (Report, error) {
	p, err := a.ledger.Plan(ctx, u.Incident, u.Round)
	if err != nil {
		return Report{}, err
	}
	if err := a.check(p); err != nil {
		return Report{}, fmt.Errorf("resume plan %s: %w", change.Short(p.ID), err)
	}
	steps, err := a.ledger.Steps(ctx, p.Incident)
	if err != nil {
		return Report{}, err
	}
	return a.run(ctx, p, byID(steps), false, olderThan)
}

// DryRun says what Run would do, from the live state: Planned, Already or
// Changed for each step. It calls nothing that changes the account and writes
// nothing to the ledger. The error is that of reading.
func (a *Applier) DryRun(ctx context.Context, p change.Plan) (Report, error) {
	r := Report{Plan: p}
	if err := a.check(p); err != nil {
		return r, err
	}
	after := map[change.Setting]change.State{}
	for _, s := range p.Steps {
		found, known := after[s.Setting]
		if !known {
			var err error
			if found, err = a.look(ctx, s); err != nil && !errors.Is(err, ErrGone) {
				return a.stopped(r), err
			} else if err != nil {
				r.Steps = append(r.Steps, StepResult{s, ledger.Outcome{Status: ledger.Changed, Error: err.Error()}})
				continue
			}
		}
		out := ledger.Outcome{Status: ledger.Planned, Found: found}
		switch {
		case found.Same(s.After):
			out.Status = ledger.Already
		case !found.Same(s.Before):
			out = changed(s, found)
		}
		if out.Status == ledger.Planned {
			found = s.After
		}
		after[s.Setting] = found
		r.Steps = append(r.Steps, StepResult{s, out})
	}
	return r, nil
}

// look reads the setting of a step of an identity that is still the same.
func (a *Applier) look(ctx context.Context, s change.Step) (change.State, error) {
	if err := sameTarget(ctx, a.api, s); err != nil {
		return change.State{}, err
	}
	return Read(ctx, a.api, s.Setting)
}

func changed(s change.Step, found change.State) ledger.Outcome {
	return ledger.Outcome{Status: ledger.Changed, Found: found,
		Error: fmt.Sprintf("the plan expects %s, found %s", s.Before, found)}
}
