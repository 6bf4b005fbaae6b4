package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"warden/change"
)

// LastFound returns the state in which some step last left, or found, a
// setting before a time, and when that was. targetID is the unique id of the
// setting's target; steps on another one of the same name do not count. known
// is false where the ledger has nothing to say.
func (l *Ledger) LastFound(ctx context.Context, set change.Setting, targetID string, before time.Time) (st change.State, at time.Time, known bool, err error) {
	about := map[string]bool{}
	for e, err := range l.store.Entries(ctx, Query{Kinds: []Kind{PlanRecorded, UndoPlanned, StepEnded}}) {
		if err != nil {
			return change.Absent, at, false, fmt.Errorf("ledger: %w", err)
		}
		if e.Kind != StepEnded {
			var p change.Plan
			if err := json.Unmarshal(e.Body, &p); err != nil {
				return change.Absent, at, false, &BrokenError{e.Seq, err.Error()}
			}
			for _, s := range p.Steps {
				if s.Setting == set && s.TargetID == targetID {
					about[s.ID] = true
				}
			}
			continue
		}
		if !about[e.Step] || !e.Time.Before(before) {
			continue
		}
		var o Outcome
		if err := json.Unmarshal(e.Body, &o); err != nil {
			return change.Absent, at, false, &BrokenError{e.Seq, err.Error()}
		}
		switch o.Status {
		case Done, Already:
			st, at, known = o.Found, e.Time, true
		}
	}
	return st, at, known, nil
}
