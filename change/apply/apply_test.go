package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

var (
	ci  = change.Identity{ARN: ciARN, ID: ciID}
	app = change.Identity{ARN: roleARN, ID: roleID}
	dev = change.Identity{ARN: grpARN}
)

func plan(t testing.TB, round int, steps ...change.Step) change.Plan {
	t.Helper()
	p, err := change.NewPlan(change.Plan{Account: acct, Incident: "inc-1", Round: round, Title: "test", Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	badSession   = change.Denial{Action: "iam:*", Key: change.UserID, Value: roleID + ":bad", Until: time.Date(2126, 11, 23, 9, 0, 0, 0, time.UTC)}
	worseSession = change.Denial{Action: "iam:*", Key: change.UserID, Value: roleID + ":worse", Until: time.Date(2126, 11, 23, 9, 30, 0, 0, time.UTC)}
)

// everything is a plan with a step for every kind of setting.
func everything(t testing.TB) change.Plan {
	return plan(t, 1,
		change.CreatePolicy(denyARN, denyDoc, "made by a test"),
		change.Attach(ci, denyARN),
		change.Detach(ci, admin),
		change.Attach(app, denyARN),
		change.Detach(dev, admin),
		change.PutInline(ci, "own", change.Is(oldDoc), denyDoc),
		change.PutInline(app, "session", change.Absent, denyDoc),
		change.DeactivateKey(ci, keyID),
		change.PutBoundary(ci, change.Is(admin), teamP),
		change.CreatePolicyVersion(teamP, change.State{Exists: true, Text: oldDoc, Version: "v2"}, denyDoc),
		change.PutBoundary(app, change.Absent, teamP),
		change.PutStatement(app, "sessions", change.Absent, badSession),
		change.PutStatement(app, "sessions", change.Absent, worseSession),
		change.PutGuardrail(scpARN, change.Absent, change.Denial{Action: "*", Key: change.PrincipalARN, Value: ciARN}),
	)
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

type bench struct {
	*fake
	*clock
	store  *ledger.Memory
	ledger *ledger.Ledger
	apply  *apply.Applier
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{fake: &fake{w: newWorld()}, clock: &clock{time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}, store: &ledger.Memory{}}
	b.ledger = ledger.New(b.store, b.now)
	b.apply = b.applier()
	return b
}

func (b *bench) applier() *apply.Applier {
	return apply.New(b.fake, b.ledger, apply.Options{Account: acct, Now: b.now, Organizations: b.fake,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

func statuses(r apply.Report) string {
	var out []string
	for _, s := range r.Steps {
		out = append(out, string(s.Outcome.Status))
	}
	return strings.Join(out, " ")
}

func run(t testing.TB, b *bench, p change.Plan, want string) apply.Report {
	t.Helper()
	r, err := b.apply.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got := statuses(r); got != want {
		t.Fatalf("steps: %s, want %s\n%s", got, want, strings.Join(r.Problems(), "\n"))
	}
	return r
}

func undo(t testing.TB, b *bench, step string, force bool) apply.Report {
	t.Helper()
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", step, apply.UndoOptions{Force: force})
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.apply.Undo(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Fatalf("undo: %s", strings.Join(r.Problems(), "\n"))
	}
	return r
}

func sameState(t testing.TB, b *bench, want string) {
	t.Helper()
	if d := cmp.Diff(want, b.state()); d != "" {
		t.Errorf("state (-want +got):\n%s", d)
	}
}

// TestEverythingAndBack runs a step of every kind, and its undo, each twice.
func TestEverythingAndBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.w.Policies[teamP].Last = 2
	before := b.state()
	p := everything(t)
	done := strings.TrimSpace(strings.Repeat("done ", len(p.Steps)))
	run(t, b, p, done)
	after, effects := b.state(), len(b.w.Effects)
	if effects != len(p.Steps) {
		t.Errorf("%d effects, want one for each of %d steps", effects, len(p.Steps))
	}
	calls := len(b.calls)
	if r := run(t, b, p, done); r.First || len(b.calls) != calls {
		t.Errorf("the second run was first: %v, and made %d calls", r.First, len(b.calls)-calls)
	}
	sameState(t, b, after)

	r := undo(t, b, "", false)
	if len(r.Steps) != len(p.Steps)+1 { // and the added version
		t.Errorf("undo has %d steps", len(r.Steps))
	}
	// The number of the version is used up; everything else is as before.
	if got := b.w.Policies[teamP].Last; got != 3 {
		t.Errorf("last version v%d, want v3", got)
	}
	b.w.Policies[teamP].Last = 2
	slices.Sort(b.w.Identities["user deploy"].Attached)
	sameState(t, b, before)

	effects = len(b.w.Effects)
	if r := undo(t, b, "", false); len(r.Steps) != 0 || len(b.w.Effects) != effects {
		t.Errorf("the second undo has %d steps and %d effects", len(r.Steps), len(b.w.Effects)-effects)
	}
	in, err := b.ledger.Incident(t.Context(), "inc-1")
	if err != nil || in.Status != ledger.StatusGivenBack {
		t.Errorf("status %q, %v", in.Status, err)
	}
}

// TestHotPath counts the calls of the guard's containment.
func TestHotPath(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.w.Identities["user deploy"].Attached = nil
	run(t, b, plan(t, 1, change.CreatePolicy(denyARN, denyDoc, "").Captured(b.at), change.Attach(ci, denyARN).Captured(b.at)), "done done")
	if got, want := strings.Join(b.calls, " "), "CreatePolicy AttachUserPolicy GetUser ListAttachedUserPolicies"; got != want {
		t.Errorf("calls: %s, want %s", got, want)
	}
	b.calls, b.at = nil, b.at.Add(time.Hour)
	run(t, b, plan(t, 2, change.Attach(app, denyARN).Captured(b.at.Add(-time.Minute))), "done")
	if got, want := strings.Join(b.calls, " "), "GetRole ListAttachedRolePolicies AttachRolePolicy GetRole ListAttachedRolePolicies"; got != want {
		t.Errorf("a stale capture: calls %s, want %s", got, want)
	}
}

func TestWhatWasThereStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	run(t, b, plan(t, 1, change.Attach(ci, admin), change.Attach(app, admin)), "already done")
	r := undo(t, b, "", false)
	if len(r.Steps) != 1 {
		t.Errorf("undo has %d steps, want only that for the role", len(r.Steps))
	}
	sameState(t, b, before)
}

func TestChangedBeforeRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := plan(t, 1,
		change.PutInline(ci, "own", change.Is(`{"Version":"2012-10-17"}`), denyDoc), // another text than there is
		change.Attach(change.Identity{ARN: ciARN, ID: "AIDAANOTHER"}, teamP),
		change.Attach(change.Identity{ARN: ciARN + "x"}, teamP),
		change.Attach(app, denyARN), // no such policy
		change.DeactivateKey(ci, keyID),
	)
	dry, err := b.apply.DryRun(t.Context(), p)
	if err != nil || statuses(dry) != "changed changed changed planned planned" {
		t.Errorf("dry run: %s, %v", statuses(dry), err)
	}
	if len(b.w.Effects) != 0 {
		t.Errorf("the dry run did %v", b.w.Effects)
	}
	r := run(t, b, p, "changed changed changed failed done")
	for i, want := range []string{"the plan expects", "another one has this name now", "no longer exists", "NoSuchEntity", ""} {
		if got := r.Steps[i].Outcome.Error; !strings.Contains(got, want) {
			t.Errorf("step %d: error %q, want %q in it", i+1, got, want)
		}
	}
	if len(b.w.Effects) != 1 {
		t.Errorf("effects %v", b.w.Effects)
	}
	if r.OK() || len(r.Problems()) != 4 {
		t.Errorf("problems %q", r.Problems())
	}
	// The cause is gone: running the plan again does the rest.
	b.w.Policies[denyARN] = &managed{Versions: map[string]string{"v1": denyDoc}, Default: "v1", Last: 1}
	run(t, b, p, "changed changed changed done done")
}

func TestUndoRefusesWhatChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	run(t, b, plan(t, 1, change.PutInline(ci, "own", change.Is(oldDoc), denyDoc), change.DeactivateKey(ci, keyID)), "done done")
	b.w.Identities["user deploy"].Inline["own"] = `{"by":"somebody else"}`
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	var changed *apply.ChangedError
	if !errors.As(err, &changed) || len(u.Conflicts) != 1 || len(u.Plan.Steps) != 0 {
		t.Fatalf("UndoPlan = %+v, %v", u, err)
	}
	for _, want := range []string{"inline policy own", "somebody else", `"iam:*"`, `"Statement":[]`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q not in %q", want, err)
		}
	}
	undo(t, b, "", true)
	sameState(t, b, before)
}

// TestStrippedAndAppliedAgain undoes two rounds in one.
func TestStrippedAndAppliedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	run(t, b, plan(t, 1, change.Attach(app, admin), change.PutInline(app, "s", change.Absent, denyDoc)), "done done")
	b.w.Identities["role app"].Attached = nil
	run(t, b, plan(t, 2, change.Attach(app, admin), change.PutInline(app, "s", change.Is(denyDoc), oldDoc)), "done done")
	r := undo(t, b, "", false)
	if len(r.Steps) != 2 {
		t.Errorf("undo has %d steps, want one for each setting", len(r.Steps))
	}
	sameState(t, b, before)
}

