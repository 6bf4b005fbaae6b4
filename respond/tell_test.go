package respond_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"warden/internal/stage"
	"warden/notify"
	"warden/respond"
)

// line is a channel that answers with each of its errors in turn, and then
// takes what comes.
type line struct {
	mu   sync.Mutex
	errs []error
	got  []notify.Message
}

func (l *line) Notify(_ context.Context, m notify.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return err
	}
	l.got = append(l.got, m)
	return nil
}

// Each channel is told once, whatever happens to the others; one that refuses
// for good is no reason to deliver the event again while another was reached.
func TestChannelsAreToldApart(t *testing.T) {
	t.Parallel()
	down := errors.New("no answer")
	revoked := fmt.Errorf("revoked: %w", notify.ErrPermanent)
	for _, tt := range []struct {
		name       string
		sns, slack []error
		retries    int // how many deliveries ask for another
		want       [2]int
	}{
		{"all well", nil, nil, 0, [2]int{1, 1}},
		{"one is down twice", nil, []error{down, down}, 2, [2]int{1, 1}},
		{"both are down at different times", []error{down}, []error{down, down}, 2, [2]int{1, 1}},
		{"one was revoked", nil, []error{revoked, revoked, revoked, revoked, revoked}, 0, [2]int{1, 0}},
		{"one was revoked, and the other is down", []error{down}, []error{revoked, revoked, revoked, revoked, revoked}, 1, [2]int{1, 0}},
		{"both were revoked", []error{revoked}, []error{revoked}, 1, [2]int{1, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sns, slack := &line{errs: tt.sns}, &line{errs: tt.slack}
			p := newPlay(t, stage.Options{}, func(o *respond.Options) {
				o.Notifier = notify.All{notify.Channel{Name: "sns", Notifier: sns}, notify.Channel{Name: "slack", Notifier: slack}}
			})
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			e := p.intruderEvents()[0]
			retries := 0
			for range 4 {
				res := p.r.Handle(t.Context(), e)
				if res.Retry {
					retries++
				}
				// The containment does not wait for anybody to be told.
				if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
					t.Fatalf("not contained: %v", err)
				}
			}
			if got := [2]int{len(sns.got), len(slack.got)}; got != tt.want || retries != tt.retries {
				t.Errorf("told %v with %d retries, want %v with %d", got, retries, tt.want, tt.retries)
			}
			for _, l := range []*line{sns, slack} {
				for _, m := range l.got {
					if m.Details == nil || m.Details.ARN == "" || m.Details.Undo == "" || len(m.Details.Done) == 0 {
						t.Errorf("a message without details: %+v", m.Details)
					}
				}
			}
		})
	}
}
