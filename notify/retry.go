package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrPermanent marks an answer that will be the same the next time: the
// webhook was revoked, the address does not exist.
var ErrPermanent = errors.New("sending it again will not help")

// LaterError is an answer that asks to wait.
type LaterError struct {
	After time.Duration
	Err   error
}

func (e *LaterError) Error() string { return fmt.Sprintf("%v; asks to wait %s", e.Err, e.After) }

// Unwrap returns what was answered.
func (e *LaterError) Unwrap() error { return e.Err }

// How a Retry goes about it.
const (
	sendAttempts = 3
	sendFirst    = time.Second      // before the second attempt, then twice as long
	sendWithin   = 15 * time.Second // all attempts together
)

// Retry sends again what failed, three times within 15 seconds in all. What
// has not arrived by then is left to the next delivery of the event. An
// [ErrPermanent] is not tried again, and a [LaterError] not before its time.
type Retry struct{ Notifier }

// Notify implements Notifier.
func (r Retry) Notify(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	wait := sendFirst
	for attempt := 1; ; attempt++ {
		err := r.Notifier.Notify(ctx, m)
		if err == nil || errors.Is(err, ErrPermanent) || attempt == sendAttempts {
			return err
		}
		pause := wait
		if later, ok := errors.AsType[*LaterError](err); ok {
			pause = max(pause, later.After)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		wait *= 2
	}
}
