package respond

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"warden/change/ledger"
	"warden/notify"
)

// tellTakeOver is the age at which an attempt to tell people counts as dead.
const tellTakeOver = time.Minute

// telling is how the telling of one channel ended.
type telling struct {
	err error
	// open asks for another try: the message did not arrive, or another
	// worker is still at it.
	open bool
}

// tell sends a message once to each channel for a round of an incident and
// its kind, whatever the number of workers; twice only when one died between
// sending and recording. The channels are told at the same time and do not
// wait for each other. When one was not reached the event is to be delivered
// again, unless that channel refuses for good and another was reached.
func (r *Responder) tell(ctx context.Context, res *Result, round int, kind string, m notify.Message) {
	channels := notify.Channels(r.Notifier)
	ends := make([]telling, len(channels))
	var all sync.WaitGroup
	for i, c := range channels {
		all.Go(func() { ends[i] = r.tellChannel(ctx, res.Incident, round, kind, c, m) })
	}
	all.Wait()
	reached := false
	for _, end := range ends {
		reached = reached || end == telling{}
	}
	for _, end := range ends {
		res.Err = errors.Join(res.Err, end.err)
		if end.open && (!reached || !errors.Is(end.err, notify.ErrPermanent)) {
			res.Retry = true
		}
	}
}

func (r *Responder) tellChannel(ctx context.Context, incident string, round int, kind string, c notify.Channel, m notify.Message) telling {
	if c.Name != "" {
		kind += "/" + c.Name
	}
	attempt, mine, done, err := r.Ledger.ClaimNotification(ctx, incident, round, kind, tellTakeOver)
	switch {
	case err != nil:
		return telling{err, true}
	case done:
		return telling{}
	case !mine:
		return telling{nil, true}
	}
	if err := c.Notify(ctx, m); err != nil {
		err = fmt.Errorf("tell %s: %w", kind, err)
		return telling{errors.Join(err, r.Ledger.FailNotification(ctx, incident, round, attempt, err)), true}
	}
	if _, err := r.Ledger.RecordNotification(ctx, incident, round, ledger.Notification{Channel: kind, Subject: m.Subject}); err != nil {
		return telling{err, true}
	}
	return telling{}
}
