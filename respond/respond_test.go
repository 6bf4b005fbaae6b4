package respond_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/notify"
	"warden/respond"
	"warden/twin"
)

// The seed scenario: a user with full IAM rights outside the administrators'
// group creates a user and is contained; the second create is denied; an
// administrator who does the same is left alone.
func TestSeedScenario(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "test-dummy-user"); err != nil {
		t.Fatal(err)
	}
	if err := p.createUser(p.Admin, "test-dummy-user-of-admin"); err != nil {
		t.Fatal(err)
	}
	results := p.drain()
	got := of(results, p.Truth.Intruder, "CreateUser")
	if len(got) != 1 || got[0].Verdict != guard.Contain || got[0].Action != respond.Contained || got[0].Err != nil {
		t.Fatalf("%+v", got)
	}
	if admin := of(results, p.Truth.Administrator, "CreateUser"); len(admin) != 1 || admin[0].Verdict != guard.Allowed {
		t.Errorf("the administrator: %+v", admin)
	}
	if err := p.createUser(p.intruder, "test-dummy-user-2"); code(err) != "AccessDenied" {
		t.Errorf("the second create: %v", err)
	}
	if err := p.createUser(p.Admin, "test-dummy-user-of-admin-2"); err != nil {
		t.Errorf("the administrator is denied: %v", err)
	}
	again := of(p.drain(), p.Truth.Intruder, "CreateUser")
	if len(again) != 1 || again[0].Action != respond.ObservedDenied || !again[0].Failed {
		t.Errorf("the refused call: %+v", again)
	}
	in, err := p.Ledger.Incident(t.Context(), got[0].Incident)
	if err != nil || in.Status != ledger.StatusObserved || len(in.Plans) != 1 {
		t.Errorf("%v: status %q, %d plans", err, in.Status, len(in.Plans))
	}
	if n := p.Twin.Published(); len(n) != 1 || !strings.Contains(n[0].Message, "warden undo "+got[0].Incident) {
		t.Errorf("notifications: %+v", n)
	}
}

// At most seven calls between the event and the verified containment.
func TestContainmentCalls(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "one"); err != nil {
		t.Fatal(err)
	}
	before := p.guardCalls()
	p.drain()
	calls := p.guardCalls()[len(before):]
	if len(calls) > 7 {
		t.Errorf("%d IAM calls: %v", len(calls), calls)
	}
	if p.attached(p.Truth.Intruder)[0] != guard.DefaultDenyPolicy && len(p.attached(p.Truth.Intruder)) < 2 {
		t.Error("not contained")
	}
}

func TestTakesBack(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
	ctx := t.Context()
	before := p.Twin.Snapshot()
	if err := p.createUser(p.intruder, "backdoor"); err != nil {
		t.Fatal(err)
	}
	key, err := p.intruder.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("backdoor")})
	if err != nil {
		t.Fatal(err)
	}
	admin := "arn:aws:iam::aws:policy/AdministratorAccess"
	if _, err := p.intruder.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("backdoor"), PolicyArn: aws.String(admin)}); err != nil {
		t.Fatal(err)
	}
	results := p.drain()
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Event.Name, r.Err)
		}
	}
	if got := p.attached("backdoor"); len(got) != 1 || got[0] != guard.DefaultDenyPolicy {
		t.Errorf("the created user has %v", got)
	}
	backdoor := app.Fixed(p.Server.URL(), app.Key{ID: aws.ToString(key.AccessKey.AccessKeyId), Secret: aws.ToString(key.AccessKey.SecretAccessKey)})
	if _, err := backdoor.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); code(err) != "InvalidClientTokenId" {
		t.Errorf("the created key still works: %v", err)
	}

	incident := of(results, p.Truth.Intruder, "CreateUser")[0].Incident
	// The guard's role may not grant what the intruder had granted.
	person := apply.New(p.Admin.IAM, p.Ledger, apply.Options{Account: p.Account})
	undo, err := person.UndoPlan(ctx, incident, "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if rep, err := person.Undo(ctx, undo); err != nil || !rep.OK() {
		t.Fatalf("%v %v", err, rep.Problems())
	}
	if got := p.attached("backdoor"); len(got) != 1 || got[0] != "AdministratorAccess" {
		t.Errorf("after undo the created user has %v", got)
	}
	if _, err := backdoor.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("after undo the key does not work: %v", err)
	}
	after := p.Twin.Snapshot()
	was, is := withoutUse(before, p.Truth.Intruder), withoutUse(after, p.Truth.Intruder)
	if was != is {
		t.Errorf("the intruder is not exactly as before:\nwas %s\nis  %s", was, is)
	}
}

