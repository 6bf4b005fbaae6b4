package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

// TestEightWorkers gives one plan to eight workers that share a ledger: every
// call is made once, and nobody reports more than was done.
func TestEightWorkers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := everything(t)
	var wg sync.WaitGroup
	for range 8 {
		a := b.applier()
		wg.Go(func() {
			r, err := a.Run(context.Background(), p)
			if err != nil {
				t.Error(err)
			}
			for _, s := range r.Steps {
				if st := s.Outcome.Status; st != ledger.Done && st != ledger.Pending && st != ledger.Skipped {
					t.Errorf("%s: %s %s", s.Step, st, s.Outcome.Error)
				}
			}
		})
	}
	wg.Wait()
	run(t, b, p, strings.TrimSpace(strings.Repeat("done ", len(p.Steps))))
	if len(b.w.Effects) != len(p.Steps) {
		t.Errorf("effects %q, want one for each of %d steps", b.w.Effects, len(p.Steps))
	}
	writes := 0
	for _, c := range b.calls {
		if !strings.HasPrefix(c, "Get") && !strings.HasPrefix(c, "List") && c != "DescribePolicy" {
			writes++
		}
	}
	if writes != len(p.Steps) {
		t.Errorf("%d writing calls for %d steps", writes, len(p.Steps))
	}
	if err := giveBack(t.Context(), b.apply); err != nil {
		t.Fatal(err)
	}
}

// TestTakeOver leaves a step to the worker that intended it until that one is
// too late.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := plan(t, 1, change.DeactivateKey(ci, keyID))
	dead, _ := b.mortal(4) // plan and intent are in the ledger; the call is not made
	b.before, b.after = nil, nil
	if _, err := dead.Run(t.Context(), p); !errors.Is(err, errDead) {
		t.Fatalf("want a dead worker, got %v", err)
	}
	if r := run(t, b, p, "pending"); r.OK() || len(b.w.Effects) != 0 {
		t.Errorf("a step that another worker is at: %v, effects %v", r.Problems(), b.w.Effects)
	}
	if _, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{}); !errors.Is(err, apply.ErrUnderWay) {
		t.Errorf("undo of a step under way: %v", err)
	}
	b.at = b.at.Add(2 * time.Minute)
	run(t, b, p, "done")
	steps, err := b.ledger.Steps(t.Context(), "inc-1")
	if err != nil || len(steps) != 1 || steps[0].Attempts != 1 || steps[0].Claims != 1 {
		t.Errorf("%+v, %v", steps, err)
	}
}

// TestTimeUp cuts a run off in its call. The next run of the same applier need
// not wait; one of another does, unless the effect is to be seen.
func TestTimeUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		arrived bool // the call took effect
		other   bool // another applier runs next
		want    string
	}{
		{"the same, nothing arrived", false, false, "done"},
		{"the same, arrived", true, false, "done"},
		{"another, nothing arrived", false, true, "pending"},
		{"another, arrived", true, true, "done"},
	} {
		b := newBench(t)
		p := plan(t, 1, change.Attach(ci, teamP))
		ctx, cancel := context.WithCancel(t.Context())
		cut := func(op string) error {
			if op == "AttachUserPolicy" {
				cancel()
				return ctx.Err()
			}
			return nil
		}
		if b.before = cut; tt.arrived {
			b.before, b.after = nil, cut
		}
		if _, err := b.apply.Run(ctx, p); !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", tt.name, err)
		}
		b.before, b.after = nil, nil
		if tt.other {
			b.apply = b.applier()
		}
		run(t, b, p, tt.want)
		if n := slices.Index(b.w.Effects, "AttachUserPolicy deploy"); (tt.want == "done") != (n >= 0) || len(b.w.Effects) > 1 {
			t.Errorf("%s: effects %v", tt.name, b.w.Effects)
		}
	}
}

// TestLateEffect is a call that fails with a time-out and takes effect after
// the reading that found nothing: it still counts as ours.
func TestLateEffect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	p := plan(t, 1, change.DeactivateKey(ci, keyID))
	b.before = func(op string) error {
		if op == "UpdateAccessKey" {
			return context.DeadlineExceeded
		}
		return nil
	}
	if r := run(t, b, p, "failed"); !r.Steps[0].Outcome.Ambiguous {
		t.Errorf("outcome %+v, want an ambiguous one", r.Steps[0].Outcome)
	}
	b.before = nil
	b.w.Identities["user deploy"].Keys[keyID] = "Inactive" // it arrives
	run(t, b, p, "done")
	undo(t, b, "", false)
	sameState(t, b, before)
}

// TestStrippedAtOnce is an effect that cannot be read back.
func TestStrippedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.after = func(op string) error {
		if op == "AttachRolePolicy" {
			b.w.Identities["role app"].Attached = nil
		}
		return nil
	}
	r := run(t, b, plan(t, 1, change.Attach(app, admin)), "unconfirmed")
	if r.Steps[0].Outcome.Found.Exists {
		t.Errorf("outcome %+v", r.Steps[0].Outcome)
	}
	b.after = nil
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err != nil || len(u.Plan.Steps) != 1 {
		t.Fatalf("%+v, %v", u, err)
	}
	if r, err := b.apply.Undo(t.Context(), u); err != nil || statuses(r) != "already" {
		t.Errorf("undo of what is gone: %s, %v", statuses(r), err)
	}
}

// interrupted is a store in which somebody else is faster: before the first
// entry of a kind, other runs.
type interrupted struct {
	ledger.Store
	kind  ledger.Kind
	other func()
}

