package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

// swap gives the name of the user deploy to another, and him another name.
func swap(w *world) {
	w.Identities["user moved"], w.Identities["user deploy"] = w.Identities["user deploy"], w.Identities["user other"]
	delete(w.Identities, "user other")
}

// The name of a step's target changes hands between the last look and the
// call. What came to the other one is taken from him again, the step says that
// it did not reach its own, and an undo has nothing to give back.
func TestNameChangesHandsBeforeTheCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		op   string
		step change.Step
		says string
	}{
		{"attached", "AttachUserPolicy", change.Attach(ci, teamP), "and was taken back"},
		{"an inline policy", "PutUserPolicy", change.PutInline(ci, "deny", change.Absent, denyDoc), "and was taken back"},
		{"a statement", "PutUserPolicy", change.PutStatement(ci, "sessions", change.Absent, badSession), "and was taken back"},
		{"a boundary", "PutUserPermissionsBoundary", change.PutBoundary(ci, change.Is(admin), teamP), "and was taken back"},
		{"detached", "DetachUserPolicy", change.Detach(ci, admin), "and was taken back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.w.Identities["user other"] = &identity{ID: "AIDAEXAMPLEOTHER00000", Attached: []string{admin}, Inline: map[string]string{}, Boundary: admin}
			fresh := newBench(t)
			fresh.w.Identities["user other"] = &identity{ID: "AIDAEXAMPLEOTHER00000", Attached: []string{admin}, Inline: map[string]string{}, Boundary: admin}
			swap(fresh.w)
			want := fresh.state()
			b.before = func(op string) error {
				if op == tt.op && b.w.Identities["user moved"] == nil {
					swap(b.w)
				}
				return nil
			}
			r := run(t, b, plan(t, 1, tt.step.Captured(b.at)), "changed")
			if got := r.Steps[0].Outcome.Error; !strings.Contains(got, "AIDAEXAMPLEOTHER00000") || !strings.HasSuffix(got, tt.says) {
				t.Errorf("error %q", got)
			}
			sameState(t, b, want)
			if len(b.w.Effects) != 2 {
				t.Errorf("effects %v", b.w.Effects)
			}
			undo(t, b, "", false)
			sameState(t, b, want)
			in, err := b.ledger.Incident(t.Context(), "inc-1")
			if err != nil || in.Status == ledger.StatusGivenBack && len(in.Plans) == 2 {
				t.Errorf("status %q, %v", in.Status, err)
			}
		})
	}
}

// The same, and the process dies at every point on the way: whoever resumes
// leaves the other one as he was.
func TestDeathWhenTheNameChangedHands(t *testing.T) {
	t.Parallel()
	points := 0
	for at := 1; points == 0 || at <= points; at++ {
		b := newBench(t)
		other := &identity{ID: "AIDAEXAMPLEOTHER00000", Inline: map[string]string{}}
		b.w.Identities["user other"] = other
		a, f := b.mortal(at)
		if points == 0 {
			a, f = b.mortal(0)
		}
		die := b.before
		b.before = func(op string) error {
			if op == "AttachUserPolicy" && b.w.Identities["user moved"] == nil {
				swap(b.w)
			}
			return die(op)
		}
		p := plan(t, 1, change.Attach(ci, teamP).Captured(b.at))
		_, err := a.Run(context.WithoutCancel(t.Context()), p)
		if points == 0 {
			if points, at = f.n, 0; err != nil {
				t.Fatal(err)
			}
		} else if err != nil && !errors.Is(err, errDead) {
			t.Fatalf("point %d: %v", at, err)
		}
		b.before, b.after = nil, nil
		if _, err := b.applier().Resume(t.Context(), 0); err != nil {
			t.Fatalf("point %d: %v", at, err)
		}
		if slices.Contains(other.Attached, teamP) {
			t.Errorf("point %d: the other one keeps what was not meant for him", at)
		}
		u, err := b.applier().UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("point %d: undo: %v", at, err)
		}
		if slices.ContainsFunc(u.Plan.Steps, func(s change.Step) bool { return s.TargetID == other.ID }) {
			t.Errorf("point %d: an undo would give it to him again: %v", at, u.Plan.Steps)
		}
	}
}