// Duplicates, in any order and from several workers, make one plan and one
// notification.
func TestDuplicatesActOnce(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
	for _, name := range []string{"a", "b", "c"} {
		if err := p.createUser(p.intruder, name); err != nil {
			t.Fatal(err)
		}
	}
	events := p.intruderEvents()
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	workers := []*respond.Responder{p.r, p.responder(), p.responder()}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() { workers[i%len(workers)].Handle(context.WithoutCancel(t.Context()), events[i%len(events)]) })
	}
	all.Wait()
	// A worker that met another at work asks for the event again.
	for _, e := range events {
		if res := p.r.Handle(t.Context(), e); res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	incidents, err := p.Ledger.Incidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range incidents {
		if in.Caller == "warden" {
			continue
		}
		seen := map[string]int{}
		for _, s := range in.Steps {
			if s.Status() != ledger.Done {
				t.Errorf("%s: %s", s.Step, s.Status())
			}
			seen[s.Step.Setting.String()]++
		}
		for setting, n := range seen {
			if n != 1 {
				t.Errorf("%d steps for %s", n, setting)
			}
		}
		if len(seen) != 4 { // the caller and three created users
			t.Errorf("steps: %v", seen)
		}
	}
	if n := len(p.Twin.Published()); n != 1 {
		t.Errorf("%d notifications", n)
	}
	writes := 0
	for _, name := range p.guardCalls() {
		if name == "AttachUserPolicy" {
			writes++
		}
	}
	if writes != 4 {
		t.Errorf("AttachUserPolicy was called %d times, want 4", writes)
	}
}

// blind is a look-up that fails as long as it is told to.
type blind struct {
	respond.Lookup
	broken *bool
}

func (b blind) Groups(ctx context.Context, user string) ([]string, error) {
	if *b.broken {
		return nil, errors.New("Throttling: Rate exceeded")
	}
	return b.Lookup.Groups(ctx, user)
}

// A look-up that fails is never "not an administrator": it goes to a person,
// and the event is tried again.
func TestFailedLookUpEscalates(t *testing.T) {
	t.Parallel()
	broken := true
	p := newPlay(t, stage.Options{}, func(o *respond.Options) { o.Lookup = blind{o.Lookup, &broken} })
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	for range 2 {
		res := p.r.Handle(t.Context(), e)
		if res.Verdict != guard.Escalate || res.Action != respond.Escalated || !res.Retry {
			t.Fatalf("%s %s retry=%t: %s", res.Verdict, res.Action, res.Retry, res.Reason)
		}
	}
	if n := len(p.Twin.Published()); n != 1 {
		t.Errorf("%d notifications, want one", n)
	}
	broken = false
	if res := p.r.Handle(t.Context(), e); res.Action != respond.Contained || res.Retry {
		t.Errorf("%s retry=%t %v", res.Action, res.Retry, res.Err)
	}
}

// flaky is a notifier that fails at first.
type flaky struct {
	fail int
	sent []notify.Message
}

func (f *flaky) Notify(_ context.Context, m notify.Message) error {
	if f.fail--; f.fail >= 0 {
		return errors.New("no answer")
	}
	f.sent = append(f.sent, m)
	return nil
}

// A broken channel never keeps the caller uncontained, and is tried again.
func TestBrokenChannel(t *testing.T) {
	t.Parallel()
	channel := &flaky{fail: 1}
	p := newPlay(t, stage.Options{}, func(o *respond.Options) { o.Notifier = channel })
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	if res := p.r.Handle(t.Context(), e); res.Action != respond.Contained || !res.Retry {
		t.Fatalf("%s retry=%t", res.Action, res.Retry)
	}
	if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
		t.Errorf("not contained: %v", err)
	}
	for range 3 {
		if res := p.r.Handle(t.Context(), e); res.Retry {
			t.Errorf("%s asks again: %v", res.Action, res.Err)
		}
	}
	if len(channel.sent) != 1 {
		t.Errorf("%d messages", len(channel.sent))
	}
}

