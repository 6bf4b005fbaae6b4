package respond_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change/apply"
	"warden/guard"
	"warden/internal/stage"
)

// A containment that somebody takes away is put back; from the second time on
// people are told; what a person gave back stays given back.
func TestRecheck(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
	ctx := t.Context()
	if err := p.createUser(p.intruder, "made"); err != nil {
		t.Fatal(err)
	}
	incident := p.r.Handle(ctx, p.intruderEvents()[0]).Incident
	again, err := p.r.Recheck(ctx, incident)
	if err != nil || len(again.Stripped) != 0 {
		t.Fatalf("nothing was taken away: %+v %v", again, err)
	}
	strip := func(user string) {
		t.Helper()
		if _, err := p.Admin.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{
			UserName: aws.String(user), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
			t.Fatal(err)
		}
	}
	for times, user := range []string{p.Truth.Intruder, "made", p.Truth.Intruder} {
		strip(user)
		again, err := p.r.Recheck(ctx, incident)
		if err != nil || len(again.Stripped) != 1 || again.Times != times+1 || !again.Restored {
			t.Errorf("%s, time %d: %+v %v", user, times+1, again, err)
		}
		if !slices.Contains(p.attached(user), guard.DefaultDenyPolicy) {
			t.Errorf("%s has %v", user, p.attached(user))
		}
	}
	told := 0
	for _, n := range p.Twin.Published() {
		if strings.Contains(n.Subject, "is being taken away") {
			told++
		}
	}
	if told != 2 {
		t.Errorf("people were told %d times of the second and third time", told)
	}
	in, err := p.Ledger.Incident(ctx, incident)
	if err != nil || in.Status != "configured" {
		t.Errorf("status %q %v", in.Status, err)
	}

	undo, err := p.person().UndoPlan(ctx, incident, "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if rep, err := p.person().Undo(ctx, undo); err != nil || !rep.OK() {
		t.Fatalf("%v %v", err, rep.Problems())
	}
	if again, err := p.r.Recheck(ctx, incident); err != nil || len(again.Stripped) != 0 {
		t.Errorf("after undo: %+v %v", again, err)
	}
	for _, user := range []string{p.Truth.Intruder, "made"} {
		if slices.Contains(p.attached(user), guard.DefaultDenyPolicy) {
			t.Errorf("after undo %s has %v", user, p.attached(user))
		}
	}
}

// An identity that is gone needs no containment.
func TestRecheckOfADeletedUser(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	if _, err := p.Admin.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("leaver")}); err != nil {
		t.Fatal(err)
	}
	u, err := p.Admin.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("leaver")})
	if err != nil {
		t.Fatal(err)
	}
	res := p.r.Handle(ctx, createUserEvent(t, p.Account, u.User))
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if _, err := p.Admin.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("leaver"), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Admin.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("leaver")}); err != nil {
		t.Fatal(err)
	}
	if again, err := p.r.Recheck(ctx, res.Incident); err != nil || len(again.Stripped) != 0 {
		t.Errorf("%+v %v", again, err)
	}
}
