package apply_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

// fuse counts the points at which a process can die: before and after each
// call and each ledger entry. At point `at` it blows.
type fuse struct {
	n, at int
	blow  func() error
}

func (f *fuse) point() error {
	f.n++
	if f.at > 0 && f.n >= f.at {
		return f.blow()
	}
	return nil
}

// fusedStore dies around Append.
type fusedStore struct {
	ledger.Store
	*fuse
}

func (s fusedStore) Append(ctx context.Context, e ledger.Entry) (ledger.Entry, error) {
	if err := s.point(); err != nil {
		return ledger.Entry{}, err
	}
	out, err := s.Store.Append(ctx, e)
	if err == nil {
		err = s.point()
	}
	return out, err
}

var errDead = errors.New("the process is dead")

// mortal is an applier on the bench's account and ledger that is dead from
// point at on (0: never).
func (b *bench) mortal(at int) (*apply.Applier, *fuse) {
	f := &fuse{at: at, blow: func() error { return errDead }}
	b.before = func(string) error { return f.point() }
	b.after = b.before
	return apply.New(b.fake, ledger.New(fusedStore{b.store, f}, b.now), apply.Options{Account: acct, Now: b.now, Organizations: b.fake,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}), f
}

// applyOrResume is what a restarted guard does: it finishes what is
// unfinished, and handles the event again.
func applyOrResume(ctx context.Context, a *apply.Applier, p change.Plan) error {
	if _, err := a.Resume(ctx, 0); err != nil {
		return err
	}
	r, err := a.Run(ctx, p)
	if err == nil && !r.OK() {
		err = errors.New(strings.Join(r.Problems(), "; "))
	}
	return err
}

// giveBack is what a restarted `warden undo --apply` does.
func giveBack(ctx context.Context, a *apply.Applier) error {
	if _, err := a.Resume(ctx, 0); err != nil {
		return err
	}
	u, err := a.UndoPlan(ctx, "inc-1", "", apply.UndoOptions{})
	if err != nil {
		return err
	}
	r, err := a.Undo(ctx, u)
	if err == nil && !r.OK() {
		err = errors.New(strings.Join(r.Problems(), "; "))
	}
	return err
}

// TestDeathAtEveryPoint kills the applier at every point of a plan, kills the
// one that resumes at every point too, and compares with a run that lived.
func TestDeathAtEveryPoint(t *testing.T) {
	t.Parallel()
	small := func(t testing.TB) change.Plan {
		return plan(t, 1, change.CreatePolicy(denyARN, denyDoc, ""), change.Attach(ci, denyARN), change.DeactivateKey(ci, keyID))
	}
	for _, tt := range []struct {
		name   string
		plan   func(testing.TB) change.Plan
		second int // step between the points of the second death
	}{{"small", small, 9}, {"everything", everything, 97}, {"identities", identities, 97}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			do := func(ctx context.Context, a *apply.Applier) error { return applyOrResume(ctx, a, tt.plan(t)) }
			b := newBench(t)
			start := b.state()
			points := live(t, b, do)
			applied, effects := b.state(), b.w.Effects
			undoPoints := live(t, b, giveBack)
			givenBack, undoEffects := b.state(), b.w.Effects[len(effects):]
			if tt.name == "small" && givenBack != start {
				t.Fatal("the undo does not restore the start")
			}
			deaths := 0
			if !twice {
				tt.second = points + undoPoints
			}
			for first := 1; first <= points; first++ {
				for second := 0; second <= points; second += tt.second {
					b := newBench(t)
					die(t, b, first, second, do)
					deaths++
					compare(t, b, fmt.Sprintf("apply, deaths at %d and %d", first, second), applied, effects)
				}
			}
			for first := 1; first <= undoPoints; first++ {
				for second := 0; second <= undoPoints; second += tt.second {
					b := newBench(t)
					live(t, b, do)
					b.w.Effects = nil
					die(t, b, first, second, giveBack)
					deaths++
					compare(t, b, fmt.Sprintf("undo, deaths at %d and %d", first, second), givenBack, undoEffects)
				}
			}
			t.Logf("%d points to apply, %d to undo, %d runs with one or two deaths", points, undoPoints, deaths)
		})
	}
}

