package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/account"
	"warden/app"
	"warden/internal/stage"
	"warden/twin"
)

const (
	fullIAM     = "arn:aws:iam::aws:policy/IAMFullAccess"
	corpSAML    = "arn:aws:iam::123456789012:saml-provider/corp"
	secondRole  = "arn:aws:iam::123456789012:role/team/blue/second"
	samlRole    = "arn:aws:iam::123456789012:role/corp-people"
	deployRole  = "arn:aws:iam::123456789012:role/ci/deploy"
	githubRole  = "arn:aws:iam::123456789012:role/ci/github-actions"
	deployTrust = "halden-deploy" // the external id that it asks for
)

// openRoles lets roles of the company write to IAM, and adds one that another
// role takes, and one for people of a SAML provider.
func openRoles(s *account.Snapshot) error {
	for i := range s.Roles {
		if r := &s.Roles[i]; r.Name == "deploy" || r.Name == "github-actions" || strings.HasPrefix(r.Name, "AWSReservedSSO_") {
			r.Attached = append(r.Attached, fullIAM)
		}
	}
	add := func(arn, id, path, trust string) {
		s.Roles = append(s.Roles, account.Role{
			Path: path, Name: arn[strings.LastIndexByte(arn, '/')+1:], ID: id, ARN: arn, CreateDate: s.CollectedAt.Add(-time.Hour), MaxSession: 3600,
			Trust: json.RawMessage(trust), Attached: []string{fullIAM},
		})
	}
	add(secondRole, "AROASECONDSECONDSECON", "/team/blue/",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+deployRole+`"},"Action":"sts:AssumeRole"}]}`)
	add(samlRole, "AROASAMLSAMLSAMLSAMLS", "/",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+corpSAML+`"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`)
	return nil
}

func (h *hunt) deploySession(name string) *app.Clients {
	return h.As(h.assume(h.intruder(), &sts.AssumeRoleInput{RoleArn: aws.String(deployRole), RoleSessionName: &name, ExternalId: aws.String(deployTrust)}))
}

func (h *hunt) githubSession() *app.Clients {
	h.t.Helper()
	token, err := h.Twin.WebIdentityToken(twin.WebIdentity{Provider: "https://token.actions.githubusercontent.com", Subject: "repo:halden-freight/booking:ref:refs/heads/main", Audience: "sts.amazonaws.com"})
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := h.intruder().STS.AssumeRoleWithWebIdentity(h.t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(githubRole), RoleSessionName: aws.String("build"), WebIdentityToken: &token})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.As(sessionKey(out.Credentials))
}

func (h *hunt) samlSession(provider, role string) *app.Clients {
	h.t.Helper()
	assertion, err := h.Twin.SAMLAssertion(twin.SAMLIdentity{Provider: provider, Role: role, Subject: "ann@halden.example"})
	if err != nil {
		h.t.Fatal(err)
	}
	out, err := h.intruder().STS.AssumeRoleWithSAML(h.t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: &provider, SAMLAssertion: &assertion})
	if err != nil {
		h.t.Fatal(err)
	}
	return h.As(sessionKey(out.Credentials))
}

// mfaSession is a session of the intruder with a one-time password: without
// one IAM takes none. Source: AWS STS API Reference, GetSessionToken.
func (h *hunt) mfaSession() *app.Clients {
	h.t.Helper()
	key, err := stage.MFASession(h.t.Context(), h.Admin, h.intruder(), h.Truth.Intruder)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.As(key)
}

// user is a user of the company as it is now.
func (h *hunt) user(name string) account.User {
	h.t.Helper()
	for _, u := range h.Twin.Snapshot().Users {
		if u.Name == name {
			return u
		}
	}
	h.t.Fatalf("no user %s", name)
	return account.User{}
}

// caller is somebody who creates a user and is no administrator.
type caller struct {
	name string
	args []string
	// login is how he comes to his credentials; nil for those whom the twin
	// cannot have, whose record is delivered.
	login  func(h *hunt) *app.Clients
	record func(h *hunt) string
	// says is what has to be printed, subject how the notification begins of
	// the incident that is given back, "" where there is nothing to give.
	says    []string
	subject string
	// free says that he may go on; behind are those who are denied with him.
	free   bool
	behind []string
	// extra is tried before and after.
	extra func(h *hunt) func() error
}

var sessions = []string{"--contain-sessions"}

