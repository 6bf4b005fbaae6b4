package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"warden/change"
)

// Incident is what the entries of one incident add up to.
type Incident struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"` // see the constants
	OpenedAt time.Time `json:"openedAt"`
	LastAt   time.Time `json:"lastAt"` // of the newest entry
	Opening
	Events        []Event        `json:"events,omitempty"`
	Plans         []PlanState    `json:"plans,omitempty"` // in the order of their rounds
	Steps         []StepState    `json:"steps,omitempty"` // in the order in which they were planned
	Verifications []VerifiedAt   `json:"verifications,omitempty"`
	Notifications []Notification `json:"notifications,omitempty"`
	Proposals     []Proposal     `json:"proposals,omitempty"` // in the order in which they were made
	// NotDone are the ids of steps that failed and are not what contains the
	// caller: what was to be taken back and was not. They leave the status as
	// it is where the containment is verified.
	NotDone []string `json:"notDone,omitempty"`
}

// Statuses of an incident.
const (
	StatusOpen       = "open"        // nothing was planned
	StatusInProgress = "in progress" // a step is planned or under way
	StatusIncomplete = "incomplete"  // a step failed, or could not run, and the containment is not proved without it
	StatusApplied    = "applied"     // every step ran; the effect is not verified
	StatusConfigured = "configured"  // and was read back and proved
	StatusObserved   = "observed denied"
	StatusPartly     = "partly contained" // and something is known to be open
	StatusGivenBack  = "given back"       // an undo gave everything back
)

// NextRound is the round of a plan that would be made now.
func (in Incident) NextRound() int { return len(in.Plans) + 1 }

