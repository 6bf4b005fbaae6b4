package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	allowAll = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	denyAll  = `{"Effect": "Deny", "Action": "*", "Resource": "*"}`
	other    = `{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}`

	account  = "111122223333"
	stranger = "444455556666"
	userARN  = "arn:aws:iam::111122223333:user/alice"
	roleARN  = "arn:aws:iam::111122223333:role/team/deploy"
	sessARN  = "arn:aws:sts::111122223333:assumed-role/deploy/ci"
	fedARN   = "arn:aws:sts::111122223333:federated-user/bob"
	rootARN  = "arn:aws:iam::111122223333:root"
)

var (
	user      = Principal{Type: User, ARN: userARN, Account: account}
	session   = Principal{Type: Session, ARN: sessARN, Account: account, RoleARN: roleARN}
	federated = Principal{Type: Federated, ARN: fedARN, Account: account, UserARN: userARN}
	service   = Principal{Type: Service, ARN: "events.amazonaws.com"}
	anonymous = Principal{Type: Anonymous}
	root      = Principal{Type: Root, ARN: rootARN, Account: account}
)

// doc is a policy of the given statements.
func doc(tb testing.TB, statements ...string) *Document {
	tb.Helper()
	d, err := ParseStored("p", []byte(`{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ",")+`]}`))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// to is a statement of a resource policy that allows principal, which is JSON.
func to(principal string) string {
	return `{"Effect": "Allow", "Principal": ` + principal + `, "Action": "*", "Resource": "*"}`
}

func aws(arns ...string) string {
	text, _ := json.Marshal(map[string][]string{"AWS": arns})
	return string(text)
}

// rule is one row of the table of rules in docs/policy.md: the statements of
// each policy that applies, and what is decided. A nil list means that there is
// no such policy.
type rule struct {
	name      string
	principal Principal
	action    string // s3:GetObject unless given
	resource  string // an object in the caller's account unless given
	owner     string // its account, 111122223333 unless given

	identity, group, boundary, session, resourcePolicy, scp, rcp, endpoint []string

	want Decision
}

func (r rule) request() Request {
	req := Request{Principal: r.principal, Action: r.action, Resource: Resource{ARN: r.resource, Account: r.owner}, Context: Context{}}
	if req.Action == "" {
		req.Action = "s3:GetObject"
	}
	if req.Resource.ARN == "" {
		req.Resource.ARN = "arn:aws:s3:::bucket/key"
	}
	if req.Resource.Account == "" {
		req.Resource.Account = account
	}
	return req
}

func (r rule) policies(tb testing.TB) Policies {
	list := func(statements []string) []*Document {
		if statements == nil {
			return nil
		}
		return []*Document{doc(tb, statements...)}
	}
	levels := func(statements []string) []Level {
		if statements == nil {
			return nil
		}
		return []Level{{"root", []*Document{doc(tb, allowAll)}}, {"account", list(statements)}}
	}
	p := Policies{
		Identity: list(r.identity), Group: list(r.group), Boundary: list(r.boundary),
		Session: list(r.session), SessionPassed: r.session != nil,
		SCPs: levels(r.scp), Endpoint: list(r.endpoint), ViaEndpoint: r.endpoint != nil,
	}
	if r.rcp != nil {
		p.RCPs = []Level{{"root", nil}, {"account", list(r.rcp)}}
	}
	if r.resourcePolicy != nil {
		p.Resource = doc(tb, r.resourcePolicy...)
	}
	return p
}

var (
	all     = []string{allowAll}
	nothing = []string{}
	elsewh  = []string{other}
	deny    = []string{allowAll, denyAll}
	denyRes = `{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}`
)

const (
	key     = "arn:aws:kms:us-east-1:111122223333:key/1"
	trusted = "arn:aws:iam::111122223333:role/trusted"
)

var rules = []rule{
	{name: "nothing allows", principal: user, want: ImplicitlyDenied},
	{name: "identity allows", principal: user, identity: all, want: Allowed},
	{name: "group allows", principal: user, group: all, want: Allowed},
	{name: "group denies", principal: user, identity: all, group: []string{denyAll}, want: ExplicitlyDenied},
	{name: "identity denies", principal: user, identity: deny, want: ExplicitlyDenied},
	{name: "boundary leaves no room", principal: user, identity: all, boundary: elsewh, want: ImplicitlyDenied},
	{name: "boundary grants nothing", principal: user, boundary: all, want: ImplicitlyDenied},
	{name: "boundary and identity", principal: user, identity: all, boundary: all, want: Allowed},
	{name: "boundary denies", principal: user, identity: all, boundary: deny, want: ExplicitlyDenied},
	{name: "session policy leaves no room", principal: session, identity: all, session: elsewh, want: ImplicitlyDenied},
	{name: "session policy grants nothing", principal: session, session: all, want: ImplicitlyDenied},
	{name: "empty session policies", principal: session, identity: all, session: nothing, want: ImplicitlyDenied},
	{name: "session denies", principal: session, identity: all, session: deny, want: ExplicitlyDenied},

	{name: "resource names the user", principal: user, resourcePolicy: []string{to(aws(userARN))}, want: Allowed},
	{name: "resource names the user behind a boundary", principal: user, boundary: elsewh, resourcePolicy: []string{to(aws(userARN))}, want: Allowed},
	{name: "resource names somebody else", principal: user, resourcePolicy: []string{to(aws(userARN + "2"))}, want: ImplicitlyDenied},
	{name: "resource names the account", principal: user, resourcePolicy: []string{to(aws(rootARN))}, want: ImplicitlyDenied},
	{name: "resource names the account id", principal: user, identity: all, resourcePolicy: []string{to(aws(account))}, want: Allowed},
	{name: "resource names everybody", principal: session, session: elsewh, boundary: elsewh, resourcePolicy: []string{to(`"*"`)}, want: Allowed},
	{name: "resource names all of AWS", principal: anonymous, resourcePolicy: []string{to(aws("*"))}, want: Allowed},
	{name: "resource denies", principal: user, identity: all, resourcePolicy: []string{denyRes}, want: ExplicitlyDenied},
	{name: "deny elsewhere beats a direct grant", principal: user, boundary: deny, resourcePolicy: []string{to(aws(userARN))}, want: ExplicitlyDenied},

	{name: "resource names the role", principal: session, resourcePolicy: []string{to(aws(roleARN))}, want: Allowed},
	{name: "resource names the role without its path", principal: session, resourcePolicy: []string{to(aws("arn:aws:iam::111122223333:role/deploy"))}, want: ImplicitlyDenied},
	{name: "role grant against the boundary", principal: session, boundary: elsewh, resourcePolicy: []string{to(aws(roleARN))}, want: ImplicitlyDenied},
	{name: "role grant against the session policy", principal: session, session: elsewh, resourcePolicy: []string{to(aws(roleARN))}, want: ImplicitlyDenied},
	{name: "role grant with both", principal: session, boundary: all, session: all, resourcePolicy: []string{to(aws(roleARN))}, want: Allowed},
	{name: "session grant against both", principal: session, boundary: elsewh, session: elsewh, resourcePolicy: []string{to(aws(sessARN))}, want: Allowed},
	{name: "another session of the role", principal: session, resourcePolicy: []string{to(aws(sessARN + "2"))}, want: ImplicitlyDenied},

	{name: "federated without session policy", principal: federated, identity: all, want: ImplicitlyDenied},
	{name: "federated with session policy", principal: federated, identity: all, session: all, want: Allowed},
	{name: "federated session is named", principal: federated, resourcePolicy: []string{to(aws(fedARN))}, want: Allowed},
	{name: "user behind the federated session is named", principal: federated, session: all, resourcePolicy: []string{to(aws(userARN))}, want: Allowed},
	{name: "the same without session policy", principal: federated, resourcePolicy: []string{to(aws(userARN))}, want: ImplicitlyDenied},
	{name: "token of a provider", principal: Principal{Type: Federated, ARN: "cognito-identity.amazonaws.com"}, action: "sts:AssumeRoleWithWebIdentity", resource: trusted,
		resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}`}, want: Allowed},
	{name: "token of another provider", principal: Principal{Type: Federated, ARN: "arn:aws:iam::111122223333:oidc-provider/b"}, action: "sts:AssumeRoleWithWebIdentity", resource: trusted,
		resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/a"}, "Action": "sts:*"}`}, want: ImplicitlyDenied},

	{name: "service is named", principal: service, resourcePolicy: []string{to(`{"Service": "events.amazonaws.com"}`)}, want: Allowed},
	{name: "another service is named", principal: service, resourcePolicy: []string{to(`{"Service": "s3.amazonaws.com"}`)}, want: ImplicitlyDenied},
	{name: "nobody names the service", principal: service, want: ImplicitlyDenied},
	{name: "anonymous", principal: anonymous, want: ImplicitlyDenied},
	{name: "canonical user", principal: Principal{Type: User, ARN: userARN, Account: account, CanonicalID: "abc"}, identity: all, owner: stranger, resourcePolicy: []string{to(`{"CanonicalUser": "abc"}`)}, want: Allowed},

	{name: "root user", principal: root, want: Allowed},
	{name: "root user under an SCP", principal: root, scp: elsewh, want: ImplicitlyDenied},
	{name: "root user against a bucket policy", principal: root, resourcePolicy: []string{denyRes}, want: ExplicitlyDenied},
	{name: "root user across accounts", principal: root, owner: stranger, want: ImplicitlyDenied},
	{name: "root user across accounts, named", principal: root, owner: stranger, resourcePolicy: []string{to(aws(rootARN))}, want: Allowed},

	{name: "cross-account, identity alone", principal: user, owner: stranger, identity: all, want: ImplicitlyDenied},
	{name: "cross-account, resource alone", principal: user, owner: stranger, resourcePolicy: []string{to(aws(userARN))}, want: ImplicitlyDenied},
	{name: "cross-account, both", principal: user, owner: stranger, identity: all, resourcePolicy: []string{to(aws(userARN))}, want: Allowed},
	{name: "cross-account, the account is named", principal: user, owner: stranger, identity: all, resourcePolicy: []string{to(aws(rootARN))}, want: Allowed},
	{name: "cross-account, everybody is named", principal: user, owner: stranger, resourcePolicy: []string{to(`"*"`)}, want: ImplicitlyDenied},
	{name: "cross-account, the session is named", principal: session, owner: stranger, identity: all, session: elsewh, resourcePolicy: []string{to(aws(sessARN))}, want: ImplicitlyDenied},
	{name: "cross-account, boundary", principal: session, owner: stranger, identity: all, boundary: elsewh, resourcePolicy: []string{to(aws(roleARN))}, want: ImplicitlyDenied},

	{name: "KMS key that does not trust the account", principal: user, action: "kms:Decrypt", resource: key, identity: all, resourcePolicy: []string{to(aws("arn:aws:iam::111122223333:user/admin"))}, want: ImplicitlyDenied},
	{name: "KMS key without policy", principal: user, action: "kms:Decrypt", resource: key, identity: all, want: ImplicitlyDenied},
	{name: "KMS key that trusts the account", principal: user, action: "KMS:Decrypt", resource: key, identity: all, resourcePolicy: []string{to(aws(rootARN))}, want: Allowed},
	{name: "KMS key that names the role", principal: session, action: "kms:Decrypt", resource: key, resourcePolicy: []string{to(aws(roleARN))}, want: Allowed},
	{name: "KMS action without key", principal: user, action: "kms:ListKeys", resource: "*", identity: all, want: Allowed},

	{name: "trust policy without Resource names the user", principal: user, action: "sts:AssumeRole", resource: trusted,
		resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"AWS": "` + userARN + `"}, "Action": "sts:AssumeRole"}`}, want: Allowed},
	{name: "trust policy names the account", principal: user, action: "sts:AssumeRole", resource: trusted, identity: all,
		resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"AWS": "` + account + `"}, "Action": "sts:AssumeRole"}`}, want: Allowed},
	{name: "trust policy names nobody here", principal: user, action: "sts:AssumeRole", resource: trusted, identity: all,
		resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}`}, want: ImplicitlyDenied},
	{name: "trust policy is missing", principal: user, action: "sts:AssumeRole", resource: trusted, identity: all, want: ImplicitlyDenied},
	{name: "iam action on a role needs no trust", principal: user, action: "iam:DeleteRole", resource: trusted, identity: all, want: Allowed},

	{name: "SCP leaves no room", principal: user, identity: all, scp: elsewh, want: ImplicitlyDenied},
	{name: "SCP denies", principal: user, identity: all, scp: deny, want: ExplicitlyDenied},
	{name: "SCP grants nothing", principal: user, scp: all, want: ImplicitlyDenied},
	{name: "SCP level without policies", principal: user, identity: all, scp: nothing, want: ImplicitlyDenied},
	{name: "SCP against a direct grant", principal: user, scp: elsewh, resourcePolicy: []string{to(aws(userARN))}, want: ImplicitlyDenied},
	{name: "SCP in the management account", principal: Principal{Type: User, ARN: userARN, Account: account, InManagementAccount: true}, identity: all, scp: deny, want: Allowed},
	{name: "SCP for a service-linked role", principal: Principal{Type: Session, ARN: sessARN, RoleARN: roleARN, Account: account, ServiceLinkedRole: true}, identity: all, scp: deny, want: Allowed},
	{name: "SCP for a service", principal: service, resourcePolicy: []string{to(`"*"`)}, scp: deny, want: Allowed},
	{name: "RCP that only allows elsewhere", principal: user, identity: all, rcp: []string{to(aws(userARN + "2"))}, want: Allowed},
	{name: "RCP denies", principal: user, identity: all, rcp: []string{denyRes}, want: ExplicitlyDenied},
	{name: "RCP denies a service", principal: service, resourcePolicy: []string{to(`"*"`)}, rcp: []string{denyRes}, want: ExplicitlyDenied},
	{name: "RCP for a service-linked role", principal: Principal{Type: Session, ARN: sessARN, RoleARN: roleARN, Account: account, ServiceLinkedRole: true}, identity: all, rcp: []string{denyRes}, want: Allowed},
	{name: "endpoint allows", principal: user, identity: all, endpoint: []string{to(`"*"`)}, want: Allowed},
	{name: "endpoint leaves no room", principal: user, identity: all, endpoint: []string{to(aws(userARN + "2"))}, want: ImplicitlyDenied},
	{name: "endpoint denies", principal: user, identity: all, endpoint: []string{to(`"*"`), denyRes}, want: ExplicitlyDenied},

	{name: "NotPrincipal lists user and account", principal: user, identity: all, resourcePolicy: []string{not(userARN, rootARN)}, want: Allowed},
	{name: "NotPrincipal lists the user alone", principal: user, identity: all, resourcePolicy: []string{not(userARN)}, want: ExplicitlyDenied},
	{name: "NotPrincipal lists session, role, account", principal: session, identity: all, resourcePolicy: []string{not(sessARN, roleARN, account)}, want: Allowed},
	{name: "NotPrincipal lists role and account", principal: session, identity: all, resourcePolicy: []string{not(roleARN, account)}, want: ExplicitlyDenied},
	{name: "NotPrincipal and a boundary", principal: user, identity: all, boundary: all, resourcePolicy: []string{not(userARN, rootARN)}, want: ExplicitlyDenied},
	{name: "NotPrincipal lists everybody", principal: user, identity: all, resourcePolicy: []string{not("*")}, want: Allowed},
	{name: "NotPrincipal lists a service", principal: service, resourcePolicy: []string{to(`"*"`), `{"Effect": "Deny", "NotPrincipal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": "*"}`}, want: Allowed},
	{name: "NotPrincipal with Allow", principal: user, resourcePolicy: []string{`{"Effect": "Allow", "NotPrincipal": {"AWS": "` + stranger + `"}, "Action": "*", "Resource": "*"}`}, want: Allowed},
	{name: "NotPrincipal with Allow lists the account", principal: user, resourcePolicy: []string{`{"Effect": "Allow", "NotPrincipal": {"AWS": "` + account + `"}, "Action": "*", "Resource": "*"}`}, want: ImplicitlyDenied},

	{name: "a session token needs no permission", principal: user, action: "sts:GetSessionToken", resource: "*", identity: deny, scp: deny, want: Allowed},
	{name: "a federation token does", principal: user, action: "sts:GetFederationToken", resource: "*", want: ImplicitlyDenied},
	{name: "always allowed", principal: user, action: "sts:getcalleridentity", resource: "*", identity: deny, scp: deny, want: Allowed},
	{name: "an action without resource types and an ARN", principal: user, action: "ec2:DescribeInstances", resource: "*",
		identity: []string{`{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:*"}`}, want: ImplicitlyDenied},
	{name: "an action without resource types and NotResource", principal: user, action: "ec2:DescribeInstances", resource: "*",
		identity: []string{`{"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:*"}`}, want: Allowed},
	{name: "NotAction", principal: user, identity: []string{`{"Effect": "Allow", "NotAction": ["iam:*", "S3:get*"], "Resource": "*"}`}, want: ImplicitlyDenied},
	{name: "AWS's own policies", principal: user, action: "iam:GetPolicy", resource: "arn:aws:iam::aws:policy/AdministratorAccess", owner: "aws", identity: all, want: Allowed},
}

