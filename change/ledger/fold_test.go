package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"warden/change"
	"warden/change/ledger"
)

const (
	userARN = "arn:aws:iam::123456789012:user/deploy"
	denyARN = "arn:aws:iam::123456789012:policy/DENY-IAM"
)

func plan(t testing.TB, incident string, round int, undo bool, steps ...change.Step) change.Plan {
	t.Helper()
	p, err := change.NewPlan(change.Plan{Account: "123456789012", Incident: incident, Round: round, Undo: undo, Title: "t", Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// writer records what a test says, and fails the test when it cannot.
type writer struct {
	t testing.TB
	*ledger.Ledger
	at time.Time
}

func newWriter(t testing.TB) *writer {
	w := &writer{t: t, at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	w.Ledger = ledger.New(&ledger.Memory{}, func() time.Time { w.at = w.at.Add(time.Second); return w.at })
	return w
}

func (w *writer) do(ok bool, err error) bool {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return ok
}

func (w *writer) plan(p change.Plan) {
	w.t.Helper()
	_, first, err := w.RecordPlan(context.Background(), p)
	if !w.do(first, err) {
		w.t.Fatal("the plan was there")
	}
}

func (w *writer) intend(p change.Plan, step, attempt int) {
	w.t.Helper()
	s := p.Steps[step]
	w.do(w.Intend(context.Background(), p.Incident, s.ID, ledger.Intent{Plan: p.ID, Attempt: attempt, Worker: "w", Before: s.Before}))
}

func (w *writer) end(p change.Plan, step, attempt int, status ledger.Status) {
	w.t.Helper()
	w.do(w.End(context.Background(), p.Incident, p.Steps[step].ID, ledger.Outcome{Attempt: attempt, Status: status, Found: p.Steps[step].After}))
}

func (w *writer) status(incident, want string) ledger.Incident {
	w.t.Helper()
	in, err := w.Incident(context.Background(), incident)
	if err != nil {
		w.t.Fatal(err)
	}
	if in.Status != want {
		w.t.Errorf("status %q, want %q", in.Status, want)
	}
	return in
}

// TestLifeOfAnIncident follows one from the first event to the undo and on to
// a second containment.
func TestLifeOfAnIncident(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWriter(t)
	opening := ledger.Opening{Account: "123456789012", Caller: userARN, Kind: "iam-user", Title: "deploy called CreateUser"}
	if !w.do(w.OpenIncident(ctx, "inc", opening)) || w.do(w.OpenIncident(ctx, "inc", opening)) {
		t.Error("an incident is opened once")
	}
	event := ledger.Event{ID: "e1", Name: "CreateUser"}
	if !w.do(w.JoinEvent(ctx, "inc", event)) || w.do(w.JoinEvent(ctx, "inc", event)) {
		t.Error("an event joins once")
	}
	w.status("inc", ledger.StatusOpen)

	user := change.Identity{ARN: userARN}
	p := plan(t, "inc", 1, false, change.Attach(user, denyARN), change.DeactivateKey(user, "AKIA"))
	w.plan(p)
	w.status("inc", ledger.StatusInProgress)
	w.intend(p, 0, 1)
	w.status("inc", ledger.StatusInProgress)
	if left, err := w.Unfinished(ctx); err != nil || len(left) != 2 || left[0].Status() != ledger.Pending || left[1].Status() != ledger.Planned {
		t.Errorf("unfinished: %+v, %v", left, err)
	}
	w.end(p, 0, 1, ledger.Done)
	w.intend(p, 1, 1)
	w.end(p, 1, 1, ledger.Failed)
	w.status("inc", ledger.StatusIncomplete)
	w.intend(p, 1, 2)
	w.end(p, 1, 2, ledger.Done)
	w.status("inc", ledger.StatusApplied)
	w.do(w.RecordVerification(ctx, "inc", 1, ledger.Verification{Level: ledger.Configured, Evidence: []string{"read back"}}))
	w.status("inc", ledger.StatusConfigured)
	w.do(w.RecordVerification(ctx, "inc", 1, ledger.Verification{Level: ledger.ObservedDenied}))
	w.do(w.RecordNotification(ctx, "inc", 1, ledger.Notification{Channel: "sns", Ref: "m-1"}))
	in := w.status("inc", ledger.StatusObserved)
	if in.NextRound() != 2 || len(in.Events) != 1 || len(in.Notifications) != 1 || in.Caller != userARN || in.Steps[1].Attempts != 2 {
		t.Errorf("%+v", in)
	}

	back := change.Detach(user, denyARN)
	back.Undoes = []string{p.Steps[0].ID}
	key := change.ActivateKey(user, "AKIA")
	key.Undoes = []string{p.Steps[1].ID}
	u := plan(t, "inc", 2, true, key, back)
	w.plan(u)
	w.intend(u, 0, 1)
	w.end(u, 0, 1, ledger.Done)
	w.end(u, 1, 1, ledger.Already)
	in = w.status("inc", ledger.StatusGivenBack)
	if in.Steps[0].UndoneBy != u.Steps[1].ID || in.Steps[0].InForce() {
		t.Errorf("step 1 is not given back: %+v", in.Steps[0])
	}

	again := plan(t, "inc", 3, false, change.Attach(user, denyARN))
	w.plan(again)
	w.intend(again, 0, 1)
	w.end(again, 0, 1, ledger.Done)
	w.status("inc", ledger.StatusApplied) // the proofs are of the first round
	if all, err := w.Incidents(ctx); err != nil || len(all) != 1 || all[0].Status != ledger.StatusApplied {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestOneEndToAnAttempt: an attempt is intended or ended uncalled, whichever
// comes first; and where a ledger has both, as earlier versions left it, the
// step is not under way for ever and counts as acted upon.
func TestOneEndToAnAttempt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWriter(t)
	p := plan(t, "inc", 1, false, change.Attach(change.Identity{ARN: userARN}, denyARN), change.Attach(change.Identity{ARN: userARN + "2"}, denyARN))
	w.plan(p)
	already := ledger.Outcome{Attempt: 1, Status: ledger.Already, Found: p.Steps[0].After}
	intent := ledger.Intent{Plan: p.ID, Attempt: 1, Before: p.Steps[0].Before}
	if !w.do(w.EndUncalled(ctx, "inc", p.Steps[0].ID, already)) || w.do(w.Intend(ctx, "inc", p.Steps[0].ID, intent)) {
		t.Error("an attempt that ended was intended")
	}
	if !w.do(w.Intend(ctx, "inc", p.Steps[1].ID, intent)) || w.do(w.EndUncalled(ctx, "inc", p.Steps[1].ID, already)) {
		t.Error("an attempt that is intended was ended uncalled")
	}
	again := plan(t, "old", 1, false, change.Attach(change.Identity{ARN: userARN}, denyARN))
	w.plan(again)
	w.end(again, 0, 1, ledger.Already)
	w.intend(again, 0, 1)
	if s := w.status("old", ledger.StatusApplied).Steps[0]; s.Status() != ledger.Already || !s.InForce() || s.Former.Exists {
		t.Errorf("intended after its end: %+v", s)
	}
	w.intend(again, 0, 2)
	w.status("old", ledger.StatusInProgress)
}

func TestRecordPlanOnce(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	user := change.Identity{ARN: userARN}
	p := plan(t, "inc", 1, false, change.Attach(user, denyARN))
	w.plan(p)
	for _, q := range []change.Plan{p, plan(t, "inc", 1, false, change.DeactivateKey(user, "AKIA"))} {
		got, first, err := w.RecordPlan(t.Context(), q)
		if err != nil || first || got.ID != p.ID {
			t.Errorf("the plan of round 1 is %s, first %v, %v", change.Short(got.ID), first, err)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	var step string
	for i := range 3 {
		id := fmt.Sprintf("aa%d0", i)
		w.do(w.OpenIncident(t.Context(), id, ledger.Opening{}))
		p := plan(t, id, 1, false, change.Attach(change.Identity{ARN: userARN}, denyARN))
		w.plan(p)
		step = p.Steps[0].ID
	}
	w.do(w.OpenIncident(t.Context(), "aa", ledger.Opening{}))
	for _, tt := range []struct{ in, incident, step, err string }{
		{"aa10", "aa10", "", ""},
		{"aa1", "aa10", "", ""},
		{"aa", "aa", "", ""}, // exact, though others begin with it
		{"a", "", "", "can mean"},
		{step[:14], "aa20", step, ""},
		{"zz", "", "", "no incident or step"},
		{"", "", "", "empty"},
	} {
		incident, step, err := w.Resolve(t.Context(), tt.in)
		if incident != tt.incident || step != tt.step || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Resolve(%q) = %q, %q, %v", tt.in, incident, step, err)
		}
	}
	if _, err := w.Incident(t.Context(), "nothing"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an unknown incident: %v", err)
	}
}

func TestQuarantine(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	big := make([]byte, 10<<20)
	for i := range 2 {
		if first := w.do(w.Quarantine(t.Context(), "queue", "not JSON", big)); first != (i == 0) {
			t.Errorf("kept for the first time: %v", first)
		}
	}
	in, err := w.Inputs(t.Context())
	if err != nil || len(in) != 1 || in[0].Size != len(big) || len(in[0].Sample) != ledger.SampleSize || in[0].Reason != "not JSON" {
		t.Errorf("%d inputs, %v", len(in), err)
	}
}

// TestBadBody is a ledger whose chain holds and whose content does not.
func TestBadBody(t *testing.T) {
	t.Parallel()
	s := &ledger.Memory{}
	if _, err := s.Append(t.Context(), ledger.Entry{Kind: ledger.StepEnded, Incident: "i", Step: "unknown", Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	var broken *ledger.BrokenError
	if _, err := ledger.New(s, nil).Incidents(t.Context()); !errors.As(err, &broken) || broken.Seq != 1 {
		t.Errorf("a step that was not planned: %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	s, err := ledger.OpenSQLite(b.Context(), b.TempDir()+"/ledger.db")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	body := []byte(`{"plan":"p","attempt":1,"worker":"w","before":null}`)
	for i := 0; b.Loop(); i++ {
		if _, err := s.Append(b.Context(), ledger.Entry{Kind: "k", Incident: "i", Step: "s", Key: fmt.Sprint(i), Body: body, Time: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleLedger_Verify() {
	l := ledger.New(&ledger.Memory{}, nil)
	ctx := context.Background()
	if _, err := l.OpenIncident(ctx, "leaked-key", ledger.Opening{Title: "deploy called CreateUser"}); err != nil {
		fmt.Println(err)
	}
	head, _, err := l.Verify(ctx, "")
	fmt.Println(head.Entries, err)
	// Output: 1 <nil>
}
