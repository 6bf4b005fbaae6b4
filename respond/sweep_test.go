package respond_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/app"
	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
	"warden/twin"
)

// past is the twin's event history.
func (p *play) past() *source.Lookup {
	l := source.NewLookup(map[string]source.LookupClient{"us-east-1": p.Admin.CloudTrail})
	l.Relevant = guard.Relevant
	return l
}

func (p *play) sweep(past respond.Past, o respond.SweepOptions) respond.SweepReport {
	p.t.Helper()
	if o.Settle == 0 {
		o.Settle = time.Nanosecond // the twin's rule needs no time
	}
	if o.Sources == nil {
		o.Sources = []string{"iam.amazonaws.com"}
	}
	report, err := p.r.Sweep(p.t.Context(), past, o)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, problem := range report.Problems {
		p.t.Error(problem)
	}
	return report
}

// told counts the notifications with this in their subject.
func (p *play) told(subject string) int {
	n := 0
	for _, m := range p.Twin.Published() {
		if strings.Contains(m.Subject, subject) {
			n++
		}
	}
	return n
}

// No event of a rule that is broken is lost: the sweep contains, says so, and
// finds nothing more the next time.
func TestSweepFindsWhatTheRuleMissed(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Faults: twin.Faults{Loss: 1, LookupRate: 2}})
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	if err := p.createUser(p.Admin, "rightful"); err != nil {
		t.Fatal(err)
	}
	if got := p.drain(); len(got) != 0 {
		t.Fatalf("%d events came", len(got))
	}

	report := p.sweep(p.past(), respond.SweepOptions{Sources: []string{"iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com"}})
	if len(report.Missed) != 1 || report.Missed[0].EventName != "CreateUser" || report.Missed[0].Action != respond.Contained || !report.Findings() || !report.Complete() {
		t.Errorf("missed %+v", report.Missed)
	}
	if len(report.Windows) != 3 || report.Judged < 2 {
		t.Errorf("%d windows, %d events judged", len(report.Windows), report.Judged)
	}
	if got := p.attached(p.Truth.Intruder); !slices.Contains(got, "DENY-IAM") {
		t.Errorf("the intruder has %v", got)
	}
	if got := p.attached(p.Truth.Administrator); slices.Contains(got, "DENY-IAM") {
		t.Errorf("the administrator has %v", got)
	}
	if p.told("the rule missed 1 event") != 1 || p.told("warden contained") != 1 {
		t.Errorf("people were told %d times that the rule misses events, %d times of the containment", p.told("missed"), p.told("contained"))
	}

	report = p.sweep(p.past(), respond.SweepOptions{})
	if report.Findings() || report.Confirmed != 1 || report.Rechecked != 1 {
		t.Errorf("the second sweep: %+v", report)
	}
	report = p.sweep(p.past(), respond.SweepOptions{})
	if report.Findings() || report.Confirmed != 0 || report.Waiting != 0 {
		t.Errorf("the third sweep: %+v", report)
	}
	if p.told("missed") != 1 {
		t.Errorf("people were told %d times", p.told("missed"))
	}
}

// without is a history that lacks the events of one name.
type without struct {
	respond.Past
	name string
}

func (w without) Events(ctx context.Context, since, until time.Time, about source.Filter) iter.Seq2[*trail.Event, error] {
	return func(yield func(*trail.Event, error) bool) {
		for e, err := range w.Past.Events(ctx, since, until, about) {
			if (e == nil || e.Name != w.name) && !yield(e, err) {
				return
			}
		}
	}
}

// An event that was doubtful when it was judged, and whose message is lost, is
// decided by a sweep: the caller is contained for other things already, but
// what he gave out is not known yet.
func TestSweepDecidesWhatWasDoubtful(t *testing.T) {
	t.Parallel()
	p, stooge := cast(t, stage.Options{})
	if _, err := p.Admin.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(newcomer), PolicyName: aws.String("work"), PolicyDocument: aws.String(guard.AllowAll)}); err != nil {
		t.Fatal(err)
	}
	if err := p.createUser(stooge, "x"); err != nil {
		t.Fatal(err)
	}
	boss := p.Truth.Administrator
	id, _ := p.key(stooge, boss)
	p.handle(p.r, p.the(newcomer, "CreateUser"), guard.Contain, "no administrator")
	p.join(p.intruder, newcomer)
	e := p.the(newcomer, "CreateAccessKey")
	if res := p.handle(p.r, e, guard.Escalate, "not known yet"); !res.Retry || !p.active(boss, id) {
		t.Fatalf("retry %v, the key is active: %v", res.Retry, p.active(boss, id))
	}

	p.r = p.later(2)
	past := without{p.past(), "AddUserToGroup"} // so that nobody made him one
	p.sweep(past, respond.SweepOptions{})
	if p.active(boss, id) {
		t.Error("the administrator's key still works")
	}
	held := p.entries(ledger.CredentialHeld)
	if held == 0 {
		t.Error("nothing tells in whose hands the key is")
	}
	joined := p.entries(ledger.EventJoined)
	report := p.sweep(past, respond.SweepOptions{})
	if len(report.Unfinished)+len(report.Missed) != 0 || p.entries(ledger.EventJoined) != joined || p.entries(ledger.CredentialHeld) != held {
		t.Errorf("the second sweep: %+v", report)
	}
}

