package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ThingMade is the kind of the entries that say what callers made.
const ThingMade Kind = "made" // Made

// RecordMade records that a caller's event made something under which calls
// can be made; false means that it was recorded before. Unique ids and access
// key ids are given out once, so each has one maker.
func (l *Ledger) RecordMade(ctx context.Context, incident string, m Made) (bool, error) {
	return l.once(ctx, Entry{Kind: ThingMade, Incident: incident, Key: madeKey(m.ID)}, m)
}

// MadeIn returns the incident in which something was made; "" when the ledger
// does not know of it.
func (l *Ledger) MadeIn(ctx context.Context, id string) (incident string, m Made, err error) {
	if id == "" {
		return "", m, nil
	}
	e, err := l.store.Get(ctx, madeKey(id))
	switch {
	case errors.Is(err, ErrNotFound):
		return "", m, nil
	case err != nil:
		return "", m, fmt.Errorf("ledger: %w", err)
	}
	if err := json.Unmarshal(e.Body, &m); err != nil {
		return "", m, &BrokenError{e.Seq, err.Error()}
	}
	return e.Incident, m, nil
}

func madeKey(id string) string { return "made:" + id }

// Opened reports whether there is an incident of the id.
func (l *Ledger) Opened(ctx context.Context, incident string) (bool, error) {
	_, err := l.store.Get(ctx, "incident:"+incident)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return true, nil
}
