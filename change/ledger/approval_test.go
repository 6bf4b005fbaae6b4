package ledger_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"warden/change"
	"warden/change/ledger"
)

const (
	approverARN = "arn:aws:iam::123456789012:user/alice"
	backdoorARN = "arn:aws:iam::123456789012:user/backdoor"
)

var alice = ledger.Approval{By: approverARN, ByID: "AIDAALICE"}

// proposes opens an incident of deploy's with one proposal: to detach a
// policy from the user whom he made.
func proposes(t *testing.T) (*writer, change.Plan) {
	t.Helper()
	w := newWriter(t)
	w.do(w.OpenIncident(t.Context(), "inc", ledger.Opening{Account: "123456789012", Caller: userARN, CallerID: "AIDADEPLOY", Title: "t"}))
	p := plan(t, "inc", 3, false, change.Detach(change.Identity{ARN: backdoorARN, ID: "AIDABACKDOOR"}, "arn:aws:iam::aws:policy/AdministratorAccess"))
	if !w.do(w.Propose(t.Context(), p, "over budget")) {
		t.Fatal("the first proposal was there before")
	}
	p, err := ledger.ProposedPlan(p)
	if err != nil {
		t.Fatal(err)
	}
	return w, p
}

func TestProposalWaits(t *testing.T) {
	t.Parallel()
	w, p := proposes(t)
	ctx := t.Context()
	if w.do(w.Propose(ctx, p, "again")) {
		t.Error("the same plan was proposed twice")
	}
	in := w.status("inc", ledger.StatusOpen)
	if len(in.Proposals) != 1 || in.Proposals[0].Plan.ID != p.ID || in.Proposals[0].Why != "over budget" || in.NextRound() != 1 {
		t.Errorf("%+v, next round %d", in.Proposals, in.NextRound())
	}
	got, err := w.Proposal(ctx, p.ID[:8])
	if err != nil || !got.Waiting(w.at) || got.Expires.Sub(got.At).Round(time.Minute) != ledger.ProposalLife {
		t.Errorf("%v: %+v", err, got)
	}
	for _, prefix := range []string{"", "nothing"} {
		if _, err := w.Proposal(ctx, prefix); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("Proposal(%q): %v", prefix, err)
		}
	}
	if _, err := w.Approve(ctx, p.ID[:8], alice); refusal(err) == "" {
		t.Errorf("the beginning of an id was approved: %v", err)
	}
	if !w.do(w.Approve(ctx, p.ID, alice)) {
		t.Fatal("not approved")
	}
	bob := ledger.Approval{By: "arn:aws:sts::123456789012:assumed-role/Ops/bob", ByID: "AROAOPS:bob"}
	if w.do(w.Approve(ctx, p.ID, bob)) || w.do(w.Decline(ctx, p.ID, bob)) || w.do(w.Propose(ctx, p, "again")) {
		t.Error("a plan was decided about twice")
	}
	got, err = w.Proposal(ctx, p.ID)
	if err != nil || got.Approved == nil || got.Approved.By != approverARN || got.Declined != nil || got.Waiting(w.at) {
		t.Errorf("%v: %+v", err, got)
	}
}

func TestProposalExpires(t *testing.T) {
	t.Parallel()
	w, p := proposes(t)
	ctx := t.Context()
	w.at = w.at.Add(ledger.ProposalLife)
	if _, err := w.Approve(ctx, p.ID, alice); !strings.Contains(refusal(err), "expired") {
		t.Errorf("an expired proposal: %v", err)
	}
	if !w.do(w.Propose(ctx, p, "still over budget")) {
		t.Fatal("an expired proposal cannot be made anew")
	}
	if !w.do(w.Decline(ctx, p.ID, alice)) {
		t.Fatal("not declined")
	}
	w.at = w.at.Add(2 * ledger.ProposalLife)
	if w.do(w.Propose(ctx, p, "again")) {
		t.Error("a declined plan was proposed again")
	}
	in := w.status("inc", ledger.StatusOpen)
	if len(in.Proposals) != 1 || in.Proposals[0].Declined == nil || in.Proposals[0].Why != "still over budget" {
		t.Errorf("%+v", in.Proposals)
	}
}

