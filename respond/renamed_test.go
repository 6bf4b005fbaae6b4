package respond_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change/apply"
	"warden/internal/stage"
	"warden/respond"
)

// A contained user who has another name since is held under it, also where
// another user has his former name by now, and undo finds him: the policy is
// his, whatever he is called.
func TestRenamedAfterContainment(t *testing.T) {
	t.Parallel()
	for name, impostor := range map[string]bool{"renamed": false, "and another has his name": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{})
			r, person := p.mighty()
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			before := p.attached(p.Truth.Intruder)
			res := r.Handle(t.Context(), p.intruderEvents()[0])
			if res.Action != respond.Contained {
				t.Fatalf("%s %v", res.Action, res.Err)
			}
			rename := func(from, to, path string) {
				t.Helper()
				if _, err := p.Admin.IAM.UpdateUser(t.Context(), &iam.UpdateUserInput{UserName: aws.String(from), NewUserName: aws.String(to), NewPath: aws.String(path)}); err != nil {
					t.Fatal(err)
				}
			}
			rename(p.Truth.Intruder, "innocent", "/elsewhere/")
			if impostor {
				if err := p.createUser(p.Admin, p.Truth.Intruder); err != nil {
					t.Fatal(err)
				}
			}
			if again, err := r.Recheck(t.Context(), res.Incident); err != nil || len(again.Stripped) != 0 {
				t.Fatalf("%+v %v", again, err)
			}
			strip := &iam.DetachUserPolicyInput{UserName: aws.String("innocent"), PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")}
			for times := 1; times <= 2; times++ {
				if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), strip); err != nil {
					t.Fatal(err)
				}
				if again, err := r.Recheck(t.Context(), res.Incident); err != nil || !again.Restored || len(again.Stripped) != 1 || again.Times != times {
					t.Fatalf("%+v %v", again, err)
				}
			}
			if err := p.createUser(p.intruder, "y"); code(err) != "AccessDenied" {
				t.Errorf("he may still: %v", err)
			}
			rename("innocent", "third", "/")
			p.giveBack(person, res.Incident)
			if after := p.attached("third"); len(after) != len(before) {
				t.Errorf("after undo %v, was %v", after, before)
			}
			if undo, err := person.UndoPlan(t.Context(), res.Incident, "", apply.UndoOptions{}); err != nil || len(undo.Plan.Steps) != 0 || len(undo.Left) != 0 {
				t.Errorf("a second undo: %+v %v", undo, err)
			}
			if impostor && len(p.attached(p.Truth.Intruder)) != 0 {
				t.Errorf("the other got %v", p.attached(p.Truth.Intruder))
			}
		})
	}
}
