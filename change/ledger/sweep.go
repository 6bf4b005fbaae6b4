package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"
)

// Sweep is the body of a Swept entry: how far the event history of an account
// was read. A place is a part of it that is read on its own, for example
// "us-east-1 iam.amazonaws.com".
type Sweep struct {
	Account string `json:"account"`
	// Until is, by place, the time up to which everything was read.
	Until map[string]time.Time `json:"until"`
}

// RecordSweep records how far an account's history was read. Places that the
// sweep does not name stay as they were; of two sweeps at once the one that
// read further counts.
func (l *Ledger) RecordSweep(ctx context.Context, s Sweep) error {
	for {
		last, n, err := l.lastSweep(ctx, s.Account)
		if err != nil {
			return err
		}
		merged := maps.Clone(s.Until)
		for place, t := range last.Until {
			if t.After(merged[place]) {
				merged[place] = t
			}
		}
		first, err := l.once(ctx, Entry{Kind: Swept, Key: sweptKey(s.Account, n+1)}, Sweep{s.Account, merged})
		if err != nil || first {
			return err
		}
	}
}

// LastSweep returns how far an account's history was read; nothing of it when
// it never was.
func (l *Ledger) LastSweep(ctx context.Context, account string) (Sweep, error) {
	s, _, err := l.lastSweep(ctx, account)
	return s, err
}

// lastSweep finds the newest of the entries 1, 2, 3… without reading them
// all, which a table would charge for.
func (l *Ledger) lastSweep(ctx context.Context, account string) (last Sweep, n int, err error) {
	last.Account = account
	there := func(i int) (bool, error) {
		e, err := l.store.Get(ctx, sweptKey(account, i))
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("ledger: %w", err)
		}
		if i > n {
			n, last = i, Sweep{}
			if err := json.Unmarshal(e.Body, &last); err != nil {
				return false, &BrokenError{e.Seq, err.Error()}
			}
		}
		return true, nil
	}
	beyond := 1 // the first number that is known to be free
	for ; ; beyond *= 2 {
		ok, err := there(beyond)
		if err != nil {
			return last, n, err
		}
		if !ok {
			break
		}
	}
	for beyond > n+1 {
		middle := n + (beyond-n)/2
		ok, err := there(middle)
		if err != nil {
			return last, n, err
		}
		if !ok {
			beyond = middle
		}
	}
	return last, n, nil
}

func sweptKey(account string, n int) string { return "swept:" + account + ":" + strconv.Itoa(n) }

// Confirmation is the body of an EventConfirmed and of an EventDoubted entry:
// whether CloudTrail's own history has an event that was acted on.
type Confirmation struct {
	Event string `json:"event"`
	// Why says what is wrong with it, of one in doubt.
	Why string `json:"why,omitempty"`
}

// ConfirmEvent records that CloudTrail's history has an event of an incident;
// false means that this was recorded before.
func (l *Ledger) ConfirmEvent(ctx context.Context, incident, event string) (bool, error) {
	return l.once(ctx, Entry{Kind: EventConfirmed, Incident: incident, Key: "confirmed:" + event}, Confirmation{Event: event})
}

// DoubtEvent records that CloudTrail's history does not have an event of an
// incident, or has another one under its id; false means that this was
// recorded before. It may still be confirmed later.
func (l *Ledger) DoubtEvent(ctx context.Context, incident, event, why string) (bool, error) {
	return l.once(ctx, Entry{Kind: EventDoubted, Incident: incident, Key: "doubted:" + event}, Confirmation{Event: event, Why: why})
}

// Joined returns the incident that an event joined, "" when it joined none.
func (l *Ledger) Joined(ctx context.Context, event string) (incident string, err error) {
	e, err := l.store.Get(ctx, "event:"+event)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return e.Incident, nil
}

// confirmation adds an EventConfirmed or EventDoubted entry to its event.
func (in *Incident) confirmation(e Entry) error {
	var c Confirmation
	if err := json.Unmarshal(e.Body, &c); err != nil {
		return err
	}
	for i := range in.Events {
		if ev := &in.Events[i]; ev.ID == c.Event {
			if ev.ConfirmedAt = e.Time; e.Kind == EventDoubted {
				ev.ConfirmedAt, ev.Doubt = time.Time{}, c.Why
			}
		}
	}
	return nil
}
