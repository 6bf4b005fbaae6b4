package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"warden/change"
)

// Ledger writes and reads typed entries.
type Ledger struct {
	store Store
	now   func() time.Time
	view  *view
	// recent are the views of single incidents.
	recent recent
}

// New returns a ledger over a store. now gives the time of new entries; nil
// means time.Now.
func New(store Store, now func() time.Time) *Ledger {
	if now == nil {
		now = time.Now
	}
	return &Ledger{store: store, now: now, view: newView()}
}

// Close closes the store.
func (l *Ledger) Close() error { return l.store.Close() }

// Store returns what the ledger is kept in.
func (l *Ledger) Store() Store { return l.store }

func (l *Ledger) append(ctx context.Context, e Entry, body any) (Entry, error) {
	b, err := marshal(body)
	if err != nil {
		return Entry{}, fmt.Errorf("ledger: %s: %w", e.Kind, err)
	}
	e.Body, e.Time = b, l.now()
	out, err := l.store.Append(ctx, e)
	if err != nil {
		return Entry{}, fmt.Errorf("ledger: %s: %w", e.Kind, err)
	}
	return out, nil
}

// once appends and reports false instead of ErrExists.
func (l *Ledger) once(ctx context.Context, e Entry, body any) (bool, error) {
	_, err := l.append(ctx, e, body)
	if errors.Is(err, ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// OpenIncident records an incident; false means that it was open already.
func (l *Ledger) OpenIncident(ctx context.Context, incident string, o Opening) (bool, error) {
	return l.once(ctx, Entry{Kind: IncidentOpened, Incident: incident, Key: "incident:" + incident}, o)
}

// escalate is the verdict on an event of which something is not known yet.
const escalate = "escalate"

// decided ends the key of an event that is recorded once more.
const decided = ":decided"

// JoinEvent records an event of an incident; false means that this event was
// recorded before. That does not mean that it was acted upon: the worker that
// recorded it may have died. Look at the state of the incident.
//
// An event that was doubtful is recorded once more when it is decided.
func (l *Ledger) JoinEvent(ctx context.Context, incident string, ev Event) (bool, error) {
	e := Entry{Kind: EventJoined, Incident: incident, Key: "event:" + ev.ID}
	first, err := l.once(ctx, e, ev)
	if err != nil || first || ev.Verdict == escalate {
		return first, err
	}
	there, err := l.store.Get(ctx, e.Key)
	if err != nil {
		return false, fmt.Errorf("ledger: %s: %w", e.Kind, err)
	}
	var was Event
	if err := json.Unmarshal(there.Body, &was); err != nil {
		return false, &BrokenError{there.Seq, err.Error()}
	}
	if !was.Doubtful() {
		return false, nil
	}
	e.Key += decided
	return l.once(ctx, e, ev)
}

// Doubtful reports whether something was not known when the event was judged.
func (e Event) Doubtful() bool { return e.Verdict == escalate }

// RecordPlan records the plan of one round of an incident. There is one plan
// to a round: when the round has one, that plan is returned and first is
// false; it may be the same one.
func (l *Ledger) RecordPlan(ctx context.Context, p change.Plan) (recorded change.Plan, first bool, err error) {
	kind := PlanRecorded
	if p.Undo {
		kind = UndoPlanned
	}
	first, err = l.once(ctx, Entry{Kind: kind, Incident: p.Incident, Key: planKey(p.Incident, p.Round)}, p)
	if err != nil || first {
		return p, first, err
	}
	recorded, err = l.Plan(ctx, p.Incident, p.Round)
	return recorded, false, err
}

// Intend records that a worker is about to make the call of a step; false
// means that this attempt is another's, who intends it or ended it uncalled.
func (l *Ledger) Intend(ctx context.Context, incident, step string, in Intent) (bool, error) {
	return l.once(ctx, Entry{Kind: StepIntended, Incident: incident, Step: step, Key: intentKey(step, in.Attempt)}, in)
}

// Release records that steps are given back without a call, once. It returns
// whether this call did.
func (l *Ledger) Release(ctx context.Context, incident string, steps []string) (bool, error) {
	return l.RecordUndo(ctx, incident, UndoResult{Plan: "release-" + change.Hash(steps...), Undone: steps, Released: true})
}

func intentKey(step string, attempt int) string {
	return "intent:" + step + ":" + strconv.Itoa(attempt)
}

// Claim records that a worker takes over an attempt for the n-th time (from
// 1); false means that another was faster.
func (l *Ledger) Claim(ctx context.Context, incident, step string, n int, c Claim) (bool, error) {
	key := fmt.Sprintf("claim:%s:%d:%d", step, c.Attempt, n)
	return l.once(ctx, Entry{Kind: StepClaimed, Incident: incident, Step: step, Key: key}, c)
}

// EndUncalled records how an attempt ended that made no call. An attempt is
// either intended or ended uncalled, so that the two have one key: false means
// that it is another's, as it does for Intend.
func (l *Ledger) EndUncalled(ctx context.Context, incident, step string, o Outcome) (bool, error) {
	return l.once(ctx, Entry{Kind: StepEnded, Incident: incident, Step: step, Key: intentKey(step, o.Attempt)}, o)
}

// End records how an attempt ended that was intended; false means that its end
// was recorded before.
func (l *Ledger) End(ctx context.Context, incident, step string, o Outcome) (bool, error) {
	key := "outcome:" + step + ":" + strconv.Itoa(o.Attempt)
	return l.once(ctx, Entry{Kind: StepEnded, Incident: incident, Step: step, Key: key}, o)
}

// RecordVerification records what is known of the effect of a round's plan; each level is
// recorded once a round.
func (l *Ledger) RecordVerification(ctx context.Context, incident string, round int, v Verification) (bool, error) {
	key := fmt.Sprintf("verified:%s:%d:%s", incident, round, v.Level)
	return l.once(ctx, Entry{Kind: Verified, Incident: incident, Key: key}, v)
}

// RecordNotification records that a channel was told of a round. Record it
// after sending: a crash in between sends twice rather than never.
func (l *Ledger) RecordNotification(ctx context.Context, incident string, round int, n Notification) (bool, error) {
	return l.once(ctx, Entry{Kind: Notified, Incident: incident, Key: notifiedKey(incident, round, n.Channel)}, n)
}

func notifiedKey(incident string, round int, channel string) string {
	return fmt.Sprintf("notified:%s:%d:%s", incident, round, channel)
}

// Quarantine keeps an input that could not be read; false means that the same
// bytes from the same source were kept before.
func (l *Ledger) Quarantine(ctx context.Context, source, reason string, data []byte) (bool, error) {
	sum := sha256.Sum256(data)
	in := Input{Source: source, Reason: reason, Size: len(data), SHA256: hex.EncodeToString(sum[:]), Sample: data}
	if len(data) > SampleSize {
		in.Sample = data[:SampleSize]
	}
	return l.once(ctx, Entry{Kind: BadInput, Key: "input:" + change.Hash(source, in.SHA256)}, in)
}

// RecordUndo records that an undo plan has run.
func (l *Ledger) RecordUndo(ctx context.Context, incident string, u UndoResult) (bool, error) {
	return l.once(ctx, Entry{Kind: UndoDone, Incident: incident, Key: "undone:" + u.Plan}, u)
}
