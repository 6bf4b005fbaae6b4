package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"warden/change/apply"
	"warden/trail"
	"warden/trail/source"
)

// timeResolution is that of eventTime in CloudTrail records.
const timeResolution = time.Second

// Queue delivers events until they are deleted; source.Queue is one.
type Queue interface {
	Receive(ctx context.Context, wait time.Duration) ([]source.Message, error)
	Delete(ctx context.Context, m source.Message) error
}

// QueueOptions tune Serve.
type QueueOptions struct {
	// Name is the queue in logs and in the quarantine.
	Name string
	// Wait is how long one receive waits for messages; 0 means 20 s.
	Wait time.Duration
	// UntilEmpty ends Serve at the first receive that brings nothing.
	UntilEmpty bool
	// Grace is how long the events in hand are gone on with when the context
	// ends; 0 means not at all. What is not dealt with is delivered again.
	Grace time.Duration
	// Each is called with the result of every event, one at a time.
	Each func(Result)
	// Bad is called with every message that is not an event.
	Bad func(m source.Message, err error)
}

// Serve handles what the queue delivers until the context ends, and looks
// again at each containment that it made, for two minutes. A message is
// deleted when its event was dealt with, and also when it is no event at all,
// after the ledger has kept it for inspection and people were told. A dry run deletes nothing: the
// messages are another guard's. An error of the queue is logged and tried
// again; it is returned only with UntilEmpty, and where the queue refuses from
// the start.
func (r *Responder) Serve(ctx context.Context, q Queue, o QueueOptions) error {
	if o.Wait == 0 {
		o.Wait = 20 * time.Second
	}
	hand, done := apply.Grace(ctx, o.Grace)
	defer done()
	h := &holder{r: r, hand: hand, each: func(incident string, again Recheck, err error) {
		switch {
		case err != nil && ctx.Err() == nil:
			r.Log.Error("a containment could not be looked at again", "incident", incident, "error", err)
		case len(again.Stripped) > 0:
			r.Log.Warn("a containment was taken away and put back", "incident", incident, "settings", settings(again.Stripped), "times", again.Times)
		}
	}}
	defer h.looking.Wait()
	answered := false         // by the queue, once
	seen := map[string]bool{} // only in a dry run, where messages come again
	pause := time.Second
	for ctx.Err() == nil {
		r.refreshOldAdmins(ctx)
		messages, err := q.Receive(ctx, o.Wait)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (o.UntilEmpty || !answered && errors.Is(err, source.ErrRefused)):
			return err
		case err != nil:
			r.Log.Error("the queue does not answer", "queue", o.Name, "error", err)
			if !wait(ctx, pause) {
				return nil
			}
			pause = min(2*pause, time.Minute)
			continue
		}
		pause, answered = time.Second, true
		fresh := messages[:0]
		for _, m := range messages {
			if r.Applier == nil && seen[m.ID] {
				continue
			}
			seen[m.ID] = r.Applier == nil
			fresh = append(fresh, m)
		}
		if r.Applier != nil {
			clear(seen)
		}
		if len(fresh) == 0 && o.UntilEmpty {
			return nil
		}
		r.batch(hand, q, fresh, o, func(incident string) {
			if !o.UntilEmpty {
				h.hold(ctx, incident, nextLook(r.Now(), r.Now()))
			}
		})
	}
	return nil
}

// batch handles messages side by side; those of one caller follow each other,
// in the order of their time, so that people are told of what he did first.
func (r *Responder) batch(ctx context.Context, q Queue, messages []source.Message, o QueueOptions, hold func(incident string)) {
	var each sync.Mutex
	var all sync.WaitGroup
	groups := map[string][]delivered{}
	var order []string
	for i, m := range messages {
		d := delivered{Message: m}
		by := fmt.Sprint("message ", i) // nobody's
		if d.event, d.err = trail.ParseDelivered(m.Body); d.err == nil {
			r.born.note(d.event) // who assumed a role is known before what he did with it
			a := d.event.Actor()
			by = cmp.Or(a.ARN, a.ID, a.UserID, by)
		}
		if groups[by] == nil {
			order = append(order, by)
		}
		groups[by] = append(groups[by], d)
	}
	for _, by := range order {
		group := groups[by]
		slices.SortStableFunc(group, func(a, b delivered) int {
			if a.event == nil || b.event == nil {
				return 0
			}
			return a.event.Time.Compare(b.event.Time)
		})
		all.Go(func() {
			for _, d := range group {
				r.one(ctx, q, d, o, hold, &each)
			}
		})
	}
	all.Wait()
}

// delivered is a message with its event, or with why it is none.
type delivered struct {
	source.Message
	event *trail.Event
	err   error
}

// one handles a message and deletes it when it is dealt with.
func (r *Responder) one(ctx context.Context, q Queue, d delivered, o QueueOptions, hold func(incident string), each *sync.Mutex) {
	var dealt bool
	if d.err != nil {
		r.Log.Warn("not an event", "queue", o.Name, "message", d.ID, "reason", oneLine(d.err), "bytes", len(d.Body))
		dealt = r.Unreadable(ctx, o.Name+" message "+d.ID, d.Body, d.err)
		if o.Bad != nil {
			each.Lock()
			o.Bad(d.Message, d.err)
			each.Unlock()
		}
	} else {
		res := r.Handle(ctx, d.event)
		dealt = !res.Retry
		if !res.Next.IsZero() {
			hold(res.Incident)
		}
		if o.Each != nil {
			each.Lock()
			o.Each(res)
			each.Unlock()
		}
	}
	if !dealt || r.Applier == nil {
		return
	}
	if err := q.Delete(ctx, d.Message); err != nil && !errors.Is(err, context.Canceled) {
		// It comes again, and the ledger knows it.
		r.Log.Warn("message not deleted", "error", err)
	}
}

// quarantine keeps what is not an event for inspection; false means that it
// could not be kept.
func (r *Responder) quarantine(ctx context.Context, from string, data []byte, reason error) bool {
	if r.Ledger == nil {
		return true
	}
	if _, err := r.Ledger.Quarantine(ctx, from, oneLine(reason), data); err != nil {
		r.Log.Error("could not be kept for inspection", "from", from, "error", err)
		return false
	}
	return true
}

// Quarantine keeps a record of a file that is not an event for inspection.
func (r *Responder) Quarantine(ctx context.Context, from string, data []byte, reason error) {
	r.quarantine(ctx, from, data, reason)
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
