package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Telling is the body of a NotifyIntended and of a NotifyFailed entry: an
// attempt to tell a channel of a round.
type Telling struct {
	Channel string `json:"channel"`
	Attempt int    `json:"attempt"` // from 1
	Error   string `json:"error,omitempty"`
}

func tellingKey(kind, incident string, round int, t Telling) string {
	return fmt.Sprintf("%s:%s:%d:%s:%d", kind, incident, round, t.Channel, t.Attempt)
}

// ClaimNotification reserves the sending of a round's notification to a
// channel, so that of several workers one sends. mine is false while another
// is at it, and when the channel was told already (done). An attempt that
// neither failed nor ended within takeOver counts as dead: its message may
// have been sent, and is sent again rather than never.
func (l *Ledger) ClaimNotification(ctx context.Context, incident string, round int, channel string, takeOver time.Duration) (t Telling, mine, done bool, err error) {
	if _, err := l.store.Get(ctx, notifiedKey(incident, round, channel)); err == nil {
		return t, false, true, nil
	} else if !errors.Is(err, ErrNotFound) {
		return t, false, false, fmt.Errorf("ledger: %w", err)
	}
	for n := 1; ; n++ {
		t = Telling{Channel: channel, Attempt: n}
		key := tellingKey("telling", incident, round, t)
		e, err := l.store.Get(ctx, key)
		if errors.Is(err, ErrNotFound) {
			mine, err := l.once(ctx, Entry{Kind: NotifyIntended, Incident: incident, Key: key}, t)
			return t, mine, false, err
		}
		if err != nil {
			return t, false, false, fmt.Errorf("ledger: %w", err)
		}
		_, err = l.store.Get(ctx, tellingKey("untold", incident, round, t))
		switch {
		case err == nil:
		case !errors.Is(err, ErrNotFound):
			return t, false, false, fmt.Errorf("ledger: %w", err)
		case l.now().Sub(e.Time) < takeOver:
			return t, false, false, nil
		}
	}
}

// FailNotification records that a claimed attempt did not reach the channel,
// so that the next one need not wait.
func (l *Ledger) FailNotification(ctx context.Context, incident string, round int, t Telling, reason error) error {
	t.Error = reason.Error()
	_, err := l.once(ctx, Entry{Kind: NotifyFailed, Incident: incident, Key: tellingKey("untold", incident, round, t)}, t)
	return err
}
