package apply

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hand, done := Grace(ctx, 10*time.Second)
		defer done()
		cancel()
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if hand.Err() != nil {
			t.Error("cancelled before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if hand.Err() == nil {
			t.Error("it goes on for ever")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		hand, done := Grace(ctx, 10*time.Second)
		defer done()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if hand.Err() == nil {
			t.Error("it outlives the deadline")
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if hand, done := Grace(ctx, 0); hand.Err() == nil {
		done()
		t.Error("a grace of nothing")
	}
}
