package respond_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change/apply"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// Somebody is denied by two incidents: his own, and that of who made him. To
// give one back leaves him denied by the other, in either order; when both are
// given back he is as he was, and stays so when the guard looks again.
func TestUndoOfOneOfTwo(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		name := map[bool]string{false: "the maker's first", true: "his own first"}[own]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
			r, person := p.mighty()
			ctx := t.Context()
			p.must(p.createUser(p.intruder, "second"))
			_, err := p.Admin.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("second"), PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
			p.must(err)
			_, second := p.key(p.Admin, "second")
			p.must(p.createUser(second, "third"))
			var incidents []string
			for _, e := range p.lookup() {
				if by := e.Actor().Name; e.Name == "CreateUser" && (by == p.Truth.Intruder || by == "second") {
					res := r.Handle(ctx, e)
					if res.Action != respond.Contained || res.Err != nil {
						t.Fatalf("%s: %s %v", by, res.Action, res.Err)
					}
					incidents = append(incidents, res.Incident)
				}
			}
			if own {
				slices.Reverse(incidents)
			}
			undo, err := person.UndoPlan(ctx, incidents[0], "", apply.UndoOptions{})
			if err != nil || len(undo.Stays) != 1 || !strings.Contains(undo.Stays[0], "because incident "+incidents[1]+" wants it so too") {
				t.Errorf("stays %v, %v", undo.Stays, err)
			}
			p.giveBack(person, incidents[0])
			if !slices.Contains(p.attached("second"), "DENY-IAM") {
				t.Error("the undo of one lifted the containment of the other")
			}
			again := func() {
				t.Helper()
				for _, in := range incidents {
					if re, err := r.Recheck(ctx, in); err != nil || len(re.Stripped) != 0 {
						t.Errorf("looked again at %s: %v %v", in, re.Stripped, err)
					}
				}
			}
			again()
			p.giveBack(person, incidents[1])
			again()
			for _, in := range incidents {
				if st, err := p.Ledger.Incident(ctx, in); err != nil || respond.Standing(st) != "given back" {
					t.Errorf("%s stands %s, %v", in, respond.Standing(st), err)
				}
				p.giveBack(person, in) // and has nothing more to do
			}
			for user, want := range map[string]string{"second": "IAMFullAccess", "third": "", p.Truth.Intruder: "IAMFullAccess"} {
				if got := strings.Join(p.attached(user), " "); got != want {
					t.Errorf("%s has %q, want %q", user, got, want)
				}
			}
			// The same events come again, and a new one.
			for _, e := range p.lookup() {
				if e.Name == "CreateUser" && e.Actor().Name == "second" && !e.Failed() {
					old := *e
					old.Time = e.Time.Add(-time.Minute) // CloudTrail's times have seconds only
					if res := r.Handle(ctx, &old); res.Action != respond.Joined {
						t.Errorf("an old event: %s %v", res.Action, res.Err)
					}
				}
			}
			p.must(p.createUser(second, "fourth"))
			events := p.lookup()
			e := events[slices.IndexFunc(events, func(e *trail.Event) bool { return e.RequestString("userName") == "fourth" })]
			if res := r.Handle(ctx, e); res.Action != respond.Contained || !slices.Contains(p.attached("second"), "DENY-IAM") {
				t.Errorf("a new event: %s %v", res.Action, res.Err)
			}
			p.giveBack(person, guard.IncidentOf(p.Account, e.Actor()))
			if got := strings.Join(p.attached("second"), " "); got != "IAMFullAccess" {
				t.Errorf("after the second undo he has %q", got)
			}
		})
	}
}

// Who was denied IAM by a person's hand before he was contained keeps that when
// the incident is given back, and whoever takes it off then is not taken for
// somebody who fights the containment.
func TestUndoOfWhatWasThere(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	r, person := p.mighty()
	ctx := t.Context()
	p.must(p.createUser(p.intruder, "door"))
	deny := aws.String("arn:aws:iam::" + p.Account + ":policy/DENY-IAM")
	_, err := p.Admin.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &p.Truth.Intruder, PolicyArn: deny})
	p.must(err)
	res := r.Handle(ctx, p.intruderEvents()[0])
	if res.Action != respond.Contained || res.Err != nil {
		t.Fatalf("%s %v", res.Action, res.Err)
	}
	undo, err := person.UndoPlan(ctx, res.Incident, "", apply.UndoOptions{})
	if err != nil || len(undo.Plan.Steps) != 0 || len(undo.Stays) != 1 || !strings.HasSuffix(undo.Stays[0], "it was so before, and stays") {
		t.Errorf("%+v %v", undo, err)
	}
	p.giveBack(person, res.Incident)
	if !slices.Contains(p.attached(p.Truth.Intruder), "DENY-IAM") {
		t.Error("the undo took what was there before")
	}
	_, err = p.Admin.IAM.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &p.Truth.Intruder, PolicyArn: deny})
	p.must(err)
	if again, err := r.Recheck(ctx, res.Incident); err != nil || len(again.Stripped) != 0 {
		t.Errorf("looked again: %v %v", again.Stripped, err)
	}
	if st, err := p.Ledger.Incident(ctx, res.Incident); err != nil || respond.Standing(st) != "given back" {
		t.Errorf("it stands %s, %v", respond.Standing(st), err)
	}
}
