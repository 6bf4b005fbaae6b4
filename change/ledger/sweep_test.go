package ledger_test

import (
	"context"
	"testing"
	"time"

	"warden/change/ledger"
)

// counting counts the reads of a store.
type counting struct {
	ledger.Memory
	gets int
}

func (c *counting) Get(ctx context.Context, key string) (ledger.Entry, error) {
	c.gets++
	return c.Memory.Get(ctx, key)
}

func TestSweeps(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &counting{}
	l := ledger.New(store, nil)
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	if s, err := l.LastSweep(ctx, "1"); err != nil || len(s.Until) != 0 {
		t.Errorf("before the first: %+v, %v", s, err)
	}
	for n := 1; n <= 100; n++ {
		at := start.Add(time.Duration(n) * time.Minute)
		if err := l.RecordSweep(ctx, ledger.Sweep{Account: "1", Until: map[string]time.Time{"a": at}}); err != nil {
			t.Fatal(err)
		}
		store.gets = 0
		s, err := l.LastSweep(ctx, "1")
		if err != nil || !s.Until["a"].Equal(at) {
			t.Fatalf("after %d: %+v, %v", n, s, err)
		}
		if store.gets > 14 {
			t.Errorf("after %d: %d entries read to find the newest", n, store.gets)
		}
	}
	// A sweep of another place, and one that did not get as far.
	for place, at := range map[string]time.Time{"b": start, "a": start} {
		if err := l.RecordSweep(ctx, ledger.Sweep{Account: "1", Until: map[string]time.Time{place: at}}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.LastSweep(ctx, "1")
	if err != nil || !s.Until["a"].Equal(start.Add(100*time.Minute)) || !s.Until["b"].Equal(start) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := l.LastSweep(ctx, "2"); err != nil || len(s.Until) != 0 {
		t.Errorf("of another account: %+v, %v", s, err)
	}
}

func TestConfirmations(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWriter(t)
	for _, id := range []string{"e1", "e2", "e3"} {
		w.do(w.JoinEvent(ctx, "inc", ledger.Event{ID: id, Verdict: "contain"}))
	}
	if got, err := w.Joined(ctx, "e2"); err != nil || got != "inc" {
		t.Errorf("joined %q, %v", got, err)
	}
	if got, err := w.Joined(ctx, "other"); err != nil || got != "" {
		t.Errorf("joined %q, %v", got, err)
	}
	if !w.do(w.ConfirmEvent(ctx, "inc", "e1")) || w.do(w.ConfirmEvent(ctx, "inc", "e1")) {
		t.Error("an event is confirmed once")
	}
	if !w.do(w.DoubtEvent(ctx, "inc", "e2", "not there")) || w.do(w.DoubtEvent(ctx, "inc", "e2", "again")) {
		t.Error("an event is doubted once")
	}
	w.do(w.DoubtEvent(ctx, "inc", "e3", "not there"))
	w.do(w.ConfirmEvent(ctx, "inc", "e3"))
	in, err := w.Incident(ctx, "inc")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		confirmed bool
		doubt     string
	}{{true, ""}, {false, "not there"}, {true, "not there"}} {
		ev := in.Events[i]
		if ev.ConfirmedAt.IsZero() == want.confirmed || ev.Doubt != want.doubt || ev.JoinedAt.IsZero() {
			t.Errorf("%+v, want %+v", ev, want)
		}
	}
}

// A doubtful event is recorded once more when it is decided, and then no more.
func TestDoubtfulEvents(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWriter(t)
	e := ledger.Event{ID: "e", Name: "CreateUser", Verdict: "escalate"}
	if !w.do(w.JoinEvent(ctx, "inc", e)) || w.do(w.JoinEvent(ctx, "inc", e)) {
		t.Error("a doubtful event is recorded once while it is doubtful")
	}
	w.do(w.JoinEvent(ctx, "inc", ledger.Event{ID: "f", Verdict: "contain"}))
	w.do(w.ConfirmEvent(ctx, "inc", "e"))
	before, err := w.Incident(ctx, "inc")
	if err != nil {
		t.Fatal(err)
	}
	e.Verdict = "contain"
	if !w.do(w.JoinEvent(ctx, "inc", e)) || w.do(w.JoinEvent(ctx, "inc", e)) {
		t.Error("what became of it is recorded once")
	}
	e.Verdict = "alert"
	if w.do(w.JoinEvent(ctx, "inc", e)) {
		t.Error("what was decided is decided")
	}
	in, err := w.Incident(ctx, "inc")
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Events) != 2 || in.Events[0].Verdict != "contain" || in.Events[0].Doubtful() || !before.Events[0].Doubtful() ||
		!in.Events[0].JoinedAt.Equal(before.Events[0].JoinedAt) || in.Events[0].ConfirmedAt.IsZero() {
		t.Errorf("%+v, before %+v", in.Events, before.Events)
	}
}
