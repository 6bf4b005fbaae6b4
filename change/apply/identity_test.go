package apply_test

import (
	"slices"
	"strings"
	"testing"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
)

// identities is a plan with a step for every setting that says who may become
// an identity.
func identities(t testing.TB) change.Plan {
	oidc, err := change.OIDC{URL: "old.example/path", Clients: []string{"me"}, Thumbprints: []string{"aa"}}.Text()
	if err != nil {
		t.Fatal(err)
	}
	return plan(t, 1,
		change.PutTrust(app, oldDoc, denyDoc),
		change.RemoveMember(ci, "dev"),
		change.AddMember(ci, "ops"),
		change.DeletePassword(ci, madeAt),
		change.Deactivate(change.SSHKey, ci, sshID),
		change.Deactivate(change.Certificate, ci, certID),
		change.Deactivate(change.ServiceCredential, ci, credID),
		change.LeaveProfile(app, "web"),
		change.PutInline(dev, "p", change.Absent, denyDoc),
		change.RemoveOIDCClient(oidcARN, "you"),
		change.DeleteProvider(change.OIDCProvider, oldIDP, oidc),
		change.DeleteProvider(change.SAMLProvider, samlARN, "<EntityDescriptor/>"),
	)
}

func TestIdentitiesAndBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.state()
	p := identities(t)
	done := strings.TrimSpace(strings.Repeat("done ", len(p.Steps)))
	run(t, b, p, done)
	if len(b.w.Effects) != len(p.Steps) {
		t.Errorf("effects %q", b.w.Effects)
	}
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err != nil || len(u.Left) != 1 || !strings.Contains(u.Left[0], "console password") {
		t.Fatalf("left %q, %v", u.Left, err)
	}
	r, err := b.apply.Undo(t.Context(), u)
	if err != nil || !r.OK() || len(r.Steps) != len(p.Steps)-1 {
		t.Fatalf("%v: %s", err, statuses(r))
	}
	// The password alone does not come back.
	b.w.Identities["user deploy"].Password = madeAt
	sameState(t, b, before)
}

// What is not as the plan expects is left alone: another password, and other
// providers of the same name.
func TestIdentitiesChangedSince(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.w.Identities["user deploy"].Password = "2026-11-23T09:59:00Z"
	b.w.Identities["role app"].Trust = denyDoc
	b.w.Identities["user deploy"].Groups = []string{"DEV"}
	b.w.SAML[samlARN] = "<Other/>"
	delete(b.w.OIDC, oidcARN)
	delete(b.w.OIDC, oldIDP)
	r := run(t, b, identities(t), "already done done changed done done done done done changed already changed")
	if slices.Contains(b.w.Effects, "DeleteSAMLProvider "+samlARN) || r.OK() {
		t.Errorf("effects %q", b.w.Effects)
	}
	delete(b.w.Identities, "user deploy")
	r, err := b.apply.Run(t.Context(), plan(t, 2, change.DeletePassword(ci, madeAt), change.Deactivate(change.SSHKey, change.Identity{ARN: ciARN}, sshID)))
	if err != nil || statuses(r) != "changed changed" {
		t.Errorf("a user who is gone: %s, %v", statuses(r), err)
	}
	for _, s := range r.Steps {
		if s.Outcome.Status != ledger.Changed || !strings.Contains(s.Outcome.Error, "no longer exists") {
			t.Errorf("%s: %+v", s.Step, s.Outcome)
		}
	}
}

// Giving back a membership shows what the group grants, and giving back
// trust or a key what is not asked.
func TestMembershipGrantsAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	allow := `{"Version":"2012-10-17","Statement":[{"Sid":"Users","Effect":"Allow","Action":"iam:CreateUser","Resource":"*"}]}`
	b.w.Policies[teamP].Versions["v2"] = allow
	b.w.Identities["user deploy"].Attached, b.w.Identities["user deploy"].Boundary = nil, ""
	b.w.Identities["group dev"].Attached = []string{teamP}
	run(t, b, plan(t, 1, change.RemoveMember(ci, "dev"), change.PutTrust(app, oldDoc, denyDoc), change.Deactivate(change.SSHKey, ci, sshID)), "done done done")
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := apply.GrantedAgain(t.Context(), holdingsFake{b.fake}, u.Plan)
	if len(got.Gains) == 0 || got.Gains[0].Action != "iam:CreateUser" || got.Gains[0].Identity != ciARN {
		t.Errorf("gains %+v", got.Gains)
	}
	if len(got.Keys) != 1 || len(got.Unknown) != 1 || !strings.Contains(got.Unknown[0], "trust policy") {
		t.Errorf("keys %q, unknown %q", got.Keys, got.Unknown)
	}
	back := plan(t, 2, change.RemoveMember(ci, "dev"))
	undo(t, b, "", false)
	if lost := apply.GrantedAgain(t.Context(), holdingsFake{b.fake}, back); len(lost.Gains)+len(lost.Unknown) != 0 {
		t.Errorf("leaving the group grants %+v", lost)
	}
}
