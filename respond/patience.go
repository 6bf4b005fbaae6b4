package respond

import (
	"context"
	"time"
)

// patienceKey marks a context with the time until which it judges events again.
type patienceKey struct{}

// patiently bounds by historyPatience what is judged again because of an event,
// and because of what that brings to light in turn. Within begin the history is
// read and events are begun; one that was begun is dealt with to its end, with
// the other context. Else a message is sent and not recorded, and sent again.
func patiently(ctx context.Context) (begin, going context.Context, done context.CancelFunc) {
	until, ok := ctx.Value(patienceKey{}).(time.Time)
	if !ok {
		until = time.Now().Add(historyPatience)
		ctx = context.WithValue(ctx, patienceKey{}, until)
	}
	begin, done = context.WithDeadline(ctx, until)
	return begin, ctx, done
}