// What the rule brought, twice or in the wrong order, is not missed.
func TestSweepKnowsWhatCame(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Faults: twin.Faults{Duplicate: 0.5, Reorder: 0.3, Loss: 0.4}})
	for range 8 {
		_ = p.createUser(p.intruder, "made-"+time.Now().Format("150405.000000000"))
	}
	came := map[string]bool{}
	for _, r := range of(p.drain(), p.Truth.Intruder, "CreateUser") {
		came[r.Event.ID] = true
	}
	report := p.sweep(p.past(), respond.SweepOptions{})
	if len(came)+len(report.Missed) != 8 {
		t.Errorf("%d events came, %d were missed, of 8", len(came), len(report.Missed))
	}
	for _, m := range report.Missed {
		if came[m.EventID] {
			t.Errorf("event %s came and is said to be missed", m.EventID)
		}
	}
	if plans := p.entries(ledger.PlanRecorded); plans != 2 {
		t.Errorf("%d plans, want one for the deny policy and one for him", plans)
	}
	if report := p.sweep(p.past(), respond.SweepOptions{}); report.Findings() {
		t.Errorf("the second sweep: %+v", report)
	}
}

func (p *play) entries(kind ledger.Kind) (n int) {
	p.t.Helper()
	for _, err := range p.Ledger.Store().Entries(p.t.Context(), ledger.Query{Kinds: []ledger.Kind{kind}}) {
		if err != nil {
			p.t.Fatal(err)
		}
		n++
	}
	return n
}

// wrapped is a record as EventBridge delivers it.
func wrapped(account, record string) string {
	return `{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"` + account +
		`","time":"2026-01-02T03:04:05Z","region":"us-east-1","resources":[],"detail":` + record + `}`
}

// forge makes a record of a call that a user never made out of one that he
// did make, and returns it.
func (p *play) forge(id string) string {
	p.t.Helper()
	if _, err := p.intruder.IAM.ListUsers(p.t.Context(), &iam.ListUsersInput{}); err != nil {
		p.t.Fatal(err)
	}
	for _, e := range p.intruderEvents() {
		if e.Name == "ListUsers" {
			if id == "" {
				id = e.ID
			}
			record := strings.NewReplacer(`"ListUsers"`, `"CreateUser"`, e.ID, id).Replace(string(e.Raw))
			return wrapped(p.Account, record)
		}
	}
	p.t.Fatal("the call left no record")
	return ""
}

