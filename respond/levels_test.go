package respond_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/detect"
	"warden/internal/stage"
	"warden/respond"
)

// mighty is a guard that may do everything, as with the opt-in role.
func (p *play) mighty(opts ...func(*respond.Options)) (*respond.Responder, *apply.Applier) {
	p.t.Helper()
	person := apply.New(p.Admin.IAM, p.Ledger, apply.Options{Account: p.Account})
	return p.responder(append([]func(*respond.Options){func(o *respond.Options) {
		o.Lookup = respond.Live{Identities: o.Lookup.(respond.Live).Identities, Reader: p.Admin.IAM}
		o.Applier = person
	}}, opts...)...), person
}

// giveBack undoes an incident wholly.
func (p *play) giveBack(a *apply.Applier, incident string) {
	p.t.Helper()
	undo, err := a.UndoPlan(p.t.Context(), incident, "", apply.UndoOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	if rep, err := a.Undo(p.t.Context(), undo); err != nil || !rep.OK() {
		p.t.Fatalf("%v %v", err, rep.Problems())
	}
}

// done are the calls of an incident that ended well, in their order.
func done(in ledger.Incident) string {
	var out []string
	for _, s := range in.Steps {
		if s.Ended() && !s.Undo {
			out = append(out, string(s.Step.Action))
		}
	}
	return strings.Join(out, " ")
}

func (p *play) incident(id string) ledger.Incident {
	p.t.Helper()
	in, err := p.Ledger.Incident(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return in
}

// fillBoth leaves no room for a policy on the intruder.
func (p *play) fillBoth() { p.fillManaged(); p.fillInline() }

// Whatever quota is full, deny-all denies everything, and deny-iam IAM alone;
// undo restores exactly what was.
func TestLevels(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		level guard.Level
		fill  func(p *play)
		steps string
		s3    string // what ListBuckets answers then
	}{
		{"deny-iam", guard.DenyIAM, func(*play) {}, "AttachUserPolicy", ""},
		{"deny-all", guard.DenyAll, func(*play) {}, "AttachUserPolicy", "AccessDenied"},
		{"deny-all, managed full", guard.DenyAll, (*play).fillManaged, "PutUserPolicy", "AccessDenied"},
		{"deny-all, both full", guard.DenyAll, (*play).fillBoth, "PutUserPermissionsBoundary", "AccessDenied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{Guard: guard.Config{Level: tc.level}})
			r, person := p.mighty()
			if err := r.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			tc.fill(p)
			if _, err := p.Admin.IAM.AttachGroupPolicy(t.Context(), &iam.AttachGroupPolicyInput{GroupName: aws.String("CI"),
				PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}); err != nil {
				t.Fatal(err)
			}
			before := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder)
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			res := r.Handle(t.Context(), p.intruderEvents()[0])
			if res.Action != respond.Contained || res.Err != nil || res.Next.IsZero() {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			in := p.incident(res.Incident)
			if got := done(in); got != tc.steps || in.Status != ledger.StatusConfigured || respond.Standing(in) != "contained" {
				t.Errorf("done %s, want %s; %s, %s", got, tc.steps, in.Status, respond.Standing(in))
			}
			if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
				t.Errorf("he may still: %v", err)
			}
			if _, err := p.intruder.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); code(err) != tc.s3 {
				t.Errorf("ListBuckets: %v, want %q", err, tc.s3)
			}
			p.giveBack(person, res.Incident)
			if after := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder); after != before {
				t.Errorf("after undo\n%s\nwas\n%s", after, before)
			}
		})
	}
}

// A guard that may only attach DENY-IAM denies IAM where it should deny all,
// and says what is open.
func TestDenyAllWithoutTheRight(t *testing.T) {
	t.Parallel()
	p := newLeastPlay(t, stage.Options{Guard: guard.Config{Level: guard.DenyAll}})
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	res := p.r.Handle(t.Context(), p.intruderEvents()[0])
	if res.Action != respond.PartlyContained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	in := p.incident(res.Incident)
	if done(in) != "AttachUserPolicy" || in.Status != ledger.StatusPartly || respond.Standing(in) != "partly contained" {
		t.Errorf("%s, %s", done(in), in.Status)
	}
	if n := p.Twin.Published(); len(n) != 1 || !strings.Contains(n[0].Message, "everything but IAM") {
		t.Errorf("%v", n)
	}
}

func TestLevelAlert(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{Level: guard.AlertOnly, UndoActions: true}})
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	res := p.r.Handle(t.Context(), p.intruderEvents()[0])
	if res.Action != respond.Alerted || res.Err != nil || len(p.incident(res.Incident).Plans) != 0 {
		t.Errorf("%s %v", res.Action, res.Err)
	}
	if err := p.createUser(p.intruder, "y"); err != nil {
		t.Errorf("level alert changed something: %v", err)
	}
	p.sweep(p.past(), respond.SweepOptions{})
	for _, call := range p.guardCalls() {
		if detect.IAMWrite("iam.amazonaws.com", call) {
			t.Errorf("the guard called %s", call)
		}
	}
}