func TestWhoMayApprove(t *testing.T) {
	t.Parallel()
	const session = "arn:aws:sts::123456789012:assumed-role/Deploy/ci-"
	for _, tt := range []struct {
		name       string
		a          ledger.Approval
		caller, id string
		refused    string
	}{
		{name: "another user", a: alice},
		{name: "another role", a: ledger.Approval{By: session + "1", ByID: "AROADEPLOY:ci-1"}},
		{name: "the subject", a: ledger.Approval{By: userARN, ByID: "AIDADEPLOY"}, refused: "is the one"},
		{name: "the subject, renamed", a: ledger.Approval{By: approverARN, ByID: "AIDADEPLOY"}, refused: "is the one"},
		{name: "the subject's name, made anew", a: ledger.Approval{By: strings.ToUpper(userARN[:31]) + "DEPLOY", ByID: "AIDANEW"}, refused: "ARN"},
		{name: "the subject's name in another case", a: ledger.Approval{By: "arn:aws:iam::123456789012:user/path/DEPLOY", ByID: "AIDANEW"}, refused: "is the one"},
		{name: "the same name in another account", a: ledger.Approval{By: "arn:aws:iam::210987654321:user/deploy", ByID: "AIDANEW"}},
		{name: "whom the plan changes", a: ledger.Approval{By: backdoorARN, ByID: "AIDABACKDOOR"}, refused: "changes"},
		{name: "nobody", a: ledger.Approval{}, refused: "unique id"},
		{name: "no unique id", a: ledger.Approval{By: approverARN}, refused: "unique id"},
		{name: "a federated session", a: ledger.Approval{By: "arn:aws:sts::123456789012:federated-user/x", ByID: "123456789012:x"}, refused: "federated"},
		{name: "a session of the subject's role", caller: session + "1", id: "AROADEPLOY", a: ledger.Approval{By: session + "2", ByID: "AROADEPLOY:ci-2"}, refused: "is the one"},
		{name: "a role of the same name, made anew", caller: session + "1", id: "AROADEPLOY", a: ledger.Approval{By: session + "2", ByID: "AROANEW:ci-2"}, refused: "is the one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, p := proposes(t)
			if tt.caller != "" {
				w.do(w.OpenIncident(t.Context(), "inc2", ledger.Opening{Account: "123456789012", Caller: tt.caller, CallerID: tt.id, Title: "t"}))
				p = plan(t, "inc2", 1, false, p.Steps[0])
				w.do(w.Propose(t.Context(), p, ""))
			}
			for _, decide := range []func() (bool, error){
				func() (bool, error) { return w.Decline(t.Context(), p.ID, tt.a) },
				func() (bool, error) { return w.Approve(t.Context(), p.ID, tt.a) },
			} {
				_, err := decide()
				if got := refusal(err); (got == "") != (tt.refused == "") || !strings.Contains(got, tt.refused) {
					t.Errorf("got %q (%v), want %q", got, err, tt.refused)
				}
			}
		})
	}
}

// Who is contained decides about nothing, until he is given back.
func TestContainedMayNotApprove(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, p := proposes(t)
	w.do(w.OpenIncident(ctx, "other", ledger.Opening{Account: "123456789012", Caller: approverARN, CallerID: "AIDAALICE", Title: "t"}))
	c := plan(t, "other", 1, false, change.Attach(change.Identity{ARN: approverARN, ID: "AIDAALICE"}, denyARN))
	w.plan(c)
	w.intend(c, 0, 1)
	w.end(c, 0, 1, ledger.Done)
	if _, err := w.Approve(ctx, p.ID, alice); !strings.Contains(refusal(err), "is contained in incident other") {
		t.Fatalf("a contained approver: %v", err)
	}
	s := c.Steps[0]
	back := change.Transition(s.Setting, s.TargetID, s.After, s.Before)
	back.Undoes = []string{s.ID}
	u := plan(t, "other", 2, true, back)
	w.plan(u)
	w.intend(u, 0, 1)
	w.end(u, 0, 1, ledger.Done)
	if !w.do(w.Approve(ctx, p.ID, alice)) {
		t.Error("after the undo she may not approve")
	}
}

// A task's token lets a workflow go on: it is kept, and never shown.
func TestTaskToken(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, p := proposes(t)
	for range 2 {
		if err := w.AwaitTask(ctx, p.ID, "secret-token"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.Proposal(ctx, p.ID)
	if err != nil || len(got.TaskTokens) != 1 || got.TaskTokens[0] != "secret-token" {
		t.Fatalf("%v: %+v", err, got)
	}
	shown, err := json.Marshal(w.status("inc", ledger.StatusOpen))
	if err != nil || strings.Contains(string(shown), "secret-token") {
		t.Errorf("%v: %s", err, shown)
	}
}

func refusal(err error) string {
	var r *ledger.RefusedError
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