// A message that somebody put into the queue is acted on: the queue's policy
// is what keeps others out. That CloudTrail does not know it comes out, and a
// person can release the victim.
func TestSweepDoubtsForgedEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, id, why string }{
		{"an id of its own", "00000000-1111-2222-3333-444444444444", "does not have it"},
		{"the id of a true event", "", "CloudTrail has ListUsers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{})
			ctx := t.Context()
			if err := p.send(ctx, p.forge(tt.id)); err != nil {
				t.Fatal(err)
			}
			p.drain()
			victim := p.Truth.Intruder
			if !slices.Contains(p.attached(victim), "DENY-IAM") {
				t.Fatal("the forged event was not acted on")
			}
			l := source.NewLookup(map[string]source.LookupClient{"us-east-1": p.Admin.CloudTrail})
			if report := p.sweep(l, respond.SweepOptions{}); len(report.Doubted) != 0 && tt.id != "" || report.Waiting != 1 && tt.id != "" {
				t.Errorf("within the time that CloudTrail has: %+v", report)
			}
			later := respond.SweepOptions{ConfirmWithin: time.Nanosecond}
			report := p.sweep(l, later)
			if len(report.Doubted) != 1 || !strings.Contains(report.Doubted[0].Why, tt.why) || report.Doubted[0].Release == "" {
				t.Fatalf("doubted %+v", report.Doubted)
			}
			if !slices.Contains(p.attached(victim), "DENY-IAM") {
				t.Error("he was released without a person")
			}
			if report := p.sweep(l, later); len(report.Doubted) != 0 {
				t.Errorf("doubted again: %+v", report.Doubted)
			}
			if p.told("CloudTrail does not have") != 1 || p.told("warden asks: give back") != 1 {
				t.Errorf("people were told %d times, and asked %d times", p.told("CloudTrail does not have"), p.told("warden asks"))
			}

			// Who decides is somebody else; the next sweep carries it out.
			ok, err := p.Ledger.Approve(ctx, report.Doubted[0].Release, ledger.Approval{
				By: "arn:aws:iam::" + p.Account + ":user/somebody-else", ByID: "AIDASOMEBODYELSE00001", Reason: "forged"})
			if err != nil || !ok {
				t.Fatalf("approve: %v %v", ok, err)
			}
			// The stack's roles may not take off what denies: that needs the rights
			// of a person.
			p.r = p.responder(func(o *respond.Options) { o.Applier = p.person() })
			if report := p.sweep(l, later); len(report.Stripped) != 0 {
				t.Errorf("released, and contained again: %+v", report.Stripped)
			}
			if slices.Contains(p.attached(victim), "DENY-IAM") {
				t.Error("approved, and not released")
			}
			if report := p.sweep(l, later); report.Findings() || slices.Contains(p.attached(victim), "DENY-IAM") {
				t.Errorf("the sweep after it: %+v, he has %v", report, p.attached(victim))
			}
		})
	}
}

// A containment that was taken away long after the last look is put back.
func TestSweepRechecks(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	p.drain()
	if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{
		UserName: aws.String(p.Truth.Intruder), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	report := p.sweep(p.past(), respond.SweepOptions{})
	if len(report.Stripped) != 1 || !report.Stripped[0].Restored || !slices.Contains(p.attached(p.Truth.Intruder), "DENY-IAM") {
		t.Errorf("stripped %+v, he has %v", report.Stripped, p.attached(p.Truth.Intruder))
	}
}

// An event whose worker died after he recorded it is dealt with.
func TestSweepFinishes(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	j := guard.Judge(p.r.Guard, e, nil, time.Now())
	if _, err := p.Ledger.OpenIncident(ctx, j.Incident, ledger.Opening{Account: p.Account, Caller: e.Actor().ARN, CallerID: e.Actor().ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ledger.JoinEvent(ctx, j.Incident, ledger.Event{ID: e.ID, Name: e.Name, Source: e.Source, Time: e.Time, Verdict: "contain"}); err != nil {
		t.Fatal(err)
	}
	report := p.sweep(p.past(), respond.SweepOptions{})
	if len(report.Unfinished) != 1 || len(report.Missed) != 0 || !slices.Contains(p.attached(p.Truth.Intruder), "DENY-IAM") {
		t.Errorf("unfinished %+v, missed %+v, he has %v", report.Unfinished, report.Missed, p.attached(p.Truth.Intruder))
	}
}

// Who was an administrator when he acted has done no wrong by leaving.
func TestSweepSparesWhoLeft(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Faults: twin.Faults{Loss: 1}})
	ctx := t.Context()
	p.sweep(p.past(), respond.SweepOptions{})
	name := "leaver"
	if _, err := p.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	group := &iam.AddUserToGroupInput{UserName: aws.String(name), GroupName: aws.String(guard.DefaultAdminGroup)}
	if _, err := p.Admin.IAM.AddUserToGroup(ctx, group); err != nil {
		t.Fatal(err)
	}
	key, err := p.Admin.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // records tell seconds apart
	leaver := app.Fixed(p.Server.URL(), app.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey})
	if err := p.createUser(leaver, "rightful"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	if _, err := p.Admin.IAM.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: group.UserName, GroupName: group.GroupName}); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		report := p.sweep(p.past(), respond.SweepOptions{})
		if report.Findings() || slices.Contains(p.attached(name), "DENY-IAM") {
			t.Errorf("sweep %d: missed %+v, unfinished %+v, he has %v", n, report.Missed, report.Unfinished, p.attached(name))
		}
	}
	// What he does from now on is another matter.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	_ = p.createUser(leaver, "wrongful")
	report := p.sweep(p.past(), respond.SweepOptions{})
	if len(report.Missed) != 1 {
		t.Errorf("missed %+v", report.Missed)
	}
}

