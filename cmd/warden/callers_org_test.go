package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/account"
	"warden/app"
	"warden/internal/stage"
	"warden/twin"
)

// railText is the organisation's policy as it is.
func (h *hunt) railText() string {
	h.t.Helper()
	out, err := h.of(h.Others.Management, h.Others.ManagementAdministrator).Organizations.DescribePolicy(h.t.Context(), &organizations.DescribePolicyInput{PolicyId: &h.Others.GuardrailID})
	if err != nil {
		h.t.Fatal(err)
	}
	return aws.ToString(out.Policy.Content)
}

// operator is the one of a member account who may give back: the role by which
// the management account administers it.
func (h *hunt) operator() app.Key {
	return h.assume(h.of(h.Others.Management, h.Others.ManagementAdministrator), &sts.AssumeRoleInput{RoleArn: &h.Others.AccessRole, RoleSessionName: aws.String("operator")})
}

// TestCallersOfAMember guards a member account of an organisation from the
// security team's account, by events that come over its bus: once with the
// organisation's policy, and once without.
func TestCallersOfAMember(t *testing.T) {
	t.Parallel()
	const sso = "arn:aws:iam::123456789012:saml-provider/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE"
	type asked struct {
		says []string
		free bool
	}
	for _, c := range []struct {
		name          string
		login         func(h *hunt) *app.Clients
		record        func(h *hunt) string
		railed, plain asked
		subject       string // of what is given back; by the policy where rail is set
		rail          bool
	}{
		{
			name: "user", login: (*hunt).intruder,
			railed: asked{says: []string{"warden contained user ci-deploy", "done   AttachUserPolicy: policy/DENY-IAM"}},
			plain:  asked{says: []string{"warden contained user ci-deploy"}}, subject: "warden contained user ci-deploy",
		},
		{
			name: "root", login: func(h *hunt) *app.Clients { return h.of(h.Account, twin.RootUser) },
			railed: asked{says: []string{"warden contained root", "of service control policy p-", "--member-role arn:aws:iam::123456789012:role/ROLE --guardrail-role arn:aws:iam::111122223333:role/security/warden-guardrail"}},
			plain:  asked{says: []string{"root cannot be denied inside its account", "run    aws organizations create-policy"}, free: true},
			rail:   true, subject: "warden contained root",
		},
		{
			name: "Identity Center", login: func(h *hunt) *app.Clients { return h.samlSession(sso, h.Truth.SSORole) },
			railed: asked{says: []string{"warden contained session ann@halden.example of role AWSReservedSSO_Operations_"}},
			plain:  asked{says: []string{"run    aws sso-admin delete-account-assignment", "--target-id 123456789012"}, free: true},
			rail:   true, subject: "warden contained session ann@halden.example",
		},
		{
			name: "service-linked role", record: func(h *hunt) string {
				return h.creation(`{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE000:o","arn":"arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForOrganizations/o","accountId":"123456789012","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE000","arn":"` +
					h.Truth.ServiceLinkedRole + `","accountId":"123456789012","userName":"AWSServiceRoleForOrganizations"},"attributes":{"creationDate":"2026-01-01T00:00:00Z"}}}`)
			},
			railed: asked{says: []string{"allowed   service-linked role AWSServiceRoleForOrganizations, which only its service can use"}, free: true},
			plain:  asked{says: []string{"allowed   service-linked role AWSServiceRoleForOrganizations"}, free: true},
		},
		{
			name: "somebody of another account", login: func(h *hunt) *app.Clients { return h.As(h.operator()) },
			railed: asked{says: []string{"[partly contained]", "role OrganizationAccountAccessRole was assumed by a caller of account 111122223333 AIDA", "which is not ours to contain: change the role's trust"}},
			plain:  asked{says: []string{"[partly contained]"}},
		},
	} {
		for _, rail := range []bool{true, false} {
			want, args := c.plain, []string{"--member-role", "arn:aws:iam::123456789012:role/security/warden-responder", "--contain-sessions"}
			name := c.name
			if rail {
				want, name = c.railed, name+" with the organisation's policy"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := newHunt(t, stage.Options{Organization: true, Change: openRoles})
				if rail {
					args = append(args, "--guardrail-policy", h.Others.Guardrail, "--guardrail-role", h.Others.GuardrailRole)
				}
				var by *app.Clients
				if c.login != nil {
					by = c.login(h)
					h.must(nil, h.crime(by, "backdoor"))
				} else {
					h.deliver(c.record(h))
				}
				before, document := h.state(), h.railText()
				r := h.guard(args...)
				r.want(t, 0, want.says...)
				if by != nil {
					if err := h.crime(by, "again"); (err == nil) != want.free {
						t.Errorf("afterwards he creates a user: %v\n%s", err, r)
					}
				}
				if c.subject == "" || want.free {
					return
				}
				if changed := h.railText() != document; changed != c.rail {
					t.Errorf("the organisation's policy was changed: %v", changed)
				}
				undo := []string{"undo", h.incidentOf(r, c.subject), "--apply", "--ledger", h.ledger}
				if c.rail {
					// Whoever administers the organisation may write its policies.
					h.run(h.keyOf(h.Others.Management, h.Others.ManagementAdministrator), append(undo, "--member-role", h.Others.AccessRole)...).want(t, 0, "gives back", "of service control policy p-")
				} else {
					h.run(h.operator(), undo...).want(t, 0, "gives back")
				}
				h.same(before, "after undo")
				if !sameJSON(t, h.railText(), document) {
					t.Errorf("after undo the organisation's policy is\n%s\nwas\n%s", h.railText(), document)
				}
				if err := h.crime(by, "given-back"); err != nil {
					t.Errorf("given back: %v", err)
				}
			})
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	return squeeze(a) == squeeze(b)
}

// A guard of a member does nothing about another account's events, and says
// so; one whose role does not trust it ends at once.
func TestMemberRole(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Organization: true, Change: func(*account.Snapshot) error { return nil }})
	h.deliver(strings.ReplaceAll(h.creation(`{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE000","arn":"arn:aws:iam::999988887777:user/x","accountId":"999988887777","userName":"x"}`), "123456789012", "999988887777"))
	h.guard("--member-role", h.Others.ResponderRole).want(t, 0, "not authentic: the envelope is of account 123456789012, the record of account 999988887777")
	h.guard("--member-role", h.Others.AccessRole).want(t, 1, "warden: ask who the credentials belong to", "AccessDenied")
	h.guard("--member-role", "warden-responder").want(t, 2, "want the ARN of a role")
	h.guard("--member-external-id", "x").want(t, 2, "--member-external-id goes with --member-role")
}

