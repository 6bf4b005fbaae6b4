package ledger

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"warden/change"
)

// view is what the whole ledger, or one incident, adds up to, as far as this
// process has read it: each call reads only what was appended since the one before, however
// long the ledger has become. Entries are never changed, so what was added up
// stays right.
type view struct {
	gate chan struct{} // holds one token: who has it reads and adds
	fold *fold
	seq  int64 // of the newest entry that was added
}

func newView() *view {
	v := &view{gate: make(chan struct{}, 1), fold: newFold()}
	v.gate <- struct{}{}
	return v
}

// read reads what is new of the selected entries and lets look at all of them.
// What look keeps has to be its own copy.
func (v *view) read(ctx context.Context, store Store, q Query, look func(f *fold)) error {
	select {
	case <-v.gate:
	case <-ctx.Done():
		return fmt.Errorf("ledger: %w", ctx.Err())
	}
	defer func() { v.gate <- struct{}{} }()
	q.After = v.seq
	for e, err := range store.Entries(ctx, q) {
		if err == nil {
			err = v.fold.add(e)
		}
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		v.seq = e.Seq
	}
	v.fold.finish()
	look(v.fold)
	return nil
}

// whole reads what is new and lets look at all of the ledger.
func (l *Ledger) whole(ctx context.Context, look func(f *fold)) error {
	return l.view.read(ctx, l.store, Query{}, look)
}

// one reads what is new of an incident and lets look at it, nil where the
// ledger has none of that id. A busy incident is asked for with each of its
// events: who makes a thousand calls must not make the guard read a million
// entries.
func (l *Ledger) one(ctx context.Context, id string, look func(in *Incident)) error {
	return l.recent.of(id).read(ctx, l.store, Query{Incident: id}, func(f *fold) { look(f.incidents[id]) })
}

// maxRecent is of how many incidents a process keeps what they add up to.
const maxRecent = 16

// recent are the views of the incidents that were asked for last.
type recent struct {
	mu    sync.Mutex
	views map[string]*view
	order []string // the one asked for last is the last
}

func (r *recent) of(id string) *view {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.views == nil {
		r.views = map[string]*view{}
	}
	v := r.views[id]
	if v == nil {
		v = newView()
		r.views[id] = v
	} else {
		r.order = slices.DeleteFunc(r.order, func(o string) bool { return o == id })
	}
	r.order = append(r.order, id)
	for len(r.order) > maxRecent {
		delete(r.views, r.order[0])
		r.order = r.order[1:]
	}
	return v
}

// copied is an incident that later entries do not change.
func copied(in *Incident) Incident {
	out := *in
	out.Events, out.Steps, out.Proposals = slices.Clone(in.Events), slices.Clone(in.Steps), copiedProposals(in.Proposals)
	out.Plans, out.Verifications, out.Notifications = slices.Clip(in.Plans), slices.Clip(in.Verifications), slices.Clip(in.Notifications)
	return out
}

func copiedProposals(list []Proposal) []Proposal {
	out := slices.Clone(list)
	for i := range out {
		out[i].TaskTokens = slices.Clip(out[i].TaskTokens)
	}
	return out
}

// place is a setting of one bearer of its target's name.
type place struct {
	change.Setting
	targetID string
}

// sighting is a state in which a step left, or found, a setting.
type sighting struct {
	at    time.Time
	state change.State
}
