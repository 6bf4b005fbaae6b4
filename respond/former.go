package respond

import (
	"context"
	"fmt"
	"time"

	"warden/change"
)

// former is what is known of a setting from before a call.
type former struct {
	state change.State
	known bool
	// fresh says that the knowledge is young enough to act upon alone.
	fresh bool
	at    time.Time
	by    string // where it is from
}

func (f former) String() string {
	return fmt.Sprintf("%s, %s", f.by, f.at.UTC().Format("2006-01-02 15:04:05Z"))
}

// freshFor is the longest time between what is known of a setting and the
// call that changed it, for it to be put back without asking. In a longer
// time somebody may have changed it who was allowed to.
const freshFor = 24 * time.Hour

// before finds what a setting was before a call: in the snapshot that was
// taken before, or in the ledger, whichever is younger. Neither is asked
// about a time after the call. What such a caller made himself had nothing.
func (r *Responder) before(ctx context.Context, set change.Setting, targetID string, call time.Time) (former, error) {
	var f former
	if s := r.Before; s != nil && s.CollectedAt.Before(call) && (s.Account == "" || s.Account == r.Account) {
		if st, known := change.In(s, set, targetID); known {
			f = former{state: st, known: true, at: s.CollectedAt, by: "snapshot"}
		}
	}
	st, at, known, err := r.Ledger.LastFound(ctx, set, targetID, call)
	if err != nil {
		return former{}, err
	}
	if known && at.After(f.at) {
		f = former{state: st, known: true, at: at, by: "ledger"}
	}
	f.fresh = f.known && call.Sub(f.at) <= freshFor
	if f.known {
		return f, nil
	}
	return r.beforeBirth(ctx, set, targetID, call)
}

// beforeBirth knows that what a caller of an incident made had nothing before.
func (r *Responder) beforeBirth(ctx context.Context, set change.Setting, targetID string, call time.Time) (former, error) {
	switch set.Kind {
	case change.Attachment, change.Inline, change.Boundary, change.Membership:
	default:
		return former{}, nil
	}
	maker, _, err := r.Ledger.MadeIn(ctx, targetID)
	if err != nil || maker == "" {
		return former{}, err
	}
	return former{state: change.Absent, known: true, fresh: true, at: call, by: "made by the caller of incident " + maker}, nil
}