// live runs do to its end and returns how many points it passed.
func live(t *testing.T, b *bench, do func(context.Context, *apply.Applier) error) int {
	t.Helper()
	a, f := b.mortal(0)
	if err := do(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return f.n
}

// die runs do until it dies at point first, again until it dies at second,
// and then to its end.
func die(t *testing.T, b *bench, first, second int, do func(context.Context, *apply.Applier) error) {
	t.Helper()
	for i, at := range []int{first, second} {
		a, _ := b.mortal(at)
		if err := do(t.Context(), a); err == nil && i == 0 {
			t.Fatalf("dead at point %d, and no error", at)
		}
	}
	a, _ := b.mortal(0)
	if err := do(t.Context(), a); err != nil {
		t.Fatalf("after deaths at %d and %d: %v", first, second, err)
	}
}

func compare(t *testing.T, b *bench, what, state string, effects []string) {
	t.Helper()
	if d := cmp.Diff(state, b.state()); d != "" {
		t.Fatalf("%s: state (-want +got):\n%s", what, d)
	}
	if !slices.Equal(b.w.Effects, effects) {
		t.Fatalf("%s: effects %q, want %q", what, b.w.Effects, effects)
	}
	if _, _, err := b.ledger.Verify(context.Background(), ""); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if left, err := b.ledger.Unfinished(context.Background()); err != nil || len(left) != 0 {
		t.Fatalf("%s: %d steps unfinished, %v", what, len(left), err)
	}
}

// TestLostAnswers makes every single call fail once, before and after it took
// effect, in an applier that lives.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	calls := 0
	b.before = func(string) error { calls++; return nil }
	if err := applyOrResume(t.Context(), b.apply, everything(t)); err != nil {
		t.Fatal(err)
	}
	applied := b.state()
	b.before = nil
	if err := giveBack(t.Context(), b.apply); err != nil {
		t.Fatal(err)
	}
	givenBack := b.state()
	effects := b.w.Effects
	for _, lost := range []string{"request", "answer"} {
		for n := 1; n <= calls; n++ {
			b := newBench(t)
			at := 0
			fail := func(string) error {
				if at++; at == n {
					return errors.New("connection reset by peer")
				}
				return nil
			}
			if lost == "request" {
				b.before = fail
			} else {
				b.after = fail
			}
			_, err := b.apply.Run(t.Context(), everything(t)) // may have a step that failed
			if err != nil {
				t.Fatalf("%s %d: %v", lost, n, err)
			}
			b.before, b.after = nil, nil
			if err := applyOrResume(t.Context(), b.apply, everything(t)); err != nil {
				t.Fatalf("%s %d lost: %v", lost, n, err)
			}
			if d := cmp.Diff(applied, b.state()); d != "" {
				t.Fatalf("%s %d lost: state (-want +got):\n%s", lost, n, d)
			}
			if err := giveBack(t.Context(), b.apply); err != nil {
				t.Fatalf("%s %d lost: undo: %v", lost, n, err)
			}
			// A step done in a second run changes the order of lists, no more.
			if !sameSet(effects, b.w.Effects) {
				t.Fatalf("%s %d lost: effects %q, want %q", lost, n, b.w.Effects, effects)
			}
			if lost == "answer" && b.state() != givenBack {
				t.Fatalf("answer %d lost: %s", n, cmp.Diff(givenBack, b.state()))
			}
		}
	}
	t.Logf("%d calls, each lost before and after it took effect", calls)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("APPLY_TEST_DIR"); dir != "" {
		if err := mortalProcess(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// mortalProcess works on an account and a ledger in files and sends itself
// SIGKILL at the point that the environment names.
func mortalProcess(dir string) error {
	at, err := strconv.Atoi(os.Getenv("APPLY_TEST_DIE_AT"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	store, err := ledger.OpenSQLite(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return err
	}
	f := &fuse{at: at, blow: func() error {
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {}
	}}
	tb := &processTB{}
	w := fileFake(tb, filepath.Join(dir, "account.json"))
	w.before = func(string) error { return f.point() }
	w.after = w.before
	a := apply.New(w, ledger.New(fusedStore{store, f}, nil), apply.Options{Account: acct, Organizations: w})
	if os.Getenv("APPLY_TEST_DO") == "undo" {
		err = giveBack(ctx, a)
	} else {
		err = applyOrResume(ctx, a, everything(tb))
	}
	if err != nil {
		return err
	}
	fmt.Println("points", f.n)
	return store.Close()
}

// processTB stands for a test in the process that is killed.
type processTB struct{ testing.TB }

func (processTB) Helper()           {}
func (processTB) Fatal(args ...any) { fmt.Fprintln(os.Stderr, args...); os.Exit(1) }

// process runs mortalProcess and reports whether it was killed.
func process(t *testing.T, dir, do string, dieAt int) (killed bool, points int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "APPLY_TEST_DIR="+dir, "APPLY_TEST_DO="+do, "APPLY_TEST_DIE_AT="+strconv.Itoa(dieAt))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true, 0
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := fmt.Sscanf(string(out), "points %d", &points); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return false, points
}

// TestKill9 kills a real process at points all over a plan and its undo,
// starts it again, and compares account and ledger with those of one that
// lived.
func TestKill9(t *testing.T) {
	t.Parallel()
	fresh := func() string {
		dir := t.TempDir()
		if err := newWorld().save(filepath.Join(dir, "account.json")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	read := func(dir string) (string, []string) {
		f := fileFake(t, filepath.Join(dir, "account.json"))
		return f.state(), f.w.Effects
	}
	lived := fresh()
	_, points := process(t, lived, "apply", 0)
	applied, effects := read(lived)
	_, undoPoints := process(t, lived, "undo", 0)
	givenBack, allEffects := read(lived)
	for at := 1; at <= max(points, undoPoints); at += stride {
		dir := fresh()
		for _, do := range []string{"apply", "undo"} {
			killed, _ := process(t, dir, do, at)
			if want := at <= map[string]int{"apply": points, "undo": undoPoints}[do]; killed != want {
				t.Fatalf("%s, point %d: killed %v, want %v", do, at, killed, want)
			}
			process(t, dir, do, 0)
			state, got := read(dir)
			wantState, want := applied, effects
			if do == "undo" {
				wantState, want = givenBack, allEffects
			}
			if d := cmp.Diff(wantState, state); d != "" {
				t.Fatalf("%s killed at %d: state (-want +got):\n%s", do, at, d)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s killed at %d: effects %q, want %q", do, at, got, want)
			}
		}
		s, err := ledger.ReadSQLite(t.Context(), filepath.Join(dir, "ledger.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ledger.New(s, nil).Verify(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d points (apply) and %d (undo), killed at every %d", points, undoPoints, stride)
}