// not is a Deny with NotPrincipal.
func not(arns ...string) string {
	return `{"Effect": "Deny", "NotPrincipal": ` + aws(arns...) + `, "Action": "*", "Resource": "*"}`
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			req, p := r.request(), r.policies(t)
			if got := Evaluate(req, p); got.Decision != r.want {
				t.Errorf("got %v, want %v\n%+v", got.Decision, r.want, got)
			}
			if got := Decide(&req, &p); got != r.want {
				t.Errorf("Decide: got %v, want %v", got, r.want)
			}
		})
	}
}

// TestEvidence: every layer that applied is there, with the statements that
// decided it.
func TestEvidence(t *testing.T) {
	t.Parallel()
	r := rule{
		principal: user, identity: []string{other, `{"Sid": "Mine", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`},
		group: nothing, boundary: all, scp: deny, resourcePolicy: []string{to(aws(account))},
	}
	got := Evaluate(r.request(), r.policies(t))
	ref := func(index, column int, sid, effect string) []StatementRef {
		return []StatementRef{{Policy: "p", Sid: sid, Index: index, Line: 1, Column: column, Effect: effect}}
	}
	want := []LayerResult{
		{LayerSCP, "root", Allowed, ref(0, 41, "", "Allow")},
		{LayerSCP, "account", ExplicitlyDenied, ref(1, 93, "", "Deny")},
		{LayerResource, "", Allowed, ref(0, 41, "", "Allow")},
		{LayerIdentity, "", Allowed, ref(1, 97, "Mine", "Allow")},
		{LayerGroup, "", ImplicitlyDenied, nil},
		{LayerBoundary, "", Allowed, ref(0, 41, "", "Allow")},
	}
	if diff := cmp.Diff(want, got.Layers); diff != "" {
		t.Errorf("layers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ref(1, 93, "", "Deny"), got.Deciding()); diff != "" {
		t.Errorf("deciding (-want +got):\n%s", diff)
	}
}

// TestDoubt: what cannot be judged denies and is named, unless the answer is
// the same either way.
func TestDoubt(t *testing.T) {
	t.Parallel()
	twice := func(effect string) string {
		return `{"Effect": "` + effect + `", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "true", "a:b": "false"}}}`
	}
	for _, tc := range []struct {
		name    string
		rule    rule
		want    Decision
		unknown string
	}{
		{"a defective Allow", rule{principal: user, identity: []string{twice("Allow")}}, ImplicitlyDenied, `p:1:`},
		{"a defective Allow beside a sound one", rule{principal: user, identity: []string{twice("Allow"), allowAll}}, Allowed, ""},
		{"a defective Deny", rule{principal: user, identity: []string{twice("Deny"), allowAll}}, ExplicitlyDenied, `p:1:`},
		{"a defective Deny beside a sound one", rule{principal: user, identity: []string{twice("Deny"), allowAll, denyAll}}, ExplicitlyDenied, ""},
		{"a defective Deny of something else", rule{principal: user, identity: []string{strings.Replace(twice("Deny"), `"*"`, `"ec2:*"`, 1), allowAll}}, Allowed, ""},
		{"a defective SCP and nothing that allows", rule{principal: user, scp: []string{twice("Allow")}}, ImplicitlyDenied, ""},
		{"an Effect that nobody knows", rule{principal: user, identity: []string{allowAll, `{"Effect": "Maybe", "Action": "*", "Resource": "*"}`}}, ExplicitlyDenied, `Effect "Maybe"`},
		{"identity policy without Resource", rule{principal: user, identity: []string{`{"Effect": "Allow", "Action": "*"}`}}, ImplicitlyDenied, "has no Resource"},
		{"identity policy with Principal", rule{principal: user, identity: []string{to(`"*"`)}}, ImplicitlyDenied, "has a Principal"},
		{"resource policy without Principal", rule{principal: user, identity: all, resourcePolicy: []string{denyAll}}, ExplicitlyDenied, "has no Principal"},
		{"owner is not known", rule{principal: user, owner: "?", identity: all}, ImplicitlyDenied, "the account that owns"},
		{"NotPrincipal in part", rule{principal: user, identity: all, resourcePolicy: []string{not(userARN)}}, ExplicitlyDenied, "NotPrincipal lists"},
		{"NotResource with a variable without value", rule{principal: user, identity: []string{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:none}"}`}}, ImplicitlyDenied, "NotResource"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req, p := tc.rule.request(), tc.rule.policies(t)
			if req.Resource.Account == "?" {
				req.Resource.Account = ""
			}
			got := Evaluate(req, p)
			if got.Decision != tc.want {
				t.Errorf("got %v, want %v", got.Decision, tc.want)
			}
			if text := strings.Join(got.Unknown, "\n"); (text == "") != (tc.unknown == "") || !strings.Contains(text, tc.unknown) {
				t.Errorf("unknown: got %q, want %q", text, tc.unknown)
			}
		})
	}
}

// TestVersions: variables have a meaning only in version 2012-10-17.
func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]Decision{
		`"Version": "2012-10-17",`: Allowed, `"Version": "2008-10-17",`: ImplicitlyDenied, ``: ImplicitlyDenied,
	} {
		d, err := Parse("p", []byte(`{`+version+`"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}"}}`))
		if err != nil {
			t.Fatal(err)
		}
		req := Request{
			Principal: user, Action: "s3:GetObject", Resource: Resource{ARN: "arn:aws:s3:::bucket/alice", Account: account},
			Context: Context{"aws:username": One("alice")},
		}
		if got := Evaluate(req, Policies{Identity: []*Document{d}}); got.Decision != want {
			t.Errorf("%s: got %v, want %v", version, got.Decision, want)
		}
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	r := rule{
		principal: session, scp: all, rcp: []string{denyRes + ""}, boundary: all, session: all,
		resourcePolicy: []string{to(aws(roleARN, sessARN))}, endpoint: []string{to(`"*"`)},
		identity: []string{
			`{"Effect": "Allow", "Action": ["ec2:*", "S3:get*"], "Resource": "arn:aws:s3:::bucket/${aws:username}*"}`,
			`{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
				"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
				"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/*"},
				"StringEqualsIgnoreCase": {"aws:username": "K"}}}`,
		},
	}
	req, p := r.request(), r.policies(t)
	p.RCPs = nil
	req.Context = Context{
		"aws:username": One("k"), "aws:sourceip": One("10.0.0.1"), "aws:currenttime": One("2026-01-01T00:00:00Z"),
		"aws:multifactorauthage": One("10"), "aws:principalarn": One(roleARN), "aws:principalaccount": One(account),
	}
	if got := Decide(&req, &p); got != Allowed {
		t.Errorf("got %v", got)
	}
	if n := testing.AllocsPerRun(100, func() { Decide(&req, &p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
