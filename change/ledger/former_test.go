package ledger_test

import (
	"testing"
	"time"

	"warden/change"
	"warden/change/ledger"
)

func TestLastFound(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	ctx := t.Context()
	user := change.Identity{ARN: userARN, ID: "AIDA1"}
	step := change.PutInline(user, "p", change.Absent, `{"Version":"2012-10-17"}`)
	p := plan(t, "inc-1", 1, false, step, change.Attach(user, denyARN))
	w.plan(p)
	w.do(w.End(ctx, "inc-1", p.Steps[0].ID, ledger.Outcome{Attempt: 1, Status: ledger.Done, Found: step.After}))
	done := w.at
	w.do(w.End(ctx, "inc-1", p.Steps[1].ID, ledger.Outcome{Attempt: 1, Status: ledger.Failed}))
	for _, tt := range []struct {
		name  string
		s     change.Step
		id    string
		at    time.Time
		known bool
	}{
		{"after", p.Steps[0], "AIDA1", done.Add(time.Hour), true},
		{"before", p.Steps[0], "AIDA1", done, false},
		{"another user of the name", p.Steps[0], "AIDA2", done.Add(time.Hour), false},
		{"a failed step", p.Steps[1], "AIDA1", done.Add(time.Hour), false},
	} {
		st, at, known, err := w.LastFound(ctx, tt.s.Setting, tt.id, tt.at)
		if err != nil || known != tt.known || known && (!st.Same(step.After) || !at.Equal(done)) {
			t.Errorf("%s: %s at %s, %v, %v", tt.name, st, at, known, err)
		}
	}
}

func TestMade(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	ctx := t.Context()
	m := ledger.Made{ID: "AIDA1", Kind: "user", ARN: userARN, Event: "e"}
	if !w.do(w.RecordMade(ctx, "inc-1", m)) || w.do(w.RecordMade(ctx, "inc-2", m)) {
		t.Error("what was made has one maker")
	}
	for id, want := range map[string]string{"AIDA1": "inc-1", "AIDA2": "", "": ""} {
		incident, got, err := w.MadeIn(ctx, id)
		if err != nil || incident != want || want != "" && got != m {
			t.Errorf("%q: %q %+v %v", id, incident, got, err)
		}
	}
}
