package respond_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/account/collect"
	"warden/change"
	"warden/change/apply"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
)

// Documents of the tests.
const (
	allowNothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
	allowAll     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	denySome     = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}`
	trustUs      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	trustThem    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}]}`
)

// house is a play with a guard that may do everything, and with a user, a
// role, a group and policies that an intruder can change.
type house struct {
	*play
	before *account.Snapshot
}

// What the guard of a house knows of the time before the crime.
const (
	knowsNothing  = ""
	knowsSnapshot = "snapshot"
	knowsHistory  = "history"
)

func newHouse(t *testing.T, knows string) *house {
	t.Helper()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
	h := &house{play: p}
	ctx, c := t.Context(), p.Admin.IAM
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("victim")}))
	must(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("crew")}))
	must(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("crew"), UserName: aws.String("victim")}))
	must(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("bosses")}))
	must(c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("engine"), AssumeRolePolicyDocument: aws.String(trustUs)}))
	for name, doc := range map[string]string{"some": allowNothing, "rail": denySome, "spare": allowNothing} {
		must(c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name), PolicyDocument: aws.String(doc)}))
	}
	for _, name := range []string{"some", "rail"} {
		must(c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(h.policy(name))}))
	}
	must(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowNothing)}))
	must(c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("victim"), PermissionsBoundary: aws.String(h.policy("some"))}))
	must(c.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web")}))
	h.before = p.Twin.Snapshot()
	h.before.CollectedAt = time.Now().Add(-time.Minute)
	p.r = p.responder(func(o *respond.Options) {
		*o = h.mighty(*o)
		switch knows {
		case knowsSnapshot:
			o.Before = h.before
		case knowsHistory:
			o.Past = longAgo{h}
		}
	})
	return h
}

// old is a policy with one version that is older than the play: CloudTrail
// counts in seconds, so what is made in the second of a crime may be part of it.
func (h *house) old() *account.ManagedPolicy {
	for i, p := range h.before.Policies {
		if !p.AWSManaged() && len(p.Versions) == 1 && p.CreateDate.Before(h.before.CollectedAt) {
			return &h.before.Policies[i]
		}
	}
	h.t.Fatal("the sample has no such policy")
	return nil
}

// mighty lets the guard do everything, as with a responder's role.
func (h *house) mighty(o respond.Options) respond.Options {
	o.Lookup = respond.Live{Identities: collect.NewIdentities(h.Admin.IAM), Reader: h.Admin.IAM}
	o.Applier = apply.New(h.Admin.IAM, h.Ledger, apply.Options{Account: h.Account})
	return o
}

// longAgo is the event history of a house in which everything but the crime
// was done an hour before: CloudTrail counts in seconds.
type longAgo struct{ h *house }

