package respond_test

import (
	"testing"
	"time"

	"warden/guard"
	"warden/internal/stage"
	"warden/trail"
)

// Of a caller on whom nothing is changed people are told once, and again on
// another day, when it becomes graver, and when an attempt succeeds: of root's
// call they hear whatever root did a year ago.
func TestToldAgain(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	n := 0
	root := func(at time.Time, failed bool) {
		t.Helper()
		e := *p.intruderEvents()[0]
		n++
		e.ID = "00000000-0000-4000-8000-0000000000" + string(rune('a'+n)) + "0"
		e.Time = at
		e.Identity = trail.Identity{Type: "Root", AccountID: p.Account, PrincipalID: p.Account, ARN: "arn:aws:iam::" + p.Account + ":root", AccessKeyID: "AKIAROOT"}
		if failed {
			e.ErrorCode = "AccessDenied"
		}
		if res := p.r.Handle(t.Context(), &e); res.Verdict != guard.Alert || res.Err != nil {
			t.Fatalf("%s: %v", res.Verdict, res.Err)
		}
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for _, step := range []struct {
		name   string
		at     time.Time
		failed bool
		want   int
	}{
		{"the first attempt", day.Add(-47 * time.Hour), true, 1},
		{"another on that day", day.Add(-46 * time.Hour), true, 1},
		{"it succeeds", day.Add(-45 * time.Hour), false, 2},
		{"again", day.Add(-44 * time.Hour), false, 2},
		{"the day after", day.Add(-20 * time.Hour), false, 3},
		{"a late one of the first day", day.Add(-43 * time.Hour), false, 3},
	} {
		root(step.at, step.failed)
		if got := len(p.Twin.Published()); got != step.want {
			t.Errorf("%s: told %d times, want %d", step.name, got, step.want)
		}
	}
}
