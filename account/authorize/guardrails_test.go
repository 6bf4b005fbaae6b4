package authorize_test

import (
	"encoding/json"
	"testing"

	"warden/account"
	"warden/account/authorize"
)

// TestGuardrails: control policies above the account take away, with the
// exceptions that AWS makes.
func TestGuardrails(t *testing.T) {
	t.Parallel()
	const number, all = "111122223333", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	scp := func(text string) *account.Fact[[]account.GuardrailLevel] {
		full := account.Guardrail{ID: "p-full", Name: "FullAWSAccess", Document: json.RawMessage(all)}
		return &account.Fact[[]account.GuardrailLevel]{Value: []account.GuardrailLevel{
			{ID: "r-1", Kind: "ROOT", SCPs: []account.Guardrail{full, {ID: "p-1", Name: "guard", Document: json.RawMessage(text)}}},
			{ID: number, Kind: "ACCOUNT", SCPs: []account.Guardrail{full}},
		}}
	}
	deny := scp(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}`)
	for _, x := range []struct {
		name       string
		guardrails *account.Fact[[]account.GuardrailLevel]
		management string
		user, role authorize.State
	}{
		{"not in the snapshot", nil, "", authorize.Allowed, authorize.Allowed},
		{"an SCP denies", deny, "999988887777", authorize.Denied, authorize.Allowed},
		{"in the management account", deny, number, authorize.Allowed, authorize.Allowed},
		{"an SCP denies on a condition", scp(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}}`), "", authorize.Depends, authorize.Allowed},
		{"an SCP that cannot be read", scp(`7`), "", authorize.Unknown, authorize.Unknown},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			inline := []account.InlinePolicy{{Name: "all", Document: json.RawMessage(all)}}
			s := &account.Snapshot{Version: 1, Account: number, Partition: "aws",
				Users: []account.User{{Path: "/", Name: "ana", ID: "AIDA1", ARN: "arn:aws:iam::" + number + ":user/ana", Inline: inline}},
				Roles: []account.Role{{Path: "/aws-service-role/x.amazonaws.com/", Name: "linked", ID: "AROA1", ARN: "arn:aws:iam::" + number + ":role/aws-service-role/x.amazonaws.com/linked", Inline: inline}}}
			s.Guardrails = x.guardrails
			if x.management != "" {
				s.Organization = &account.Fact[account.Organization]{Value: account.Organization{ID: "o-1", ManagementAccount: x.management}}
			}
			a := authorize.New(s)
			r := authorize.Request{Action: "iam:CreateUser", Resource: "arn:aws:iam::" + number + ":user/new"}
			for i, want := range []authorize.State{x.user, x.role} {
				p := a.Principals()[i]
				if got := a.Ask(p, r); got.State != want {
					t.Errorf("%s: %s, want %s", p, got.State, want)
				}
				// The shortcut must say no other than the engine.
				if _, ok := a.Question(r).Ask(p); ok != (want != authorize.Denied) {
					t.Errorf("%s: asked with the shortcut: %v", p, ok)
				}
			}
		})
	}
}

// TestGapsElsewhere: what could not be read of trails, alarms or the
// organisation makes nobody's permissions unknown.
func TestGapsElsewhere(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{Version: 1, Account: "111122223333", Partition: "aws",
		Users: []account.User{{Path: "/", Name: "ana", ID: "AIDA1", ARN: "arn:aws:iam::111122223333:user/ana"}}}
	for _, what := range []string{"cloudtrail:DescribeTrails", "access-analyzer:ListAnalyzers", "organizations:DescribeOrganization", "iam:ListOrganizationsFeatures"} {
		s.Gaps = append(s.Gaps, account.Gap{What: what, Reason: "AccessDenied"}, account.Gap{What: what, Subject: "eu-west-1", Reason: "AccessDenied"})
	}
	a := authorize.New(s)
	if got := a.Ask(a.Principals()[0], authorize.Request{Action: "s3:GetObject", Resource: "*"}); got.State != authorize.Denied || len(a.Incomplete()) > 0 {
		t.Errorf("%s %q; incomplete: %q", got.State, got.Why, a.Incomplete())
	}
	s.Gaps = append(s.Gaps, account.Gap{What: "iam:ListAttachedUserPolicies", Subject: "ana", Reason: "AccessDenied"})
	a = authorize.New(s)
	if got := a.Ask(a.Principals()[0], authorize.Request{Action: "s3:GetObject", Resource: "*"}); got.State != authorize.Unknown {
		t.Errorf("his policies were not read: %s", got.State)
	}
}
