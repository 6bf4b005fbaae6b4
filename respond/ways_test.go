package respond_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change/apply"
	"warden/change/ledger"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// fillManaged attaches policies to the intruder until no more fit.
func (p *play) fillManaged() {
	p.t.Helper()
	for i := range 12 {
		made, err := p.Admin.IAM.CreatePolicy(p.t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprintf("filler-%d", i)),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)})
		if err != nil {
			p.t.Fatal(err)
		}
		_, err = p.Admin.IAM.AttachUserPolicy(p.t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(p.Truth.Intruder), PolicyArn: made.Policy.Arn})
		if code(err) == "LimitExceeded" {
			return
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	p.t.Fatal("the quota of attached policies was never full")
}

// fillInline gives the intruder an inline policy that leaves no room.
func (p *play) fillInline() {
	p.t.Helper()
	room := 2048 - 200
	for ; room > 0; room -= 10 {
		document := `{"Version":"2012-10-17","Statement":[{"Sid":"` + strings.Repeat("x", room) + `","Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
		_, err := p.Admin.IAM.PutUserPolicy(p.t.Context(), &iam.PutUserPolicyInput{UserName: aws.String(p.Truth.Intruder), PolicyName: aws.String("filler"), PolicyDocument: aws.String(document)})
		if err == nil {
			return
		}
	}
	p.t.Fatal("no inline policy fits")
}

// Whatever quota the intruder fills, he is contained, and undo restores
// exactly what was.
func TestFullQuotas(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		fill      func(p *play)
		responder bool // the guard has a role that may do all of it
		action    respond.Action
		status    string
		step      string
	}{
		{"room for the managed policy", func(*play) {}, true, respond.Contained, ledger.StatusConfigured, "AttachUserPolicy"},
		{"managed full", (*play).fillManaged, true, respond.Contained, ledger.StatusConfigured, "PutUserPolicy"},
		{"managed and inline full", func(p *play) { p.fillManaged(); p.fillInline() }, true, respond.Contained, ledger.StatusConfigured, "PutUserPermissionsBoundary"},
		{"nothing but keys", (*play).fillManaged, false, respond.PartlyContained, ledger.StatusPartly, "UpdateAccessKey"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := newLeastPlay(t, stage.Options{})
			person := p.person()
			r := p.responder(func(o *respond.Options) {
				o.Lookup = respond.Live{Identities: o.Lookup.(respond.Live).Identities, Reader: p.Admin.IAM}
				if tc.responder {
					o.Applier = person
				}
			})
			tc.fill(p)
			before := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder)
			if err := p.createUser(p.intruder, "x"); err != nil {
				t.Fatal(err)
			}
			e := p.intruderEvents()[0]
			res := r.Handle(t.Context(), e)
			if res.Action != tc.action || res.Err != nil || res.Retry {
				t.Fatalf("%s retry=%t %v", res.Action, res.Retry, res.Err)
			}
			if again := r.Handle(t.Context(), e); again.Err != nil || again.Retry {
				t.Errorf("the second delivery: %s retry=%t %v", again.Action, again.Retry, again.Err)
			}
			want := "AccessDenied"
			if tc.action == respond.PartlyContained {
				want = "InvalidClientTokenId"
			}
			if err := p.createUser(p.intruder, "y"); code(err) != want {
				t.Errorf("he may still: %v", err)
			}
			in, err := p.Ledger.Incident(t.Context(), res.Incident)
			if err != nil {
				t.Fatal(err)
			}
			if in.Status != tc.status {
				t.Errorf("status %q, want %q", in.Status, tc.status)
			}
			var done []string
			for _, s := range in.Steps {
				if s.Ended() {
					done = append(done, string(s.Step.Action))
				}
			}
			if strings.Join(done, " ") != tc.step {
				t.Errorf("done %v, want %s", done, tc.step)
			}
			if n := p.Twin.Published(); len(n) != 1 {
				t.Errorf("%d notifications", len(n))
			}
			undo, err := person.UndoPlan(t.Context(), res.Incident, "", apply.UndoOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if rep, err := person.Undo(t.Context(), undo); err != nil || !rep.OK() {
				t.Fatalf("%v %v", err, rep.Problems())
			}
			if len(undo.Plan.Steps) != 1 {
				t.Errorf("undo gives back what was never done: %v", undo.Plan.Steps)
			}
			if in := p.incident(res.Incident); in.Status != ledger.StatusGivenBack {
				t.Errorf("after undo it is %s", in.Status)
			}
			if after := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder); after != before {
				t.Errorf("after undo\n%s\nwas\n%s", after, before)
			}
		})
	}
}

// What a person gave back stays given back when an old event comes again,
// though another way to contain is open by then.
func TestGivenBackWhateverTheWay(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	r, person := p.mighty()
	p.fillManaged()
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := p.intruderEvents()[0]
	e.Time = e.Time.Add(-5 * time.Second) // records have seconds
	res := r.Handle(t.Context(), e)
	if in := p.incident(res.Incident); done(in) != "PutUserPolicy" {
		t.Fatalf("%s: %s", res.Action, done(in))
	}
	p.giveBack(person, res.Incident)
	for _, name := range p.attached(p.Truth.Intruder) {
		if strings.HasPrefix(name, "filler-") {
			if _, err := p.Admin.IAM.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{UserName: aws.String(p.Truth.Intruder),
				PolicyArn: aws.String("arn:aws:iam::" + p.Account + ":policy/" + name)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder)
	late := *e
	late.ID = "00000000-0000-4000-8000-00000000000e"
	for _, again := range []*trail.Event{e, &late} {
		if res := r.Handle(t.Context(), again); res.Action != respond.Joined || res.Err != nil || res.Retry {
			t.Errorf("%s %v", res.Action, res.Err)
		}
	}
	if after := withoutUse(p.Twin.Snapshot(), p.Truth.Intruder); after != before {
		t.Errorf("now\n%s\nwas\n%s", after, before)
	}
}