// The deny goes beside what an old boundary allows, and allows no more; a
// boundary in which there is no room, or of which that is not proved, gives
// way to one that denies all.
func TestBoundaryBesideTheOldOne(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, boundary string
		beside         bool
	}{
		{"room", `{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Allow","Action":["s3:*","iam:*","sts:*"],"Resource":"*"}]}`, true},
		{"no room", `{"Version":"2012-10-17","Statement":[{"Sid":"` + strings.Repeat("x", 5990) + `","Effect":"Allow","Action":["s3:*","iam:*"],"Resource":"*"}]}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{})
			ctx := t.Context()
			r, person := p.mighty()
			p.fillBoth()
			made, err := p.Admin.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("team-boundary"), PolicyDocument: aws.String(tc.boundary)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Admin.IAM.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String(p.Truth.Intruder), PermissionsBoundary: made.Policy.Arn}); err != nil {
				t.Fatal(err)
			}
			before, policies := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder), len(p.Twin.Snapshot().Policies)
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			e := p.intruderEvents()[0]
			res := r.Handle(ctx, e)
			if res.Action != respond.Contained || res.Err != nil {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			if again := r.Handle(ctx, e); again.Action != respond.Joined || again.Err != nil {
				t.Errorf("again: %s %v", again.Action, again.Err)
			}
			if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
				t.Errorf("he may still: %v", err)
			}
			_, err = p.intruder.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
			if tc.beside != (err == nil) {
				t.Errorf("ListBuckets: %v", err)
			}
			in := p.incident(res.Incident)
			want := "PutUserPermissionsBoundary"
			if tc.beside {
				want = "CreatePolicy PutUserPermissionsBoundary"
			}
			if done(in) != want || in.Status != ledger.StatusConfigured {
				t.Errorf("done %s, status %s", done(in), in.Status)
			}
			p.giveBack(person, res.Incident)
			if after := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder); after != before {
				t.Errorf("after undo\n%s\nwas\n%s", after, before)
			}
			if n := len(p.Twin.Snapshot().Policies); n != policies {
				t.Errorf("%d policies after undo, %d before", n, policies)
			}
		})
	}
}

// A default version that was switched, and five versions that leave no room,
// do not keep the deny policy from being put right.
func TestRepair(t *testing.T) {
	t.Parallel()
	const wrong = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DeleteUser","Resource":"*"}]}`
	for _, tc := range []struct {
		name     string
		right    bool // the right version is still there
		versions int
		calls    string
	}{
		{"switched back", true, 2, "SetDefaultPolicyVersion"},
		{"a new version", false, 2, "CreatePolicyVersion"},
		{"full", false, 5, "DeletePolicyVersion CreatePolicyVersion"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{})
			ctx := t.Context()
			arn := aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")
			for range tc.versions - 1 {
				if _, err := p.Admin.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, SetAsDefault: true, PolicyDocument: aws.String(wrong)}); err != nil {
					t.Fatal(err)
				}
			}
			if !tc.right {
				if _, err := p.Admin.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}); err != nil {
					t.Fatal(err)
				}
				if _, err := p.Admin.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, SetAsDefault: true, PolicyDocument: aws.String(wrong)}); err != nil {
					t.Fatal(err)
				}
			}
			r, _ := p.mighty()
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			if res := r.Handle(ctx, p.intruderEvents()[0]); res.Action != respond.Contained || res.Err != nil {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
				t.Errorf("he may still: %v", err)
			}
			keep := p.incident("deny-policy-" + p.Account)
			if got := strings.TrimPrefix(done(keep), "CreatePolicy "); got != tc.calls {
				t.Errorf("repaired by %s, want %s", got, tc.calls)
			}
		})
	}
}

// The budget counts callers who were contained. Above it IAM is denied all the
// same; what is more waits for a person.
func TestBudget(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{Budget: 2, UndoActions: true, Level: guard.DenyAll}})
	ctx := t.Context()
	r, _ := p.mighty()
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var results []respond.Result
	for _, name := range []string{"one", "two", "three"} {
		u, err := p.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // what fails or comes twice costs nothing
			failed := createUserEvent(t, p.Account, u.User)
			failed.ID, failed.ErrorCode = "f0000000-0000-4000-8000-00000000000"+string(name[0]), "AccessDenied"
			if res := r.Handle(ctx, failed); res.Action != respond.Alerted {
				t.Errorf("a failed call: %s %v", res.Action, res.Err)
			}
		}
		e := createUserEvent(t, p.Account, u.User)
		e.ID = "e0000000-0000-4000-8000-00000000000" + string(name[0])
		e.Time = time.Now().UTC().Truncate(time.Second)
		results = append(results, r.Handle(ctx, e))
		r.Handle(ctx, e)
	}
	for i, res := range results {
		want := "DENY-ALL"
		if i == 2 {
			want = "DENY-IAM"
		}
		if got := p.attached(res.Actor.Name); res.Action != respond.Contained || !slices.Contains(got, want) || len(got) != 1 {
			t.Errorf("%s: %s %v, has %v, want %s", res.Actor.Name, res.Action, res.Err, got, want)
		}
		if waits := len(res.Proposed) > 0; waits != (i == 2) {
			t.Errorf("%s: proposed %v", res.Actor.Name, res.Proposed)
		}
	}
	proposals, err := p.Ledger.Proposals(ctx)
	if err != nil || len(proposals) == 0 || !strings.Contains(proposals[0].Why, "more than 2 callers") {
		t.Errorf("%+v %v", proposals, err)
	}
}
