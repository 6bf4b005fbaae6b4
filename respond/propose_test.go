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

	"warden/change/ledger"
	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
)

// asked is a play in which the intruder made a key, and a person is asked
// whether it may be made inactive.
func asked(t *testing.T) (*play, ledger.Proposal) {
	t.Helper()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}}, func(o *respond.Options) { o.AskFirst = true })
	if _, err := p.intruder.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{}); err != nil {
		t.Fatal(err)
	}
	got := of(p.drain(), p.Truth.Intruder, "CreateAccessKey")
	if len(got) != 1 || got[0].Action != respond.Contained || len(got[0].Proposed) != 1 || len(got[0].Taken) != 0 {
		t.Fatalf("%+v", got)
	}
	all, err := p.Ledger.Proposals(t.Context())
	if err != nil || len(all) != 1 || all[0].Plan.ID != got[0].Proposed[0] {
		t.Fatalf("%v: %+v", err, all)
	}
	return p, all[0]
}

// approve lets the administrator approve, under his own credentials.
func (p *play) approve(a ledger.Proposal) {
	p.t.Helper()
	_, arn, id, err := p.Admin.Caller(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	if ok, err := p.Ledger.Approve(p.t.Context(), a.Plan.ID, ledger.Approval{By: arn, ByID: id, Reason: "ticket 7"}); !ok || err != nil {
		p.t.Fatal(ok, err)
	}
}

// activeKeys counts the intruder's.
func (p *play) activeKeys() (n int) {
	p.t.Helper()
	out, err := p.Admin.IAM.ListAccessKeys(p.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(p.Truth.Intruder)})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range out.AccessKeyMetadata {
		if k.Status == "Active" {
			n++
		}
	}
	return n
}

// What takes back waits for a person, runs once when he approved, whoever
// runs it, and can be undone.
func TestApprovedRunsOnce(t *testing.T) {
	t.Parallel()
	p, a := asked(t)
	keys := p.activeKeys()
	var refused *ledger.RefusedError
	if _, err := p.r.RunApproved(t.Context(), a.Plan.ID); !errors.As(err, &refused) || p.activeKeys() != keys {
		t.Fatalf("it ran without approval: %v", err)
	}
	told := p.Twin.Published()
	if n := len(told); n != 2 || !strings.Contains(told[0].Message, "warden approve "+a.Plan.ID[:12]) && !strings.Contains(told[1].Message, "warden approve "+a.Plan.ID[:12]) {
		t.Errorf("%d notifications: %+v", n, told)
	}
	p.approve(a)
	var all sync.WaitGroup
	for range 8 {
		r := p.responder()
		all.Go(func() {
			for { // a worker that finds another at it comes again
				if _, err := r.RunWaiting(t.Context()); err == nil || !strings.Contains(err.Error(), "another worker") {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	all.Wait()
	if got := p.activeKeys(); got != keys-1 {
		t.Errorf("%d keys of %d are active", got, keys)
	}
	in, err := p.Ledger.Incident(t.Context(), a.Plan.Incident)
	if err != nil || len(in.Plans) != 2 {
		t.Fatalf("%v: %d plans, want the containment and the approved one", err, len(in.Plans))
	}
	carried := 0
	for _, m := range p.Twin.Published() {
		if strings.Contains(m.Subject+m.Message, "carried out") {
			carried++
			if !strings.Contains(m.Message, "ticket 7") {
				t.Errorf("who approved, and why, is not told: %s", m.Message)
			}
		}
	}
	if carried != 1 {
		t.Errorf("told %d times", carried)
	}
}

// What a person declined, or approved too late, or what is about the
// approver himself, does not run.
func TestNotApproved(t *testing.T) {
	t.Parallel()
	p, a := asked(t)
	_, arn, id, err := p.intruder.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var refused *ledger.RefusedError
	if _, err := p.Ledger.Approve(t.Context(), a.Plan.ID, ledger.Approval{By: arn, ByID: id}); !errors.As(err, &refused) {
		t.Errorf("the intruder approved: %v", err)
	}
	if ok, err := p.Ledger.Decline(t.Context(), a.Plan.ID, ledger.Approval{By: p.Truth.AdminRole, ByID: "AROAX:a"}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, err := p.r.RunApproved(t.Context(), a.Plan.ID); !errors.As(err, &refused) || !strings.Contains(err.Error(), "declined") {
		t.Errorf("a declined plan: %v", err)
	}
	if reports, err := p.r.RunWaiting(t.Context()); len(reports) != 0 || err != nil {
		t.Errorf("%v: %+v", err, reports)
	}
}

// An approval that somebody else's ledger let through too late is refused
// when it is to run, and so is one of a subject that became protected.
func TestApprovalIsCheckedAgain(t *testing.T) {
	t.Parallel()
	p, a := asked(t)
	p.approve(a)
	r := p.responder(func(o *respond.Options) { o.Guard.Protected = []string{a.Plan.Steps[0].Target} })
	if _, err := r.RunApproved(t.Context(), a.Plan.ID); err == nil || !strings.Contains(err.Error(), "protected") {
		t.Errorf("a protected target: %v", err)
	}
	later := ledger.New(&ledger.Memory{}, nil)
	if _, err := later.OpenIncident(t.Context(), a.Plan.Incident, ledger.Opening{Account: p.Account, Caller: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := later.ProposeFor(t.Context(), a.Plan, "", time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	r = p.responder(func(o *respond.Options) { o.Ledger = later })
	if _, err := r.RunApproved(t.Context(), a.Plan.ID); err == nil || !strings.Contains(err.Error(), "nobody approved") {
		t.Errorf("an expired proposal: %v", err)
	}
}

// votes are what people left beside the ledger.
type votes []ledger.Vote

func (v votes) Votes(context.Context) ([]ledger.Vote, error) { return v, nil }

// A vote counts under the unique id that AWS bound it to, and no other.
func TestVotes(t *testing.T) {
	t.Parallel()
	p, a := asked(t)
	_, arn, id, err := p.Admin.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, intruderARN, intruderID, err := p.intruder.Caller(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	vote := func(by, id string) ledger.Vote {
		return ledger.Vote{Approval: ledger.Approval{Plan: a.Plan.ID, By: by, ByID: id}}
	}
	var refused *ledger.RefusedError
	for name, v := range map[string]ledger.Vote{
		"the subject":                    vote(intruderARN, intruderID),
		"the subject under another ARN":  vote(arn, intruderID),
		"another id under the admin ARN": vote(arn, "AIDAOTHER"),
		"nobody":                         vote("arn:aws:iam::"+p.Account+":user/nobody", "AIDANOBODY"),
		"a role that is not":             vote("arn:aws:sts::"+p.Account+":assumed-role/none/x", "AROANONE:x"),
	} {
		r := p.responder(func(o *respond.Options) { o.Votes = votes{v, {Approval: ledger.Approval{Plan: "none"}}} })
		if _, err := r.RunApproved(t.Context(), a.Plan.ID); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := p.responder(func(o *respond.Options) { o.Votes = votes{vote(intruderARN, intruderID), vote(arn, id)} })
	if reports, err := r.RunWaiting(t.Context()); err != nil || len(reports) != 1 || !reports[0].OK() {
		t.Errorf("%v: %+v", err, reports)
	}
}