func (l longAgo) Events(_ context.Context, since, until time.Time, about source.Filter) iter.Seq2[*trail.Event, error] {
	return func(yield func(*trail.Event, error) bool) {
		for _, e := range slices.Backward(l.h.lookup()) {
			if e.Actor().Name != l.h.Truth.Intruder {
				e.Time = e.Time.Add(-time.Hour)
			}
			if about.By != source.ByEventName || e.Name != about.Value || e.Time.Before(since) || e.Time.After(until) {
				continue
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (h *house) policy(name string) string { return "arn:aws:iam::" + h.Account + ":policy/" + name }
func (h *house) user(name string) string   { return "arn:aws:iam::" + h.Account + ":user/" + name }
func (h *house) role(name string) string   { return "arn:aws:iam::" + h.Account + ":role/" + name }

func (h *house) state(kind change.Kind, target, name string) change.State {
	h.t.Helper()
	st, err := apply.Read(context.Background(), h.Admin.IAM, change.Setting{Kind: kind, Target: target, Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// Every crime is taken back exactly where what was before is known. Where it
// is not, nothing is granted without a person; and a person can undo what was
// done.
func TestTakesBackCrimes(t *testing.T) {
	t.Parallel()
	for _, knows := range []string{knowsSnapshot, knowsHistory, knowsNothing} {
		for _, c := range crimes {
			t.Run(c.name+", knows "+knows, func(t *testing.T) {
				t.Parallel()
				known := knows != knowsNothing
				h := newHouse(t, knows)
				ctx := t.Context()
				if err := c.do(ctx, h, h.intruder.IAM); err != nil {
					t.Fatal(err)
				}
				s := c.set(h)
				left := h.state(s.Kind, s.Target, s.Name)
				var taken []string
				var proposed []string
				incident := ""
				for _, r := range h.handle() {
					if r.Err != nil || r.Action != respond.Contained {
						t.Errorf("%s: %s, %v", r.Event.Name, r.Action, r.Err)
					}
					taken, proposed, incident = append(taken, r.Taken...), append(proposed, r.Proposed...), r.Incident
				}
				want := c.want
				// What only takes away is not searched for in the history.
				if !known || knows == knowsHistory && c.name == "attach what was there" {
					want = c.blind
				}
				switch want {
				case "absent":
					want = change.Absent.String()
				case "old":
					want = change.Is(string(h.old().Default().Document)).String()
				case "some":
					want = change.Is(h.policy("some")).String()
				default:
					want = change.Is(want).String()
				}
				got := h.state(s.Kind, s.Target, s.Name)
				got.Version = ""
				if got.String() != want {
					t.Errorf("%s is %s, want %s; taken %q", s, got, want, taken)
				}
				all := strings.Join(taken, "\n")
				if ask := c.asked != "" && (!known || c.want == change.Present); ask != (len(proposed) > 0) || ask && !strings.Contains(h.asks(proposed), c.asked) {
					t.Errorf("proposed %v; taken %q", proposed, taken)
				}
				if !known && !strings.Contains(all, c.told) {
					t.Errorf("taken %q, want %q in it", taken, c.told)
				}
				h.giveBack(incident)
				if got := h.state(s.Kind, s.Target, s.Name); !got.Same(left) && s.Kind != change.LoginProfile {
					t.Errorf("after undo %s is %s, the call left %s", s, got, left)
				}
			})
		}
	}
}

// asks are the steps that wait for a person, in words.
func (h *house) asks(proposals []string) string {
	h.t.Helper()
	var b strings.Builder
	for _, id := range proposals {
		p, err := h.Ledger.Proposal(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, s := range p.Plan.Steps {
			fmt.Fprintln(&b, s)
		}
	}
	return b.String()
}

// handle gives the guard every event of the intruder's so far.
func (h *house) handle() []respond.Result {
	h.t.Helper()
	var out []respond.Result
	for _, e := range h.intruderEvents() {
		out = append(out, h.r.Handle(h.t.Context(), e))
	}
	return out
}

func (h *house) giveBack(incident string) {
	h.t.Helper()
	person := apply.New(h.Admin.IAM, h.Ledger, apply.Options{Account: h.Account})
	u, err := person.UndoPlan(h.t.Context(), incident, "", apply.UndoOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	if rep, err := person.Undo(h.t.Context(), u); err != nil || !rep.OK() {
		h.t.Fatalf("undo: %v %q", err, rep.Problems())
	}
}

// Credentials that the intruder gives a user are made inactive.
func TestTakesBackCredentials(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsNothing)
	ctx, c := t.Context(), h.intruder.IAM
	cred, err := c.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: aws.String("victim"), ServiceName: aws.String("codecommit.amazonaws.com")})
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("victim")})
	if err != nil {
		t.Fatal(err)
	}
	h.handle()
	id := aws.ToString(cred.ServiceSpecificCredential.ServiceSpecificCredentialId)
	if got := h.state(change.ServiceCredential, victim(h), id); got.Text != change.Inactive {
		t.Errorf("the credential is %s", got)
	}
	id = aws.ToString(key.AccessKey.AccessKeyId)
	if got := h.state(change.AccessKey, victim(h), id); got.Text != change.Inactive {
		t.Errorf("the key is %s", got)
	}
}

// What the caller did and undid himself brings him nothing, in whatever order
// the events arrive.
func TestTakesBackInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, backwards := range []bool{false, true} {
		h := newHouse(t, knowsNothing)
		ctx, c := t.Context(), h.intruder.IAM
		in := &iam.AttachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}
		if _, err := c.AttachUserPolicy(ctx, in); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: in.UserName, PolicyArn: in.PolicyArn}); err != nil {
			t.Fatal(err)
		}
		if backwards {
			if _, err := c.AttachUserPolicy(ctx, in); err != nil {
				t.Fatal(err)
			}
		}
		events := h.intruderEvents()
		for i := range events {
			e := events[i]
			if backwards {
				e = events[len(events)-1-i]
			}
			if r := h.r.Handle(ctx, e); r.Err != nil {
				t.Errorf("%s: %v", e.Name, r.Err)
			}
		}
		if got := h.state(change.Attachment, victim(h), *in.PolicyArn); got.Exists {
			t.Errorf("backwards %v: the victim is an administrator", backwards)
		}
	}
}

// The same again after the guard took it back is taken back again; the same
// event delivered again, after a person gave it back, is not.
func TestTakesBackEachTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsNothing)
	ctx := t.Context()
	key, err := h.intruder.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("victim")})
	if err != nil {
		t.Fatal(err)
	}
	id := aws.ToString(key.AccessKey.AccessKeyId)
	h.handle()
	incident := ""
	// The intruder still gets through: an administrator's hand stands in for
	// him, under his name.
	activate := *h.intruderEvents()[0]
	if _, err := h.Admin.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("victim"), AccessKeyId: aws.String(id), Status: types.StatusTypeActive}); err != nil {
		t.Fatal(err)
	}
	activate.ID, activate.Name, activate.Time = "again", "UpdateAccessKey", time.Now()
	activate.Request = []byte(`{"userName":"victim","accessKeyId":"` + id + `","status":"Active"}`)
	r := h.r.Handle(ctx, &activate)
	incident = r.Incident
	if got := h.state(change.AccessKey, victim(h), id); got.Text != change.Inactive {
		t.Errorf("the key is %s; %q %v", got, r.Taken, r.Err)
	}
	h.giveBack(incident)
	for _, e := range append(h.intruderEvents(), &activate) {
		if r := h.r.Handle(ctx, e); r.Err != nil {
			t.Error(r.Err)
		}
	}
	if got := h.state(change.AccessKey, victim(h), id); got.Text != change.Active {
		t.Errorf("after undo the key is %s", got)
	}
}

