package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"testing"
	"time"

	"warden/change"
	"warden/change/ledger"
)

// What a ledger that reads on says is what one that begins anew says, after
// each entry; and what was answered before does not change under the reader.
func TestReadingOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &ledger.Memory{}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { at = at.Add(time.Second); return at }
	l := ledger.New(store, now)
	var kept [][]ledger.Incident
	var alone []ledger.Incident
	var lists, texts []string
	check := func(what string) {
		t.Helper()
		fresh := ledger.New(store, now)
		for name, ask := range map[string]func(*ledger.Ledger) (any, error){
			"incidents":  func(l *ledger.Ledger) (any, error) { return l.Incidents(ctx) },
			"unfinished": func(l *ledger.Ledger) (any, error) { return l.Unfinished(ctx) },
			"proposals":  func(l *ledger.Ledger) (any, error) { return l.Proposals(ctx) },
		} {
			got, err := ask(l)
			want, werr := ask(fresh)
			if err != nil || werr != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %+v, %v\nwant %+v, %v", what, name, got, err, want, werr)
			}
		}
		list, err := l.Incidents(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range list {
			one, err := l.Incident(ctx, in.ID)
			if err != nil || !reflect.DeepEqual(one, in) {
				t.Errorf("%s: %+v\nalone %+v, %v", what, in, one, err)
			}
			steps, err := l.Steps(ctx, in.ID)
			if err != nil || !reflect.DeepEqual(steps, in.Steps) {
				t.Errorf("%s: %+v\nits steps %+v, %v", what, in, steps, err)
			}
			alone, texts = append(alone, one), append(texts, fmt.Sprintf("%+v", one))
		}
		kept, lists = append(kept, list), append(lists, fmt.Sprintf("%+v", list))
	}
	done := func(_ bool, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id := change.Identity{ARN: "arn:aws:iam::111122223333:user/mallory", ID: "AIDAM"}
	attach := change.Attach(id, "arn:aws:iam::111122223333:policy/DENY-IAM")
	plan := func(round int, undo bool, s change.Step) change.Plan {
		t.Helper()
		p, err := change.NewPlan(change.Plan{Account: "111122223333", Incident: "inc", Round: round, Undo: undo, CreatedAt: at, Steps: []change.Step{s}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	check("empty")
	done(l.OpenIncident(ctx, "inc", ledger.Opening{Account: "111122223333", Caller: id.ARN}))
	done(l.JoinEvent(ctx, "inc", ledger.Event{ID: "e1", Verdict: "contain"}))
	check("opened")
	carry := func(p change.Plan) {
		t.Helper()
		if _, _, err := l.RecordPlan(ctx, p); err != nil {
			t.Fatal(err)
		}
		check("planned")
		s := p.Steps[0]
		done(l.Intend(ctx, "inc", s.ID, ledger.Intent{Plan: p.ID, Attempt: 1, Before: s.Before}))
		check("intended")
		done(l.End(ctx, "inc", s.ID, ledger.Outcome{Attempt: 1, Status: ledger.Done, Found: s.After}))
		check("ended")
	}
	first := plan(1, false, attach)
	carry(first)
	done(l.ConfirmEvent(ctx, "inc", "e1"))
	done(l.Propose(ctx, plan(2, false, change.DeactivateKey(id, "AKIA1")), "asks"))
	check("proposed")
	back := change.Transition(attach.Setting, id.ID, attach.After, attach.Before)
	back.Undoes = []string{first.Steps[0].ID}
	undo := plan(2, true, back)
	carry(undo)
	again := change.Transition(back.Setting, id.ID, back.After, back.Before)
	again.Undoes = []string{undo.Steps[0].ID}
	carry(plan(3, true, again)) // an undo of the undo
	for i := range kept {
		if got := fmt.Sprintf("%+v", kept[i]); got != lists[i] {
			t.Errorf("answer %d changed:\n%s\nwas\n%s", i, got, lists[i])
		}
	}
	for i := range alone {
		if got := fmt.Sprintf("%+v", alone[i]); got != texts[i] {
			t.Errorf("incident %d changed:\n%s\nwas\n%s", i, got, texts[i])
		}
	}
	st, _, known, err := l.LastFound(ctx, attach.Setting, id.ID, at.Add(time.Hour))
	if err != nil || !known || !st.Same(attach.After) {
		t.Errorf("last found %v %v %v", st, known, err)
	}
	if _, _, known, _ := l.LastFound(ctx, attach.Setting, "AIDAOTHER", at.Add(time.Hour)); known {
		t.Error("another bearer of the name is known")
	}
}

// Readers and writers share a ledger (run with the race detector).
func TestReadingOnAtOnce(t *testing.T) {
	t.Parallel()
	l := ledger.New(&ledger.Memory{}, nil)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 25 {
				in := fmt.Sprintf("inc-%d", i)
				if _, err := l.OpenIncident(t.Context(), in, ledger.Opening{Account: "1"}); err != nil {
					t.Error(err)
				}
				if _, err := l.JoinEvent(t.Context(), in, ledger.Event{ID: fmt.Sprintf("e-%d-%d", w, i)}); err != nil {
					t.Error(err)
				}
				if _, err := l.ConfirmEvent(t.Context(), in, fmt.Sprintf("e-%d-%d", w, i)); err != nil {
					t.Error(err)
				}
				list, err := l.Incidents(t.Context())
				if err != nil {
					t.Error(err)
				}
				_ = fmt.Sprint(list)
				one, err := l.Incident(t.Context(), in)
				if err != nil || one.ID != in || len(one.Events) == 0 {
					t.Errorf("%s: %+v %v", in, one, err)
				}
			}
		})
	}
	all.Wait()
	list, err := l.Incidents(t.Context())
	if err != nil || len(list) != 25 || len(list[0].Events) != 4 {
		t.Errorf("%d incidents, %v", len(list), err)
	}
}

