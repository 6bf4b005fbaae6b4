package apply

import (
	"context"
	"errors"
	"time"
)

// Grace returns a context that lives on for d after ctx was cancelled, so that
// what is in hand can end well when somebody stops the program. A deadline of
// ctx stays what it is, and with d of zero ctx itself is returned.
func Grace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return ctx, func() {}
	}
	hand, end := context.WithCancel(context.WithoutCancel(ctx))
	if at, ok := ctx.Deadline(); ok {
		hand, end = context.WithDeadline(hand, at)
	}
	ended := hand.Done()
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
			case <-ended:
			}
		}
		end()
	})
	return hand, func() { stop(); end() }
}