// Of several versions that the caller made, none is put in force again.
func TestTakesBackVersions(t *testing.T) {
	t.Parallel()
	for _, backwards := range []bool{false, true} {
		h := newHouse(t, knowsNothing)
		older := h.old().ARN
		ctx := t.Context()
		for range 3 {
			if _, err := h.intruder.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(older), PolicyDocument: aws.String(allowAll), SetAsDefault: true}); err != nil {
				t.Fatal(err)
			}
		}
		events := h.intruderEvents()
		if backwards {
			slices.Reverse(events)
		}
		for _, e := range events {
			if r := h.r.Handle(ctx, e); r.Err != nil {
				t.Error(r.Err)
			}
		}
		if got := h.state(change.DefaultVersion, older, ""); got.Version != "v1" {
			t.Errorf("backwards %v: %s is in force", backwards, got)
		}
	}
}

// What the caller made himself had no policies before.
func TestTakesBackFromHisOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsNothing)
	ctx := t.Context()
	if err := h.createUser(h.intruder, "own"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.intruder.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("own"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allowAll)}); err != nil {
		t.Fatal(err)
	}
	for _, r := range h.handle() {
		if r.Err != nil || len(r.Proposed) > 0 {
			t.Errorf("%s: proposed %v, %v", r.Event.Name, r.Proposed, r.Err)
		}
	}
	if got := h.state(change.Inline, h.user("own"), "p"); got.Exists {
		t.Errorf("the policy is %s", got)
	}
}

// What was put back is not held like a containment: who may change it again
// may do so.
func TestPutBackIsNotHeld(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsSnapshot)
	ctx := t.Context()
	in := &iam.DetachUserPolicyInput{UserName: aws.String("victim"), PolicyArn: aws.String(h.policy("some"))}
	if _, err := h.intruder.IAM.DetachUserPolicy(ctx, in); err != nil {
		t.Fatal(err)
	}
	results := h.handle()
	if got := h.state(change.Attachment, victim(h), *in.PolicyArn); !got.Exists {
		t.Fatal("not put back")
	}
	if _, err := h.Admin.IAM.DetachUserPolicy(ctx, in); err != nil {
		t.Fatal(err)
	}
	again, err := h.r.Recheck(ctx, results[0].Incident)
	if err != nil || len(again.Stripped) != 0 {
		t.Errorf("%+v, %v", again, err)
	}
	if got := h.state(change.Attachment, victim(h), *in.PolicyArn); got.Exists {
		t.Error("the guard put back what an administrator took away")
	}
}

// What the caller wrote before is not what was there before him.
func TestHistoryIsNotHis(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsHistory)
	for _, doc := range []string{denySome, allowAll} {
		if _, err := h.intruder.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own"), PolicyDocument: aws.String(doc)}); err != nil {
			t.Fatal(err)
		}
	}
	events := h.intruderEvents()
	events[1].Time = events[1].Time.Add(time.Second)
	for _, e := range events {
		if r := h.r.Handle(t.Context(), e); r.Err != nil || len(r.Proposed) > 0 {
			t.Errorf("proposed %v, %v", r.Proposed, r.Err)
		}
	}
	if got := h.state(change.Inline, victim(h), "own"); !got.Same(change.Is(allowNothing)) {
		t.Errorf("the policy is %s", got)
	}
}

// Of a later call that is not taken back people are told too, once, and of no
// more than twenty such calls of one caller.
func TestLeftIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, knowsNothing)
	ctx := t.Context()
	if _, err := h.intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("door")}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.intruder.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("victim"), PolicyName: aws.String("own")}); err != nil {
		t.Fatal(err)
	}
	var created, deleted *trail.Event
	for _, e := range h.intruderEvents() {
		switch e.Name {
		case "CreateUser":
			created = e
		case "DeleteUserPolicy":
			deleted = e
		}
	}
	h.r.Handle(ctx, created)
	for range 2 {
		h.r.Handle(ctx, deleted)
	}
	told := h.Twin.Published()
	if len(told) != 2 || !strings.Contains(told[1].Message, "not taken back: ") || !strings.Contains(told[1].Subject, "did not take back DeleteUserPolicy") {
		t.Fatalf("told %+v", told)
	}
	for i := range 30 {
		again := *deleted
		again.ID = fmt.Sprintf("d0000000-0000-4000-8000-0000000000%02d", i)
		h.r.Handle(ctx, &again)
	}
	told = h.Twin.Published()
	if len(told) != 21 || !strings.Contains(told[20].Message, "the last such message") {
		t.Errorf("told %d times", len(told))
	}
}