// reads is a store that counts the entries that are read from it.
type reads struct {
	ledger.Memory
	n int
}

func (r *reads) Entries(ctx context.Context, q ledger.Query) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range r.Memory.Entries(ctx, q) {
			r.n++
			if !yield(e, err) {
				return
			}
		}
	}
}

// An incident that is asked for after each of its events is read once: the
// caller chooses how many there are. What another process added is seen, and
// an incident that was forgotten meanwhile is whole again.
func TestBusyIncidentIsReadOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &reads{}
	l, other := ledger.New(store, nil), ledger.New(store, nil)
	if _, err := l.Incident(ctx, "busy"); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("an incident that is not there: %v", err)
	}
	const events = 100
	for i := range events {
		if _, err := other.JoinEvent(ctx, "busy", ledger.Event{ID: fmt.Sprint(i), Verdict: "contain"}); err != nil {
			t.Fatal(err)
		}
		if in, err := l.Incident(ctx, "busy"); err != nil || len(in.Events) != i+1 {
			t.Fatalf("after %d events: %d, %v", i+1, len(in.Events), err)
		}
		if _, err := l.Steps(ctx, "busy"); err != nil {
			t.Fatal(err)
		}
	}
	if store.n != events {
		t.Errorf("%d entries read, want %d", store.n, events)
	}
	for i := range 50 {
		if _, err := l.Incident(ctx, fmt.Sprint("other-", i)); !errors.Is(err, ledger.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if in, err := l.Incident(ctx, "busy"); err != nil || len(in.Events) != events {
		t.Errorf("asked for again: %d events, %v", len(in.Events), err)
	}
}

// A whole id of an incident is looked up; the beginning of one is searched for.
func TestResolveWholeID(t *testing.T) {
	t.Parallel()
	store := &reads{}
	l := ledger.New(store, nil)
	for _, id := range []string{"inc-1", "inc-10"} {
		if _, err := l.OpenIncident(t.Context(), id, ledger.Opening{Account: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	if in, step, err := l.Resolve(t.Context(), "inc-1"); err != nil || in != "inc-1" || step != "" || store.n != 0 {
		t.Errorf("%q %q %v, %d entries read", in, step, err, store.n)
	}
	if in, _, err := l.Resolve(t.Context(), "inc-10"); err != nil || in != "inc-10" {
		t.Errorf("%q %v", in, err)
	}
	if in, _, err := l.Resolve(t.Context(), "inc-"); err == nil {
		t.Errorf("two incidents, and %q is meant", in)
	}
}