// PlanState is a plan without its steps, which are listed on their own.
type PlanState struct {
	ID         string    `json:"id"`
	Round      int       `json:"round"`
	Undo       bool      `json:"undo,omitempty"`
	Title      string    `json:"title,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	RecordedAt time.Time `json:"recordedAt"`
}

// VerifiedAt is a verification with its time.
type VerifiedAt struct {
	Verification
	At time.Time `json:"at"`
}

// StepState is what the entries of one step add up to.
type StepState struct {
	Step     change.Step `json:"step"`
	Account  string      `json:"account"`
	Incident string      `json:"incident"`
	Plan     string      `json:"plan"` // id of its plan
	Round    int         `json:"round"`
	Undo     bool        `json:"undo,omitempty"`   // its plan gives back
	Attempts int         `json:"attempts"`         // calls intended
	Claims   int         `json:"claims,omitempty"` // take-overs of the last attempt
	// Intent is the last one; Outcome is how it ended, nil while it is under
	// way.
	Intent  *Intent  `json:"intent,omitempty"`
	Outcome *Outcome `json:"outcome,omitempty"`
	// TouchedAt is the time of the last entry about the step.
	TouchedAt time.Time `json:"touchedAt"`
	// Former is the state before this program's first call for the step, and
	// Acted whether such a call was, or may have been, carried out.
	Former change.State `json:"former"`
	Acted  bool         `json:"acted"`
	// UndoneBy is the id of the step that gave this one back, or of the undo
	// that gave it back without a call; empty while it is in force.
	UndoneBy string `json:"undoneBy,omitempty"`
	// ReleasedAt is when it was given back without a call, else zero.
	ReleasedAt time.Time `json:"releasedAt,omitzero"`
	released   string
}

// Status is the status of the last attempt; Planned when there was none and
// Pending when one has not ended.
func (s StepState) Status() Status {
	switch {
	case s.Outcome != nil:
		return s.Outcome.Status
	case s.Intent != nil:
		return Pending
	}
	return Planned
}

// Ended reports whether there is nothing left to do for the step.
func (s StepState) Ended() bool {
	switch s.Status() {
	case Done, Unconfirmed, Already, Kept:
		return true
	}
	return false
}

// InForce reports whether the step changed the account, or may have, and was
// not given back since.
func (s StepState) InForce() bool { return s.Acted && s.UndoneBy == "" }

// Refused reports whether AWS surely refused the step the last time, so that
// there is nothing of it to give back. It says nothing about the tries before.
func (s StepState) Refused() bool {
	return s.Status() == Failed && !s.Outcome.Ambiguous && s.Attempts <= 1
}

// fold adds entries up.
type fold struct {
	incidents map[string]*Incident
	order     []string
	steps     map[string]*StepState
	// news are the incidents that changed since finish was called.
	news map[string]bool
	// found are the states that ended steps left or found, the oldest first.
	found map[place][]sighting
}

func newFold() *fold {
	return &fold{incidents: map[string]*Incident{}, steps: map[string]*StepState{}, news: map[string]bool{}, found: map[place][]sighting{}}
}

// add takes the next entry. Its body was written by this package, so one that
// cannot be read is a broken ledger.
func (f *fold) add(e Entry) error {
	if e.Incident == "" || e.Kind == AdminsSeen || e.Kind == AdminGranted || e.Kind == CredentialHeld {
		return nil
	}
	in := f.incidents[e.Incident]
	if in == nil {
		in = &Incident{ID: e.Incident, OpenedAt: e.Time}
		f.incidents[e.Incident] = in
		f.order = append(f.order, e.Incident)
	}
	in.LastAt = e.Time
	f.news[e.Incident] = true
	var err error
	switch e.Kind {
	case IncidentOpened:
		in.OpenedAt = e.Time
		err = json.Unmarshal(e.Body, &in.Opening)
	case EventJoined:
		err = in.join(e)
	case EventConfirmed, EventDoubted:
		err = in.confirmation(e)
	case Notified:
		err = appendBody(e, &in.Notifications)
	case Verified:
		v := VerifiedAt{At: e.Time}
		err = json.Unmarshal(e.Body, &v.Verification)
		in.Verifications = append(in.Verifications, v)
	case PlanRecorded, UndoPlanned:
		err = f.plan(in, e)
	case StepIntended, StepClaimed, StepEnded:
		err = f.step(e)
	case UndoDone:
		err = f.release(e)
	case PlanProposed, PlanApproved, PlanDeclined, TaskWaiting:
		err = in.proposal(e)
	}
	if err != nil {
		return &BrokenError{e.Seq, fmt.Sprintf("its body is not a %s: %v", e.Kind, err)}
	}
	return nil
}

// join adds an event, or what became of one that was doubtful.
func (in *Incident) join(e Entry) error {
	ev := Event{}
	if err := json.Unmarshal(e.Body, &ev); err != nil {
		return err
	}
	ev.JoinedAt = e.Time
	if strings.HasSuffix(e.Key, decided) {
		if i := slices.IndexFunc(in.Events, func(o Event) bool { return o.ID == ev.ID }); i >= 0 {
			was := in.Events[i]
			ev.JoinedAt, ev.ConfirmedAt, ev.Doubt = was.JoinedAt, was.ConfirmedAt, was.Doubt
			in.Events[i] = ev
			return nil
		}
	}
	in.Events = append(in.Events, ev)
	return nil
}

func appendBody[T any](e Entry, to *[]T) error {
	var v T
	if err := json.Unmarshal(e.Body, &v); err != nil {
		return err
	}
	*to = append(*to, v)
	return nil
}

func (f *fold) plan(in *Incident, e Entry) error {
	var p change.Plan
	if err := json.Unmarshal(e.Body, &p); err != nil {
		return err
	}
	in.Plans = append(in.Plans, PlanState{p.ID, p.Round, p.Undo, p.Title, p.Reason, e.Time})
	for _, s := range p.Steps {
		in.Steps = append(in.Steps, StepState{Step: s, Account: p.Account, Incident: e.Incident, Plan: p.ID, Round: p.Round, Undo: p.Undo, TouchedAt: e.Time, Former: s.Before})
	}
	for i := range in.Steps { // the slice may have moved
		f.steps[in.Steps[i].Step.ID] = &in.Steps[i]
	}
	return nil
}

func (f *fold) step(e Entry) error {
	s := f.steps[e.Step]
	if s == nil {
		return fmt.Errorf("it speaks of a step %s that was not planned", change.Short(e.Step))
	}
	s.TouchedAt = e.Time
	switch e.Kind {
	case StepIntended:
		var in Intent
		if err := json.Unmarshal(e.Body, &in); err != nil {
			return err
		}
		if !s.Acted {
			s.Former = in.Before
		}
		s.Intent, s.Acted = &in, true
		if s.Outcome != nil && s.Outcome.Attempt >= in.Attempt {
			// Earlier versions let a worker intend an attempt that another had
			// just ended uncalled. It has its end, and can have no other.
			return nil
		}
		s.Attempts, s.Claims, s.Outcome = in.Attempt, 0, nil
	case StepClaimed:
		s.Claims++
	case StepEnded:
		var o Outcome
		if err := json.Unmarshal(e.Body, &o); err != nil {
			return err
		}
		s.Outcome, s.Attempts = &o, max(s.Attempts, o.Attempt)
		if o.Status == Done || o.Status == Already {
			at := place{s.Step.Setting, s.Step.TargetID}
			f.found[at] = append(f.found[at], sighting{e.Time, o.Found})
		}
	}
	return nil
}

// release takes an undo that gave steps back without a call.
func (f *fold) release(e Entry) error {
	var u UndoResult
	if err := json.Unmarshal(e.Body, &u); err != nil || !u.Released {
		return err
	}
	for _, id := range u.Undone {
		if s := f.steps[id]; s != nil {
			s.released, s.ReleasedAt = u.Plan, e.Time
		}
	}
	return nil
}

// finish computes what depends on all entries.
func (f *fold) finish() {
	for id := range f.news {
		in := f.incidents[id]
		undone(in.Steps)
		in.Status = status(in)
	}
	clear(f.news)
}

// undone finds which steps are given back. A step that gives back can be
// given back in turn, so the newest come first: whether a step is in force is
// known when those that it undoes are reached.
func undone(steps []StepState) {
	at := make(map[string]int, len(steps))
	for i := range steps {
		at[steps[i].Step.ID], steps[i].UndoneBy = i, steps[i].released
	}
	for i := len(steps) - 1; i >= 0; i-- {
		s := &steps[i]
		if s.UndoneBy != "" || !s.Ended() {
			continue
		}
		for _, id := range s.Step.Undoes {
			if j, ok := at[id]; ok && j < i {
				steps[j].UndoneBy = s.Step.ID
			}
		}
	}
}

// Incidents returns every incident, the one opened first first.
func (l *Ledger) Incidents(ctx context.Context) ([]Incident, error) {
	var out []Incident
	err := l.whole(ctx, func(f *fold) {
		out = make([]Incident, len(f.order))
		for i, id := range f.order {
			out[i] = copied(f.incidents[id])
		}
	})
	return out, err
}

// Incident returns one incident, by its full id; the error is ErrNotFound
// when the ledger has none of that id.
func (l *Ledger) Incident(ctx context.Context, id string) (Incident, error) {
	if id == "" {
		return Incident{}, ErrNotFound
	}
	var out *Incident
	err := l.one(ctx, id, func(in *Incident) {
		if in != nil {
			c := copied(in)
			out = &c
		}
	})
	if err != nil {
		return Incident{}, err
	}
	if out == nil {
		return Incident{}, fmt.Errorf("ledger: incident %s: %w", change.Short(id), ErrNotFound)
	}
	return *out, nil
}

// Steps returns the steps of an incident in the order in which they were
// planned. An unknown incident has none.
func (l *Ledger) Steps(ctx context.Context, incident string) (steps []StepState, err error) {
	if incident == "" {
		return nil, nil
	}
	err = l.one(ctx, incident, func(in *Incident) {
		if in != nil {
			steps = slices.Clone(in.Steps)
		}
	})
	return steps, err
}

// Unfinished returns the steps of all incidents that were planned and have
// no end: what a crash may have left behind.
func (l *Ledger) Unfinished(ctx context.Context) ([]StepState, error) {
	var out []StepState
	err := l.whole(ctx, func(f *fold) {
		for _, id := range f.order {
			for _, s := range f.incidents[id].Steps {
				if st := s.Status(); st == Pending || st == Planned {
					out = append(out, s)
				}
			}
		}
	})
	return out, err
}

// InputAt is a quarantined input with the time at which it was kept.
type InputAt struct {
	Input
	At time.Time `json:"at"`
}

// Inputs returns what could not be read, the oldest first.
func (l *Ledger) Inputs(ctx context.Context) ([]InputAt, error) {
	var out []InputAt
	for e, err := range l.store.Entries(ctx, Query{Kinds: []Kind{BadInput}}) {
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		in := InputAt{At: e.Time}
		if err := json.Unmarshal(e.Body, &in.Input); err != nil {
			return nil, &BrokenError{e.Seq, err.Error()}
		}
		out = append(out, in)
	}
	return out, nil
}

// Plan returns the recorded plan of a round of an incident.
func (l *Ledger) Plan(ctx context.Context, incident string, round int) (change.Plan, error) {
	e, err := l.store.Get(ctx, planKey(incident, round))
	if err != nil {
		return change.Plan{}, fmt.Errorf("ledger: plan %d of %s: %w", round, change.Short(incident), err)
	}
	var p change.Plan
	if err := json.Unmarshal(e.Body, &p); err != nil {
		return change.Plan{}, &BrokenError{e.Seq, err.Error()}
	}
	return p, nil
}

func planKey(incident string, round int) string {
	return "plan:" + incident + ":" + strconv.Itoa(round)
}

// Resolve finds what a person means by an id: the beginning of the id of one
// incident, or of one step. step is empty for an incident.
func (l *Ledger) Resolve(ctx context.Context, prefix string) (incident, step string, err error) {
	if prefix == "" {
		return "", "", fmt.Errorf("ledger: an empty id: %w", ErrNotFound)
	}
	// A whole id, as messages have it, needs no look at the whole ledger.
	if known, err := l.Opened(ctx, prefix); err != nil || known {
		return prefix, "", err
	}
	type hit struct{ incident, step string }
	hits := map[hit]bool{}
	for e, err := range l.store.Entries(ctx, Query{Kinds: []Kind{IncidentOpened, PlanRecorded, UndoPlanned}}) {
		if err != nil {
			return "", "", fmt.Errorf("ledger: %w", err)
		}
		if e.Incident == prefix {
			return e.Incident, "", nil
		}
		if strings.HasPrefix(e.Incident, prefix) {
			hits[hit{e.Incident, ""}] = true
		}
		if e.Kind == IncidentOpened {
			continue
		}
		var p change.Plan
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return "", "", &BrokenError{e.Seq, err.Error()}
		}
		for _, s := range p.Steps {
			if strings.HasPrefix(s.ID, prefix) {
				hits[hit{e.Incident, s.ID}] = true
			}
		}
	}
	var names []string
	for h := range hits {
		incident, step = h.incident, h.step
		if step != "" {
			names = append(names, "step "+change.Short(step))
		} else {
			names = append(names, "incident "+h.incident)
		}
	}
	switch len(names) {
	case 0:
		return "", "", fmt.Errorf("ledger: no incident or step has an id that begins with %q: %w", prefix, ErrNotFound)
	case 1:
		return incident, step, nil
	}
	sort.Strings(names)
	if len(names) > 4 {
		names = append(slices.Clip(names[:4]), "…")
	}
	return "", "", fmt.Errorf("ledger: %q can mean %s: give more of the id", prefix, strings.Join(names, ", "))
}
