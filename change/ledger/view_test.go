package ledger_test

import (
	"fmt"
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
	var texts []string
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
		}
		kept, texts = append(kept, list), append(texts, fmt.Sprintf("%+v", list))
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
		if got := fmt.Sprintf("%+v", kept[i]); got != texts[i] {
			t.Errorf("answer %d changed:\n%s\nwas\n%s", i, got, texts[i])
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
			}
		})
	}
	all.Wait()
	list, err := l.Incidents(t.Context())
	if err != nil || len(list) != 25 || len(list[0].Events) != 4 {
		t.Errorf("%d incidents, %v", len(list), err)
	}
}