// An event that is delivered after a person gave the access back must not
// take it away again; a new one does.
func TestLateEventAfterUndo(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	first := p.r.Handle(ctx, e)
	undo, err := p.person().UndoPlan(ctx, first.Incident, "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.person().Undo(ctx, undo); err != nil {
		t.Fatal(err)
	}
	late := *e
	late.ID, late.Time = "00000000-0000-4000-8000-000000000001", e.Time.Add(-time.Minute)
	if res := p.r.Handle(ctx, &late); res.Action != respond.Joined || res.Err != nil {
		t.Errorf("late event: %s %v", res.Action, res.Err)
	}
	if got := p.attached(p.Truth.Intruder); strings.Contains(strings.Join(got, " "), guard.DefaultDenyPolicy) {
		t.Error("a late event took back what a person gave")
	}
	next := *e
	next.ID, next.Time = "00000000-0000-4000-8000-000000000002", e.Time.Add(time.Minute)
	if res := p.r.Handle(ctx, &next); res.Action != respond.Contained || res.Err != nil {
		t.Errorf("new event: %s %v", res.Action, res.Err)
	}
}

// A containment that somebody stripped is made again.
func TestStrippedContainmentIsMadeAgain(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	first := p.r.Handle(t.Context(), e)
	if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{
		UserName: aws.String(p.Truth.Intruder), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	next := *e
	next.ID, next.Time = "00000000-0000-4000-8000-000000000003", e.Time.Add(time.Minute)
	res := p.r.Handle(t.Context(), &next)
	if res.Action != respond.Contained || res.Incident != first.Incident {
		t.Errorf("%s %v", res.Action, res.Err)
	}
	if !strings.Contains(strings.Join(p.attached(p.Truth.Intruder), " "), "DENY-IAM") {
		t.Error("not contained again")
	}
}

// A deny policy that was there before is not ours to take away.
func TestContainedBySomebodyElse(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{
		UserName: aws.String(p.Truth.Intruder), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	res := p.r.Handle(ctx, p.intruderEvents()[0])
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	undo, err := p.Applier.UndoPlan(ctx, res.Incident, "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(undo.Plan.Steps) != 0 {
		t.Errorf("undo would take away what was there before: %v", undo.Plan.Steps)
	}
}

// Somebody who changes the deny policy's content does not blind the guard.
func TestDenyPolicyIsRepaired(t *testing.T) {
	t.Parallel()
	p := newLeastPlay(t, stage.Options{})
	ctx := t.Context()
	arn := aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")
	if _, err := p.Admin.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, SetAsDefault: true,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DeleteUser","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	// The guard's own least-privilege role may not write versions: it does
	// what it may, and says that this is not all.
	if res := p.r.Handle(ctx, e); res.Action != respond.PartlyContained || res.Err != nil {
		t.Errorf("without the right to repair: %s %v", res.Action, res.Err)
	}
	repairer := p.responder(func(o *respond.Options) {
		o.Applier = apply.New(p.Admin.IAM, p.Ledger, apply.Options{Account: p.Account})
	})
	if res := repairer.Handle(ctx, e); res.Action != respond.Contained || res.Err != nil {
		t.Errorf("%s: %v", res.Action, res.Err)
	}
	v, err := p.Admin.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil || aws.ToString(v.Policy.DefaultVersionId) == "v2" {
		t.Errorf("the policy was not repaired: %v %v", v, err)
	}
}

// One session of a role is denied; the role's other sessions go on.
func TestContainSession(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{ContainSessions: true}})
	p.r = p.responder(p.withPast)
	ctx := t.Context()
	role := aws.String("session-role")
	user := aws.String("arn:aws:iam::" + p.Account + ":root")
	if _, err := p.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + *user + `"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")}); err != nil {
		t.Fatal(err)
	}
	session := func(name string) *app.Clients {
		out, err := p.Admin.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + p.Account + ":role/session-role"), RoleSessionName: aws.String(name)})
		if err != nil {
			t.Fatal(err)
		}
		c := out.Credentials
		return app.Fixed(p.Server.URL(), app.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken})
	}
	bad, good := session("bad"), session("good")
	if err := p.createUser(bad, "made-by-session"); err != nil {
		t.Fatal(err)
	}
	var got []respond.Result
	for _, r := range p.drain() {
		if r.Actor.SessionName == "bad" && r.Event.Name == "CreateUser" {
			got = append(got, r)
		}
	}
	if len(got) != 1 || got[0].Action != respond.Contained || got[0].Err != nil {
		t.Fatalf("%+v", got)
	}
	if err := p.createUser(bad, "again"); code(err) != "AccessDenied" {
		t.Errorf("the session still may: %v", err)
	}
	if err := p.createUser(good, "by-the-other-session"); err != nil {
		t.Errorf("another session was hit: %v", err)
	}
	undo, err := p.Applier.UndoPlan(ctx, got[0].Incident, "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Applier.Undo(ctx, undo); err != nil {
		t.Fatal(err)
	}
	if err := p.createUser(bad, "given-back"); err != nil {
		t.Errorf("after undo: %v", err)
	}
}

// Input that is not an event, is of another account, or is about somebody who
// does not exist, stops nothing and is kept or reported.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	foreign := strings.ReplaceAll(string(e.Raw), p.Account, "999988887777")
	ghost := strings.NewReplacer(p.Truth.Intruder, "nobody-here", e.Actor().ID, "AIDANOBODYNOBODYNOBO").Replace(string(e.Raw))
	remade := strings.ReplaceAll(string(e.Raw), e.Actor().ID, "AIDAREMADEREMADEREMA")
	for _, body := range []string{"{broken", `{"eventName":"CreateUser"}`, strings.Repeat("x", 200<<10), string(e.Raw),
		wrapped("999988887777", foreign), wrapped(p.Account, ghost), wrapped(p.Account, remade)} {
		if err := p.send(ctx, body); err != nil {
			t.Fatal(err)
		}
	}
	results := p.drain()
	if len(results) == 0 || p.bad != 4 { // what no rule delivered is none either
		t.Errorf("%d messages were found bad", p.bad)
	}
	for _, r := range results {
		switch {
		case r.Actor.Account == "999988887777":
			if r.Verdict != guard.Alert || r.Action == respond.Contained {
				t.Errorf("another account's event: %s %s", r.Verdict, r.Action)
			}
		case r.Actor.Name == "nobody-here", r.Actor.ID == "AIDAREMADEREMADEREMA":
			if r.Verdict != guard.Escalate || r.Action != respond.Escalated || r.Retry {
				t.Errorf("%s: %s %s retry=%t", r.Actor.Name, r.Verdict, r.Action, r.Retry)
			}
		}
	}
	kept := 0
	for entry, err := range p.Ledger.Store().Entries(ctx, ledger.Query{Kinds: []ledger.Kind{ledger.BadInput}}) {
		if err != nil {
			t.Fatal(err)
		}
		kept++
		_ = entry
	}
	if kept != p.bad {
		t.Errorf("%d bad messages, %d kept", p.bad, kept)
	}
	// The true event is among them and was dealt with.
	if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
		t.Errorf("the intruder was not contained: %v", err)
	}
	if left := p.drain(); len(left) > 1 {
		t.Errorf("%d messages came again", len(left))
	}
}

// A dry run changes nothing and leaves the messages to others.
func TestDryRun(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{}, func(o *respond.Options) { o.Applier, o.Ledger = nil, nil })
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	got := of(p.drain(), p.Truth.Intruder, "CreateUser")
	if len(got) != 1 || got[0].Action != respond.WouldContain {
		t.Fatalf("%+v", got)
	}
	if _, err := p.Admin.IAM.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); !isNoSuchEntity(err) {
		t.Errorf("the deny policy was made: %v", err)
	}
	for _, a := range p.attached(p.Truth.Intruder) {
		if a == guard.DefaultDenyPolicy {
			t.Error("contained in a dry run")
		}
	}
}

func isNoSuchEntity(err error) bool {
	var none *types.NoSuchEntityException
	return errors.As(err, &none)
}

// Late, doubled and reordered events, and changes of IAM that take a while,
// end in the same state.
func TestBadDay(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{
		Guard:  guard.Config{UndoActions: true},
		Faults: twin.Faults{EventJitter: 300 * time.Millisecond, Duplicate: 0.5, Reorder: 0.5, Propagation: 200 * time.Millisecond},
	})
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := p.createUser(p.intruder, name); err != nil {
			t.Fatal(err)
		}
	}
	denied := func() bool {
		return code(p.createUser(p.intruder, "late-"+time.Now().Format("150405.000"))) == "AccessDenied"
	}
	deadline := time.Now().Add(20 * time.Second)
	for p.drain(); !denied(); p.drain() {
		if time.Now().After(deadline) {
			t.Fatal("not contained")
		}
	}
	p.drain()
	for _, name := range []string{"a", "b", "c", "d"} {
		if got := p.attached(name); len(got) != 1 {
			t.Errorf("%s has %v", name, got)
		}
	}
	if n := len(p.Twin.Published()); n != 1 {
		t.Errorf("%d notifications", n)
	}
}
