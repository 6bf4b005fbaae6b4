package respond

import (
	"context"
	"time"

	"warden/change"
	"warden/guard"
	"warden/guard/detect"
	"warden/trail"
	"warden/trail/source"
)

// historyPatience is how long the event history is searched for what a
// setting was. CloudTrail answers two calls a second, of fifty events each.
const historyPatience = 15 * time.Second

// wasBefore is before, and asks the account's event history where that knows
// nothing of late: the newest call on the setting that was not the caller's
// says what it was. The history is complete for 90 days, so what it says is
// no guess; a setting that nobody touched in that time is not in it.
func (r *Responder) wasBefore(ctx context.Context, res *Result, set change.Setting, targetID string) (former, error) {
	call := res.Event.Time
	f, err := r.before(ctx, set, targetID, call)
	if err != nil || f.fresh || r.Past == nil {
		return f, err
	}
	searching, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	newest := former{}
	for _, name := range detect.Writers(set) {
		found, err := r.lastWrite(searching, res, set, name)
		if err != nil {
			if ctx.Err() != nil {
				return former{}, ctx.Err()
			}
			// Without the whole history its answer could be too old a one.
			r.Log.Warn("what was there before is not known from the event history", "setting", set.String(), "error", err)
			return f, nil
		}
		if found.known && found.at.After(newest.at) {
			newest = found
		}
	}
	silent := newest.state.Exists && newest.state.Text == "" && set.Kind != change.DefaultVersion
	if !newest.known || silent || newest.at.Before(f.at) {
		return f, nil
	}
	newest.fresh = true
	return newest, nil
}

// lastWrite is what the newest call of a name left of a setting, before the
// caller's.
func (r *Responder) lastWrite(ctx context.Context, res *Result, set change.Setting, name string) (former, error) {
	call := res.Event.Time
	for e, err := range r.Past.Events(ctx, call.Add(-source.LookBack), call, source.Filter{By: source.ByEventName, Value: name}) {
		if err != nil {
			return former{}, err
		}
		st, ok := detect.Left(e, set)
		if !ok || !e.Time.Before(call) || e.RecipientAccount != "" && e.RecipientAccount != r.Account {
			continue
		}
		if his, err := r.isHis(ctx, res, e.Actor()); err != nil {
			return former{}, err
		} else if his {
			continue
		}
		return former{state: st, known: true, at: e.Time, by: "event " + e.ID}, nil
	}
	return former{}, nil
}

// isHis reports whether a call was made by the caller of the incident, or with
// what such a caller made.
func (r *Responder) isHis(ctx context.Context, res *Result, a trail.Actor) (bool, error) {
	if guard.IncidentOf(r.Account, a) == res.Incident {
		return true, nil
	}
	maker, err := r.parent(ctx, a, "")
	return maker != "", err
}