func (s *interrupted) Append(ctx context.Context, e ledger.Entry) (ledger.Entry, error) {
	if other := s.other; e.Kind == s.kind && other != nil {
		s.other = nil
		other()
	}
	return s.Store.Append(ctx, e)
}

// TestOutrun lets one worker run the plan between what another read and what
// he then records, while somebody attaches and detaches the policy. The step
// has one end, which is what both say, and is given back to what it was.
func TestOutrun(t *testing.T) {
	t.Parallel()
	refused := func(op string) error {
		if op == "ListAttachedUserPolicies" {
			return apiErr("AccessDenied", "not now")
		}
		return nil
	}
	for _, tt := range []struct {
		name     string
		at       ledger.Kind // what the slow one is about to record
		attached bool        // what he found
		refused  bool        // the fast one cannot read
		fast     string
		slow     string
		attempts int
		effects  int
	}{
		{"intends what was ended as already so", ledger.StepIntended, false, false, "already", "already", 1, 0},
		{"intends what could not be read", ledger.StepIntended, false, true, "failed", "done", 2, 1},
		{"ends as already so what was done", ledger.StepEnded, true, false, "done", "done", 1, 1},
		{"ends as already so what could not be read", ledger.StepEnded, true, true, "failed", "done", 2, 1},
	} {
		b := newBench(t)
		p := plan(t, 1, change.Attach(ci, teamP))
		user := b.w.Identities["user deploy"]
		without := user.Attached
		with := append(slices.Clone(without), teamP)
		if tt.attached {
			user.Attached = with
		}
		slow := apply.New(b.fake, ledger.New(&interrupted{b.store, tt.at, func() {
			if user.Attached = with; tt.attached {
				user.Attached = without
			}
			if tt.refused {
				b.before = refused
			}
			run(t, b, p, tt.fast)
			if b.before = nil; tt.refused {
				user.Attached = without
			}
		}}, b.now), apply.Options{Account: acct, Now: b.now})
		r, err := slow.Run(t.Context(), p)
		if err != nil || statuses(r) != tt.slow {
			t.Errorf("%s: %s, %v, want %s", tt.name, statuses(r), err, tt.slow)
		}
		steps, err := b.ledger.Steps(t.Context(), "inc-1")
		if err != nil || len(steps) != 1 || string(steps[0].Status()) != tt.slow || steps[0].Attempts != tt.attempts || len(b.w.Effects) != tt.effects {
			t.Errorf("%s: effects %q, steps %+v, %v", tt.name, b.w.Effects, steps, err)
		}
		if left, err := b.ledger.Unfinished(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%s: left %+v, %v", tt.name, left, err)
		}
		if u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{}); err != nil || len(u.Plan.Steps) != tt.effects {
			t.Errorf("%s: undo %+v, %v", tt.name, u, err)
		}
	}
}

func TestCancelledRunIsResumed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.after = func(op string) error {
		if op == "AttachRolePolicy" {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	p := plan(t, 1, change.Attach(app, admin), change.DeactivateKey(ci, keyID))
	r, err := b.apply.Run(ctx, p)
	if !errors.Is(err, context.Canceled) || statuses(r) != "skipped skipped" {
		t.Fatalf("%s, %v", statuses(r), err)
	}
	b.after = nil
	reports, err := b.apply.Resume(t.Context(), 0)
	if err != nil || len(reports) != 1 || statuses(reports[0]) != "done done" {
		t.Errorf("%+v, %v", reports, err)
	}
	if len(b.w.Effects) != 2 {
		t.Errorf("effects %q", b.w.Effects)
	}
}

// TestResumeTellsWhyAStepStaysOpen tells a step that cannot be read from one
// that another worker is at.
func TestResumeTellsWhyAStepStaysOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		taken bool
		busy  bool
		stuck string
	}{
		{"refused", apiErr("AccessDenied", "not now"), false, false, "pending: "},
		{"no answer", errors.New("connection reset"), false, false, "pending: "}, // AWS gave no code
		{"taken over", nil, true, true, ""},
		{"taken over, and refused", apiErr("AccessDenied", "not now"), true, true, ""},
	} {
		b := newBench(t)
		p := plan(t, 1, change.Attach(ci, teamP), change.DeactivateKey(ci, keyID))
		dead, _ := b.mortal(4)
		b.before, b.after = nil, nil
		if _, err := dead.Run(t.Context(), p); !errors.Is(err, errDead) {
			t.Fatalf("%s: want a dead worker, got %v", tt.name, err)
		}
		b.at = b.at.Add(2 * time.Minute)
		if tt.taken {
			if _, err := b.ledger.Claim(t.Context(), "inc-1", p.Steps[0].ID, 1, ledger.Claim{Attempt: 1, Worker: "another"}); err != nil {
				t.Fatal(err)
			}
		}
		b.before = func(op string) error {
			if op == "ListAttachedUserPolicies" {
				return tt.err
			}
			return nil
		}
		reports, err := b.apply.Resume(t.Context(), time.Minute)
		if err != nil || len(reports) != 1 || statuses(reports[0]) != "pending skipped" || reports[0].OK() {
			t.Fatalf("%s: %+v, %v", tt.name, reports, err)
		}
		stuck := strings.Join(reports[0].Stuck(), "\n")
		if reports[0].Busy() != tt.busy || (stuck == "") != (tt.stuck == "") || !strings.Contains(stuck, tt.stuck) {
			t.Errorf("%s: busy %v, stuck %q", tt.name, reports[0].Busy(), stuck)
		}
	}
}
