package respond_test

import (
	"strings"
	"testing"

	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// A federated session is contained by its user.
func TestFederatedSessionIsContained(t *testing.T) {
	t.Parallel()
	p, _ := cast(t, stage.Options{})
	if err := p.createUser(p.intruder, "x"); err != nil {
		t.Fatal(err)
	}
	e := *p.intruderEvents()[0]
	user := e.Actor()
	e.Identity = trail.Identity{
		Type: "FederatedUser", PrincipalID: p.Account + ":bob", ARN: "arn:aws:sts::" + p.Account + ":federated-user/bob", AccountID: p.Account,
		Session: &trail.Session{IssuerType: "IAMUser", Issuer: &trail.Issuer{ARN: user.ARN, ID: user.ID, Name: user.Name, Path: "/", Account: p.Account}},
	}
	res := p.handle(p.r, &e, guard.Contain, "federated session bob of user "+p.Truth.Intruder)
	if res.Action != respond.Contained || !strings.Contains(strings.Join(p.attached(p.Truth.Intruder), " "), guard.DefaultDenyPolicy) {
		t.Errorf("%s: %v", res.Action, p.attached(p.Truth.Intruder))
	}
	in, err := p.Ledger.Incident(t.Context(), res.Incident)
	if err != nil || in.Caller != user.ARN || in.CallerID != user.ID {
		t.Errorf("%v: incident of %s %s", err, in.Caller, in.CallerID)
	}
	own := *p.intruderEvents()[0]
	own.ID = "00000000-0000-4000-8000-00000000000e"
	if again := p.r.Handle(t.Context(), &own); again.Incident != res.Incident || again.Action != respond.Joined {
		t.Errorf("the user's own event: %s %s", again.Incident, again.Action)
	}
}