func TestUndoOfAnUndo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	run(t, b, plan(t, 1, change.DeactivateKey(ci, keyID)), "done")
	after := b.state()
	r := undo(t, b, "", false)
	sameState(t, b, before)
	undo(t, b, r.Steps[0].Step.ID, false)
	sameState(t, b, after)
	undo(t, b, "", false)
	sameState(t, b, before)
}

func TestUndoLeaves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run(t, b, plan(t, 1, change.CreatePolicy(denyARN, denyDoc, ""), change.Attach(ci, denyARN), change.DeactivateKey(ci, keyID)), "done done done")
	b.w.Identities["group dev"].Attached = append(b.w.Identities["group dev"].Attached, denyARN) // another incident needs it
	delete(b.w.Identities["user deploy"].Keys, keyID)
	_, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err == nil || !strings.Contains(err.Error(), "found absent") {
		t.Errorf("a deleted key: %v", err)
	}
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Left) != 1 || !strings.Contains(u.Left[0], keyID) || len(u.Lost) != 1 {
		t.Errorf("left %q, lost %q", u.Left, u.Lost)
	}
	r, err := b.apply.Undo(t.Context(), u)
	if err != nil || statuses(r) != "done kept" || !r.OK() {
		t.Errorf("undo: %s, %v", statuses(r), err)
	}
	if b.w.Policies[denyARN] == nil || slices.Contains(b.w.Identities["user deploy"].Attached, denyARN) {
		t.Error("the policy that another identity uses must stay, and the user must be free of it")
	}

	b = newBench(t)
	run(t, b, plan(t, 1, change.Attach(ci, teamP)), "done")
	delete(b.w.Identities, "user deploy")
	u, err = b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err != nil || len(u.Plan.Steps) != 0 || len(u.Left) != 1 || !strings.Contains(u.Left[0], "no longer exists") {
		t.Errorf("undo for a deleted user: %+v, %v", u, err)
	}
}

func TestOnePlanToARound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run(t, b, plan(t, 1, change.Attach(app, admin)), "done")
	_, err := b.apply.Run(t.Context(), plan(t, 1, change.DeactivateKey(ci, keyID)))
	var other *apply.OtherPlanError
	if !errors.As(err, &other) || len(other.Recorded.Steps) != 1 || len(b.w.Effects) != 1 {
		t.Errorf("a second plan for round 1: %v", err)
	}
}

func TestRefusedPlans(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := plan(t, 1, change.Attach(app, admin))
	p.Steps[0].Target = ciARN
	if _, err := b.apply.Run(t.Context(), p); err == nil {
		t.Error("a plan that was changed after it was made must not run")
	}
	p, err := change.NewPlan(change.Plan{Account: "999999999999", Incident: "i", Round: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.apply.Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), "999999999999") {
		t.Errorf("a plan for another account: %v", err)
	}
	if n := len(b.calls); n != 0 {
		t.Errorf("%d calls", n)
	}
}
