package notify_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"warden/notify"
)

// answers fails with each of its errors in turn, and then works.
type answers struct {
	errs  []error
	calls int
	hang  time.Duration
}

func (a *answers) Notify(ctx context.Context, _ notify.Message) error {
	a.calls++
	if a.hang > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(a.hang):
		}
	}
	if a.calls <= len(a.errs) {
		return a.errs[a.calls-1]
	}
	return nil
}

func TestRetry(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	revoked := fmt.Errorf("revoked: %w", notify.ErrPermanent)
	later := func(d time.Duration) error { return &notify.LaterError{After: d, Err: broken} }
	for _, tt := range []struct {
		name  string
		n     answers
		calls int
		took  time.Duration
		fails bool
	}{
		{"works", answers{}, 1, 0, false},
		{"works at the third", answers{errs: []error{broken, broken}}, 3, 3 * time.Second, false},
		{"does not work", answers{errs: []error{broken, broken, broken, broken}}, 3, 3 * time.Second, true},
		{"refuses for good", answers{errs: []error{revoked, broken}}, 1, 0, true},
		{"asks to wait a little", answers{errs: []error{later(5 * time.Second)}}, 2, 5 * time.Second, false},
		{"asks to wait longer than we do", answers{errs: []error{later(time.Minute)}}, 1, 0, true},
		{"hangs", answers{hang: time.Hour}, 1, 15 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := notify.Retry{Notifier: &tt.n}.Notify(t.Context(), notify.Message{})
				if (err != nil) != tt.fails || tt.n.calls != tt.calls || time.Since(start) != tt.took {
					t.Errorf("%v after %d calls and %s, want %d and %s", err, tt.n.calls, time.Since(start), tt.calls, tt.took)
				}
			})
		})
	}
}