// Above the budget root is denied IAM by the organisation's policy at once, and
// everything only when a person approved it, who may write that policy.
func TestOverBudgetOfAMember(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Organization: true, Change: openRoles})
	root := h.of(h.Account, twin.RootUser)
	args := []string{"--member-role", h.Others.ResponderRole, "--guardrail-policy", h.Others.Guardrail, "--guardrail-role", h.Others.GuardrailRole, "--level", "deny-all", "--budget", "1"}
	h.must(nil, h.crime(h.intruder(), "door"))
	h.guard(args...).want(t, 0, "ci-deploy")
	document := h.railText()
	h.must(nil, h.crime(root, "gate"))
	r := h.guard(args...)
	r.want(t, 0, "warden contained root", "warden asks: ", "service control policy p-")
	if _, err := root.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
		t.Errorf("above the budget more than IAM is denied: %v", err)
	}
	person := h.keyOf(h.Others.Management, h.Others.ManagementAdministrator)
	plan := regexp.MustCompile(`do it  warden approve ([0-9a-f]+) `).FindStringSubmatch(r.out)[1]
	h.run(person, "approve", plan, "--apply", "--run", "--ledger", h.ledger, "--member-role", h.Others.AccessRole).want(t, 0, "done ", "UpdatePolicy")
	if _, err := root.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); code(err) != "AccessDenied" {
		t.Errorf("approved, and root lists buckets: %v", err)
	}
	h.run(person, "undo", h.incidentOf(r, "warden contained root"), "--apply", "--ledger", h.ledger, "--member-role", h.Others.AccessRole).want(t, 0, "gives back")
	if !sameJSON(t, h.railText(), document) {
		t.Errorf("after undo the organisation's policy is\n%s\nwas\n%s", h.railText(), document)
	}
	h.must(root.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}))
}
