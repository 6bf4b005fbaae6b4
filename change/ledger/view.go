package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"warden/change"
)

// view is what the whole ledger adds up to, as far as this process has read
// it: each call reads only what was appended since the one before, however
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

// whole reads what is new and lets look at all of it. What look keeps has to
// be its own copy.
func (l *Ledger) whole(ctx context.Context, look func(f *fold)) error {
	v := l.view
	select {
	case <-v.gate:
	case <-ctx.Done():
		return fmt.Errorf("ledger: %w", ctx.Err())
	}
	defer func() { v.gate <- struct{}{} }()
	for e, err := range l.store.Entries(ctx, Query{After: v.seq}) {
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
