package scene

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"warden/change/apply"
	"warden/change/ledger"
	"warden/respond"
	"warden/trail/source"
)

// worker is one runtime of the guard, which dies and comes back.
type worker struct {
	s *scene
	n int
}

// rebirth is how long it takes until a dead runtime is replaced.
const rebirth = 5 * time.Second

func (w *worker) run(ctx context.Context) {
	for life := 0; ctx.Err() == nil; life++ {
		if err := w.live(ctx, life); err != nil {
			w.s.fail("worker %d could not begin its life %d: %v", w.n, life+1, err)
			return
		}
		if ctx.Err() == nil {
			w.s.crashed.Add(1)
			w.s.note("worker %d", "dies", w.n)
			time.Sleep(rebirth)
		}
	}
}

// life is what dies.
type life struct {
	dead  atomic.Bool
	calls atomic.Int64
	limit int64 // the call at which it ends; 0 for none
	kill  context.CancelFunc
}

// cut ends the life at its last call: before that has an effect, or after.
func (l *life) cut(target string, after bool) bool {
	if l.dead.Load() {
		return true
	}
	if l.limit == 0 || strings.HasPrefix(target, "AmazonSQS.") {
		return false
	}
	n := l.calls.Load()
	if !after {
		n = l.calls.Add(1)
	}
	if n == l.limit && after == (l.limit%2 == 1) {
		l.dead.Store(true)
		l.kill()
		return true
	}
	return false
}

// mortal is a ledger that a dead runtime does not reach any more. The way to it
// takes a moment too, another one for each entry.
type mortal struct {
	ledger.Store
	l    *life
	line wire
}

func (m mortal) Append(ctx context.Context, e ledger.Entry) (ledger.Entry, error) {
	if m.l.dead.Load() {
		return ledger.Entry{}, errLineDead
	}
	what, body := "ledger "+string(e.Kind), slices.Concat([]byte(e.Incident+" "+e.Step+" "+e.Key+" "), e.Body)
	if err := m.line.way(ctx, what, body, 4); err != nil {
		return ledger.Entry{}, err
	}
	if m.l.dead.Load() {
		return ledger.Entry{}, errLineDead
	}
	return m.Store.Append(ctx, e)
}

// live runs the guard until its life or the scene ends.
func (w *worker) live(ctx context.Context, n int) error {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	l := &life{kill: kill}
	if at := w.s.cfg.crashes[w.n]; n < len(at) {
		l.limit = int64(at[n])
	}
	line := w.s.line
	line.name, line.cut = fmt.Sprintf("worker %d.%d", w.n, n), l.cut
	hands, err := w.s.NewHands(patient(line))
	if err != nil {
		return err
	}
	book := ledger.New(mortal{w.s.memory, l, line}, nil)
	past := source.NewLookup(map[string]source.LookupClient{"us-east-1": hands.Account.CloudTrail})
	clock := func() time.Time { w.s.turns.take(line.name, "clock"); return time.Now() }
	r, err := w.s.ResponderOf(hands, book, hands.Applier(book, apply.Options{Account: w.s.Account, Worker: line.name, Now: clock}), func(o *respond.Options) {
		o.Log, o.Past, o.Now = w.s.logger(ctx, line.name), past, clock
		o.Guard.Protected = append(o.Guard.Protected, w.s.protected...)
	})
	if err != nil {
		return err
	}
	for err := r.Start(ctx); err != nil && ctx.Err() == nil; err = r.Start(ctx) {
		w.s.note("worker %d", "could not start: %v", w.n, err)
		time.Sleep(time.Second)
	}
	var all sync.WaitGroup
	if w.n == 0 {
		all.Go(func() { w.sweeps(ctx, r, past) })
	}
	err = r.Serve(ctx, asker{source.NewQueue(hands.Hub.SQS, w.s.QueueURL), 1001*time.Millisecond + time.Duration(w.n)*97*time.Millisecond}, respond.QueueOptions{Name: "queue", Each: func(res respond.Result) {
		if ctx.Err() != nil {
			return // what a dead one still says comes in any order
		}
		w.s.note("worker %d", "%s of %s: %s, %s, taken %d, error %v", w.n, res.Event.Name, res.Actor.ARN, res.Verdict, res.Action, len(res.Taken), res.Err)
	}})
	all.Wait()
	return err
}

// asker asks a queue now and then, and does not wait at it: which of two who
// wait gets a message is chance.
type asker struct {
	respond.Queue
	every time.Duration
}

func (a asker) Receive(ctx context.Context, _ time.Duration) ([]source.Message, error) {
	if !pause(ctx, a.every) {
		return nil, ctx.Err()
	}
	return a.Queue.Receive(ctx, 0)
}

// sweeps runs the sweep as the schedule would, and looks again at what it made.
func (w *worker) sweeps(ctx context.Context, r *respond.Responder, past respond.Past) {
	var looks sync.WaitGroup
	defer looks.Wait()
	for pause(ctx, w.s.cfg.sweep) {
		began := time.Since(w.s.began)
		report, err := r.Sweep(ctx, past, respond.SweepOptions{})
		if ctx.Err() != nil {
			return
		}
		w.s.swept.Store(int64(began))
		w.s.note("sweep", "%d missed, %d early, %d unfinished, %d stripped, problems %v, error %v", len(report.Missed), len(report.Early), len(report.Unfinished), len(report.Stripped), report.Problems, err)
		for _, incident := range report.Hold {
			looks.Go(func() {
				next := time.Now().Add(2 * time.Second)
				for !next.IsZero() && pause(ctx, time.Until(next)) {
					again, _ := r.Recheck(ctx, incident)
					next = again.Next
				}
			})
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