var callers = []caller{
	{
		name: "user with a key", login: (*hunt).intruder,
		says: []string{"[contained]", "who    user ci-deploy", "key    AKIA", "done   AttachUserPolicy: policy/DENY-IAM", "state  configured", "undo   warden undo inc-"}, subject: "warden contained user ci-deploy",
	},
	{
		name: "user in a session of GetSessionToken", login: (*hunt).mfaSession,
		says: []string{"[contained]", "key    ASIA"}, subject: "warden contained user ci-deploy",
	},
	{
		name: "user in the console", record: func(h *hunt) string {
			u := h.user(h.Truth.Intruder)
			return strings.Replace(h.creation(fmt.Sprintf(`{"type":"IAMUser","principalId":%q,"arn":%q,"accountId":%q,"accessKeyId":"ASIAEXAMPLEEXAMPLE00","userName":%q,"sessionContext":{"attributes":{"creationDate":"2026-01-01T00:00:00Z","mfaAuthenticated":"true"}}}`,
				u.ID, u.ARN, h.Account, u.Name)), `"recipientAccountId"`, `"sessionCredentialFromConsole":"true","recipientAccountId"`, 1)
		},
		says: []string{"[contained]", "key    ASIAEXAMPLEEXAMPLE00"}, subject: "warden contained user ci-deploy", behind: []string{"ci-deploy"},
	},
	{
		name: "federated user", record: func(h *hunt) string {
			u := h.user(h.Truth.Intruder)
			return h.creation(fmt.Sprintf(`{"type":"FederatedUser","principalId":"%[1]s:bob","arn":"arn:aws:sts::%[1]s:federated-user/bob","accountId":%[1]q,"accessKeyId":"ASIAEXAMPLEEXAMPLE00","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":%[2]q,"arn":%[3]q,"accountId":%[1]q,"userName":%[4]q}}}`,
				h.Account, u.ID, u.ARN, u.Name))
		},
		says: []string{"federated session bob of user ci-deploy is no administrator", "[contained]", "done   AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy"}, subject: "warden contained ", behind: []string{"ci-deploy"},
	},
	{
		name: "session of a role", login: func(h *hunt) *app.Clients { return h.deploySession("job-1") },
		says: []string{"session job-1 of role deploy, no administrator", "sessions are reported only", "state  nothing was changed"}, free: true,
	},
	{
		name: "session of a role, contained", args: sessions, login: func(h *hunt) *app.Clients { return h.deploySession("job-1") },
		says:    []string{"warden contained session job-1 of role deploy", "warden contained user ci-deploy", "DENY-IAM-SESSIONS of role/ci/deploy", "the role of session job-1, which was contained (incident inc-"},
		subject: "warden contained session job-1 of role deploy", behind: []string{"ci-deploy"},
		extra: func(h *hunt) func() error {
			other := h.deploySession("job-2") // of the same role: goes on
			return func() error {
				if err := h.crime(other, "other"); err != nil {
					return fmt.Errorf("the role's other session: %w", err)
				}
				return nil
			}
		},
	},
	{
		name: "sessions of a role, revoked", args: []string{"--contain-sessions", "--revoke-sessions"}, login: func(h *hunt) *app.Clients { return h.deploySession("job-1") },
		says: []string{"warden contained session job-1 of role deploy"}, subject: "warden contained session job-1", behind: []string{"ci-deploy"},
		extra: func(h *hunt) func() error {
			other := h.deploySession("job-2")
			return func() error {
				if err := h.crime(other, "other"); code(err) != "AccessDenied" {
					return fmt.Errorf("the role's other session may go on: %w", err)
				}
				return nil
			}
		},
	},
	{
		name: "chain of roles", args: sessions, login: func(h *hunt) *app.Clients {
			first := h.deploySession("job-1")
			return h.As(h.assume(first, &sts.AssumeRoleInput{RoleArn: aws.String(secondRole), RoleSessionName: aws.String("hop")}))
		},
		says: []string{"warden contained session hop of role second", "warden contained session job-1 of role deploy", "warden contained user ci-deploy", "DENY-IAM-SESSIONS of role/team/blue/second"}, subject: "warden contained session hop of role second",
		behind: []string{"ci-deploy"},
	},
	{
		name: "session through a web identity", login: (*hunt).githubSession,
		says: []string{"session build of role github-actions, no administrator", "sessions are reported only"}, free: true,
	},
	{
		name: "session through a web identity, contained", args: sessions, login: (*hunt).githubSession,
		says:    []string{"[partly contained]", "state  PARTLY contained", "the session came through identity provider", "token.actions.githubusercontent.com", "change the role's trust"},
		subject: "warden could contain session build of role github-actions only partly",
	},
	{
		name: "session through SAML", login: func(h *hunt) *app.Clients { return h.samlSession(corpSAML, samlRole) },
		says: []string{"session ann@halden.example of role corp-people, no administrator", "sessions are reported only"}, free: true,
	},
	{
		name: "session through SAML, contained", args: sessions, login: func(h *hunt) *app.Clients { return h.samlSession(corpSAML, samlRole) },
		says:    []string{"[partly contained]", "the session came through identity provider", "change the role's trust"},
		subject: "warden could contain session ann@halden.example of role corp-people only partly",
	},
	{
		name: "Identity Center", args: sessions, login: func(h *hunt) *app.Clients {
			return h.samlSession("arn:aws:iam::123456789012:saml-provider/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE", h.Truth.SSORole)
		},
		says: []string{"Identity Center caller AWSReservedSSO_Operations_", "session ann@halden.example", "state  nothing was changed", "next   end the assignment in Identity Center",
			"run    aws identitystore list-users", "AttributeValue='ann@halden.example'", "run    aws sso-admin delete-account-assignment", "ARN-OF-'Operations'",
			"run    aws organizations create-policy --type SERVICE_CONTROL_POLICY", `"aws:userid":"AROA`, "run    aws organizations attach-policy --target-id 123456789012"},
		free: true,
	},
	{
		name: "root", args: sessions, login: func(h *hunt) *app.Clients { return h.of(h.Account, twin.RootUser) },
		says: []string{"[CRITICAL]", "root called CreateUser; root cannot be denied inside its account", "run    aws iam delete-access-key --access-key-id AKIA",
			`"aws:PrincipalArn":"arn:aws:iam::123456789012:root"`},
		free: true,
	},
	{
		name: "service-linked role", args: sessions, record: func(h *hunt) string {
			return h.creation(fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE000:o","arn":"arn:aws:sts::%[1]s:assumed-role/AWSServiceRoleForOrganizations/o","accountId":%[1]q,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE000","arn":%[2]q,"accountId":%[1]q,"userName":"AWSServiceRoleForOrganizations"},"attributes":{"creationDate":"2026-01-01T00:00:00Z"}},"invokedBy":"organizations.amazonaws.com"}`,
				h.Account, h.Truth.ServiceLinkedRole))
		},
		says: []string{"allowed   service-linked role AWSServiceRoleForOrganizations"}, free: true,
	},
	{
		name: "AWS service", args: sessions, record: func(h *hunt) string {
			return h.creation(`{"type":"AWSService","invokedBy":"cloudformation.amazonaws.com"}`)
		},
		says: []string{"allowed   AWS service cloudformation.amazonaws.com"}, free: true,
	},
	{
		name: "another account", args: sessions, record: func(h *hunt) string {
			return h.creation(`{"type":"AWSAccount","principalId":"AIDAEXAMPLEEXAMPLE000","accountId":"999988887777"}`)
		},
		says: []string{"a caller of account 999988887777 AIDAEXAMPLEEXAMPLE000", "caller of another account AIDAEXAMPLEEXAMPLE000 (999988887777) called CreateUser", "state  nothing was changed"}, free: true,
	},
}

// TestCallers lets every kind of caller create a user, and the real guard deal
// with it; nothing else in the account is touched, and undo gives back to the
// byte.
func TestCallers(t *testing.T) {
	t.Parallel()
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.play(t, newHunt(t, stage.Options{Change: openRoles}))
		})
	}
}

func (c caller) play(t *testing.T, h *hunt) {
	var by *app.Clients
	extra := func() error { return nil }
	if c.extra != nil {
		extra = c.extra(h)
	}
	if c.login != nil {
		by = c.login(h)
		h.must(nil, h.crime(by, "backdoor"))
	} else {
		h.deliver(c.record(h))
	}
	before := h.state()
	r := h.guard(c.args...)
	r.want(t, 0, c.says...)
	if c.subject == "" {
		h.same(before, "after it was reported")
	}
	if by != nil {
		if err := h.crime(by, "again"); (err == nil) != c.free || !c.free && code(err) != "AccessDenied" {
			t.Errorf("afterwards he creates a user: %v\n%s", err, r)
		}
	}
	for _, user := range c.behind {
		if err := h.crime(h.of(h.Account, user), "behind"); code(err) != "AccessDenied" {
			t.Errorf("%s, who is behind it, creates a user: %v", user, err)
		}
	}
	if c.subject == "" {
		return
	}
	if err := extra(); err != nil {
		t.Error(err)
	}
	for _, in := range h.incidents() {
		h.undo(in)
	}
	if c.extra == nil { // whose other session made a user of its own
		h.same(before, "after undo")
	}
}

// TestAssumesAgain takes the role again under the same name after the session
// and its user were contained: DENY-IAM leaves sts:AssumeRole open. The new
// token is denied too, and people are told that he can go on like that; at the
// level deny-all he cannot.
func TestAssumesAgain(t *testing.T) {
	t.Parallel()
	h := newHunt(t, stage.Options{Change: openRoles})
	first := h.deploySession("job-1")
	h.must(nil, h.crime(first, "one"))
	before := h.state()
	h.guard(sessions...).want(t, 0, "warden contained session job-1 of role deploy", "warden contained user ci-deploy")
	again := h.deploySession("job-1")
	h.must(nil, h.crime(again, "two"))
	r := h.guard(sessions...)
	r.want(t, 0, "warden could contain session job-1 of role deploy only partly", "user ci-deploy is denied IAM and assumed role deploy again: deny him everything (--level deny-all), or change whom the role trusts")
	for name, c := range map[string]*app.Clients{"first": first, "second": again} {
		if err := h.crime(c, "three"); code(err) != "AccessDenied" {
			t.Errorf("the %s token: %v", name, err)
		}
	}
	for _, in := range h.incidents() {
		h.undo(in)
	}
	h.must(h.Admin.IAM.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("two")}))
	h.same(before, "after undo")
}