func TestSweepDryRun(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Faults: twin.Faults{Loss: 1}})
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	before := p.entries("")
	known := p.Ledger
	p.r = p.responder(func(o *respond.Options) { o.Applier, o.Ledger = nil, nil })
	report := p.sweep(p.past(), respond.SweepOptions{Known: known})
	if len(report.Missed) != 1 || report.Missed[0].Action != respond.WouldContain || !report.DryRun {
		t.Errorf("missed %+v", report.Missed)
	}
	if got := p.attached(p.Truth.Intruder); slices.Contains(got, "DENY-IAM") || p.entries("") != before || len(p.Twin.Published()) != 0 {
		t.Errorf("he has %v, %d entries, %d messages", got, p.entries(""), len(p.Twin.Published()))
	}
}

// readings is a history that notes what it is asked for, and is empty but for
// one part of it that cannot be read.
type readings struct {
	spans  [][2]time.Time
	broken func(since time.Time) error
}

func (a *readings) Events(_ context.Context, since, until time.Time, _ source.Filter) iter.Seq2[*trail.Event, error] {
	return func(yield func(*trail.Event, error) bool) {
		a.spans = append(a.spans, [2]time.Time{since, until})
		if a.broken != nil {
			if err := a.broken(since); err != nil {
				yield(nil, err)
			}
		}
	}
}

// Sweeps follow each other without a gap, whatever failed and however long
// none ran.
func TestSweepsLeaveNoGap(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	p := newPlay(t, stage.Options{}, func(o *respond.Options) { o.Now = func() time.Time { return now } })
	h := &readings{}
	run := func() respond.SweepReport {
		t.Helper()
		h.spans = nil
		report, err := p.r.Sweep(t.Context(), h, respond.SweepOptions{Sources: []string{"iam.amazonaws.com"}})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	covered := func(from, until time.Time) {
		t.Helper()
		at := from
		for _, span := range h.spans {
			if span[0].After(at) {
				t.Errorf("nothing was read from %s to %s", at, span[0])
			}
			at = span[1]
		}
		if len(h.spans) == 0 || !h.spans[0][0].Equal(from) || at.Before(until) {
			t.Errorf("read %v, want %s to %s", h.spans, from, until)
		}
	}
	run()
	covered(now.Add(-time.Hour), now)
	first := now

	now = now.Add(5 * time.Minute)
	run()
	covered(first.Add(-20*time.Minute), now)

	// The guard was off for two days, and the history cannot be read after
	// the first five hours.
	now = now.Add(48 * time.Hour)
	cut := first.Add(5 * time.Hour)
	h.broken = func(since time.Time) error {
		if since.Before(cut) {
			return nil
		}
		return errors.New("no")
	}
	report := run()
	if report.Complete() || len(report.Problems) != 1 || report.Windows[0].Behind == 0 {
		t.Errorf("a history that cannot be read: %+v", report)
	}
	reached := now.Add(-report.Windows[0].Behind)
	h.broken = nil
	now = now.Add(5 * time.Minute)
	if report := run(); !report.Complete() {
		t.Errorf("%+v", report)
	}
	covered(reached.Add(-20*time.Minute), now)
	if n := p.entries(ledger.Swept); n != 3 {
		t.Errorf("%d entries of how far it got, want 3", n)
	}
}

// A sweep that is cut off says so, and the next one goes on.
func TestSweepCutOff(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	h := &readings{broken: func(time.Time) error {
		cancel()
		return ctx.Err()
	}}
	report, err := p.r.Sweep(ctx, h, respond.SweepOptions{Sources: []string{"iam.amazonaws.com"}})
	if err != nil || report.Complete() || report.Windows[0].Behind == 0 || p.entries(ledger.Swept) != 0 {
		t.Errorf("%+v %v, %d entries", report, err, p.entries(ledger.Swept))
	}
}

// Who was an administrator and is none any more is judged by what he is.
func TestRejudge(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	since := time.Now().Add(-time.Minute)
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	id := p.intruderEvents()[0].Actor().ID
	results, err := p.r.Rejudge(ctx, p.past(), id, since)
	if err != nil || len(results) != 1 || results[0].Action != respond.Contained {
		t.Errorf("%+v %v", results, err)
	}
	if results, err := p.r.Rejudge(ctx, p.past(), "AIDAOTHER", since); err != nil || len(results) != 0 {
		t.Errorf("of somebody else: %+v %v", results, err)
	}
	if _, err := p.r.Rejudge(ctx, &readings{broken: func(time.Time) error { return errors.New("no") }}, id, since); err == nil {
		t.Error("a history that cannot be read is no error")
	}
}
