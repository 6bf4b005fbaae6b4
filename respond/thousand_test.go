package respond_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"warden/change/apply"
	"warden/change/ledger"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// 1,000 events of one caller, duplicated and in any order, over 8 workers that
// share nothing but the ledger: one plan, one call, one notification.
func TestThousandEvents(t *testing.T) {
	t.Parallel()
	const calls, times, workers = 125, 8, 8
	for _, tc := range []struct {
		name string
		open func(t *testing.T) func() ledger.Store // a worker's own view of the shared medium
	}{
		{"memory", func(*testing.T) func() ledger.Store {
			m := &ledger.Memory{}
			return func() ledger.Store { return m }
		}},
		{"sqlite", func(t *testing.T) func() ledger.Store {
			path := filepath.Join(t.TempDir(), "ledger.db")
			return func() ledger.Store {
				s, err := ledger.OpenSQLite(context.WithoutCancel(t.Context()), path)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return s
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{})
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			first := p.intruderEvents()[0]
			events := make([]*trail.Event, 0, calls*times)
			for i := range calls {
				e := *first
				e.ID, e.Time = fmt.Sprintf("d0000000-0000-4000-8000-%012d", i), first.Time.Add(-time.Duration(i)*time.Second)
				for range times {
					events = append(events, &e)
				}
			}
			random := rand.New(rand.NewPCG(7, 7))
			random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })

			open := tc.open(t)
			guards := make([]*respond.Responder, workers)
			for i := range guards {
				l := ledger.New(open(), nil)
				guards[i] = p.responder(func(o *respond.Options) {
					o.Ledger, o.Applier = l, apply.New(p.Guard.IAM, l, apply.Options{Account: p.Account})
				})
			}
			// A message that asks for it is delivered again, to whoever is free.
			queue := make(chan *trail.Event, 4*len(events))
			var pending sync.WaitGroup
			pending.Add(len(events))
			for _, e := range events {
				queue <- e
			}
			ctx := context.WithoutCancel(t.Context())
			var all sync.WaitGroup
			for _, g := range guards {
				all.Go(func() {
					for e := range queue {
						res := g.Handle(ctx, e)
						if res.Err != nil {
							t.Errorf("%s: %v", res.Action, res.Err)
						}
						if res.Retry && res.Err == nil {
							queue <- e
							continue
						}
						pending.Done()
					}
				})
			}
			pending.Wait()
			close(queue)
			all.Wait()

			l := ledger.New(open(), nil)
			incidents, err := l.Incidents(ctx)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, in := range incidents {
				if in.Caller == "warden" {
					continue
				}
				n++
				if len(in.Events) != calls || len(in.Plans) != 1 || len(in.Steps) != 1 || in.Steps[0].Status() != ledger.Done || in.Status != ledger.StatusConfigured || len(in.Notifications) != 1 {
					t.Errorf("%d events, %d plans, %d steps, %d notifications, %s", len(in.Events), len(in.Plans), len(in.Steps), len(in.Notifications), in.Status)
				}
			}
			if n != 1 {
				t.Errorf("%d incidents", n)
			}
			if n := len(p.Twin.Published()); n != 1 {
				t.Errorf("%d notifications were sent", n)
			}
			attached := 0
			for _, name := range p.guardCalls() {
				if name == "AttachUserPolicy" {
					attached++
				}
			}
			if attached != 1 {
				t.Errorf("AttachUserPolicy was called %d times", attached)
			}
			if _, _, err := l.Verify(ctx, ""); err != nil {
				t.Error(err)
			}
		})
	}
}
