package ledger

import (
	"context"
	"time"

	"warden/change"
)

// LastFound returns the state in which some step last left, or found, a
// setting before a time, and when that was. targetID is the unique id of the
// setting's target; steps on another one of the same name do not count. known
// is false where the ledger has nothing to say.
func (l *Ledger) LastFound(ctx context.Context, set change.Setting, targetID string, before time.Time) (st change.State, at time.Time, known bool, err error) {
	err = l.whole(ctx, func(f *fold) {
		for _, s := range f.found[place{set, targetID}] {
			if s.at.Before(before) {
				st, at, known = s.state, s.at, true
			}
		}
	})
	return st, at, known, err
}
