package deploy_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/policy"
)

// pin is the service control policy that protects the quarantine, as it is
// deployed for an organisation whose guard lives in account 999988887777.
func pin(t *testing.T) *policy.Document {
	t.Helper()
	stack := resolve(t, "guard-organisation", map[string]string{"GuardAccountId": "999988887777", "TargetIds": "r-abcd"})
	return parse(t, "WardenPin", document(t, stack, "Pin", "Content"))
}

func parse(t *testing.T, name, text string) *policy.Document {
	t.Helper()
	doc, err := policy.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// inMember asks whether a principal of a member account who is allowed
// everything can do something there, under the pin.
func inMember(t *testing.T, pin *policy.Document, who, action, resource string, keys map[string]string) policy.Decision {
	t.Helper()
	admin := parse(t, "admin", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	facts := policy.Context{}
	for k, v := range keys {
		facts.Set(k, policy.One(v))
	}
	p := policy.Principal{Type: policy.User, ARN: who, Account: accountIn(who)}
	switch kind := resourceType(who); kind {
	case "role":
		p = policy.Principal{Type: policy.Session, Account: accountIn(who), RoleARN: who, ARN: "arn:aws:sts::" + accountIn(who) + ":assumed-role/r/s"}
	case "root":
		p.Type = policy.Root
	}
	facts.Set("aws:PrincipalArn", policy.One(who))
	res := policy.Evaluate(policy.Request{
		Principal: p, Action: action, Resource: policy.Resource{ARN: resource, Account: accountIn(who)}, Context: facts,
	}, policy.Policies{
		Identity: []*policy.Document{admin},
		SCPs:     []policy.Level{{Name: "root", Policies: []*policy.Document{admin, pin}}},
	})
	if len(res.Unknown) > 0 {
		t.Errorf("%s %s: %v", who, action, res.Unknown)
	}
	return res.Decision
}

func accountIn(arn string) string { return arn[len("arn:aws:iam::") : len("arn:aws:iam::")+12] }

func resourceType(arn string) string {
	rest := arn[len("arn:aws:iam::")+13:]
	if i := len("role"); len(rest) > i && rest[:i] == "role" {
		return "role"
	}
	if rest == "root" {
		return "root"
	}
	return "user"
}

// With the policy, nobody in a member account takes off the quarantine or
// touches warden, whatever he is allowed: only warden and its operators do.
func TestPin(t *testing.T) {
	t.Parallel()
	doc := pin(t)
	const (
		m     = "444455556666"
		user  = "arn:aws:iam::" + m + ":user/mallory"
		deny  = "arn:aws:iam::" + m + ":policy/DENY-IAM"
		other = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	)
	inside := []string{
		"arn:aws:iam::" + m + ":user/admin", "arn:aws:iam::" + m + ":role/Admin", "arn:aws:iam::" + m + ":root",
		"arn:aws:iam::" + m + ":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
		"arn:aws:iam::" + m + ":role/warden-guard", // a role of this name in another account than the guard's
		"arn:aws:iam::" + m + ":role/x/warden-guard-member",
	}
	excepted := []string{
		"arn:aws:iam::999988887777:role/warden-guard", "arn:aws:iam::999988887777:role/warden-guard-responder",
		"arn:aws:iam::" + m + ":role/warden-guard-member", "arn:aws:iam::" + m + ":role/warden-operator",
		"arn:aws:iam::" + m + ":role/stacksets-exec-0123456789abcdef",
	}
	quarantine := []struct {
		action, resource string
		keys             map[string]string
	}{
		{"iam:DetachUserPolicy", user, map[string]string{"iam:PolicyARN": deny}},
		{"iam:DetachUserPolicy", user, map[string]string{"iam:PolicyARN": "arn:aws:iam::" + m + ":policy/DENY-ALL"}},
		{"iam:DetachRolePolicy", "arn:aws:iam::" + m + ":role/app", map[string]string{"iam:PolicyARN": deny}},
		{"iam:DetachGroupPolicy", "arn:aws:iam::" + m + ":group/g", map[string]string{"iam:PolicyARN": deny}},
		{"iam:DeleteUserPermissionsBoundary", user, map[string]string{"iam:PermissionsBoundary": deny}},
		{"iam:CreatePolicyVersion", deny, nil},
		{"iam:SetDefaultPolicyVersion", deny, nil},
		{"iam:DeletePolicy", deny, nil},
		{"iam:UpdateAssumeRolePolicy", "arn:aws:iam::" + m + ":role/warden-guard-member", nil},
		{"iam:CreateRole", "arn:aws:iam::" + m + ":role/warden-operator", nil},
		{"iam:CreateRole", "arn:aws:iam::" + m + ":role/stacksets-exec-mine", nil},
		{"iam:PassRole", "arn:aws:iam::" + m + ":role/warden-guard-responder", nil},
		{"iam:DeleteRolePolicy", "arn:aws:iam::" + m + ":role/warden-guard", nil},
		{"lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:" + m + ":function:warden-guard", nil},
		{"lambda:InvokeFunction", "arn:aws:lambda:us-east-1:" + m + ":function:warden-guard", nil},
		{"lambda:PutFunctionConcurrency", "arn:aws:lambda:us-east-1:" + m + ":function:warden-guard", nil},
		{"lambda:DeleteEventSourceMapping", "arn:aws:lambda:us-east-1:" + m + ":event-source-mapping:x", map[string]string{"lambda:FunctionArn": "arn:aws:lambda:us-east-1:" + m + ":function:warden-guard"}},
		{"events:DisableRule", "arn:aws:events:eu-west-1:" + m + ":rule/warden-forward-identity", nil},
		{"events:RemoveTargets", "arn:aws:events:us-east-1:" + m + ":rule/warden-guard-identity", nil},
		{"sqs:PurgeQueue", "arn:aws:sqs:us-east-1:" + m + ":warden-guard", nil},
		{"sqs:SetQueueAttributes", "arn:aws:sqs:us-east-1:" + m + ":warden-guard-hold", nil},
		{"sns:Publish", "arn:aws:sns:us-east-1:" + m + ":warden-alerts", nil},
		{"dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger", nil},
		{"dynamodb:UpdateContinuousBackups", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger", nil},
		{"dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger-approvals", nil},
		{"dynamodb:PutResourcePolicy", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger-approvals", nil},
		{"states:UpdateStateMachine", "arn:aws:states:us-east-1:" + m + ":stateMachine:warden-guard", nil},
		{"cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:us-east-1:" + m + ":alarm:warden-guard-silence", nil},
		{"cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:" + m + ":trail/warden", nil},
		{"cloudtrail:PutEventSelectors", "arn:aws:cloudtrail:us-east-1:" + m + ":trail/warden", nil},
	}
	for _, q := range quarantine {
		for _, who := range inside {
			if got := inMember(t, doc, who, q.action, q.resource, q.keys); got != policy.ExplicitlyDenied {
				t.Errorf("%s may %s on %s: %s", who, q.action, q.resource, got)
			}
		}
		for _, who := range excepted {
			if got := inMember(t, doc, who, q.action, q.resource, q.keys); got != policy.Allowed {
				t.Errorf("%s may not %s on %s: %s", who, q.action, q.resource, got)
			}
		}
	}
	if got := inMember(t, doc, excepted[3], "organizations:LeaveOrganization", "*", nil); got != policy.ExplicitlyDenied {
		t.Errorf("an operator may take the account out of the organisation: %s", got)
	}
	// Ordinary work goes on, also next to the quarantine.
	for _, w := range []struct {
		action, resource string
		keys             map[string]string
	}{
		{"iam:DetachUserPolicy", user, map[string]string{"iam:PolicyARN": other}},
		{"iam:AttachUserPolicy", user, map[string]string{"iam:PolicyARN": deny}}, // denies, and harms nobody's quarantine
		{"iam:DeleteUserPermissionsBoundary", user, map[string]string{"iam:PermissionsBoundary": "arn:aws:iam::" + m + ":policy/team"}},
		{"iam:PutUserPermissionsBoundary", user, map[string]string{"iam:PermissionsBoundary": "arn:aws:iam::" + m + ":policy/team"}},
		{"iam:CreateRole", "arn:aws:iam::" + m + ":role/app", nil},
		{"iam:CreateUser", user, nil},
		{"iam:DeleteUser", user, nil},
		{"iam:PassRole", "arn:aws:iam::" + m + ":role/app", nil},
		{"iam:GetRole", "arn:aws:iam::" + m + ":role/warden-guard-member", nil},
		{"iam:ListEntitiesForPolicy", deny, nil},
		{"sts:AssumeRole", "arn:aws:iam::" + m + ":role/warden-operator", nil}, // its trust policy decides
		{"lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:" + m + ":function:orders", nil},
		{"lambda:GetFunctionConfiguration", "arn:aws:lambda:us-east-1:" + m + ":function:warden-guard", nil},
		{"lambda:DeleteEventSourceMapping", "arn:aws:lambda:us-east-1:" + m + ":event-source-mapping:x", map[string]string{"lambda:FunctionArn": "arn:aws:lambda:us-east-1:" + m + ":function:orders"}},
		{"events:PutRule", "arn:aws:events:us-east-1:" + m + ":rule/nightly", nil},
		{"sqs:SendMessage", "arn:aws:sqs:us-east-1:" + m + ":orders", nil},
		{"sqs:GetQueueAttributes", "arn:aws:sqs:us-east-1:" + m + ":warden-guard", nil},
		{"dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:" + m + ":table/orders", nil},
		{"dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger-approvals", nil},
		{"dynamodb:Query", "arn:aws:dynamodb:us-east-1:" + m + ":table/warden-ledger", nil},
		{"cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:" + m + ":trail/data-events", nil},
		{"s3:PutObject", "arn:aws:s3:::bucket/key", nil},
		{"ec2:RunInstances", "*", nil},
		{"organizations:DescribeOrganization", "*", nil},
	} {
		if got := inMember(t, doc, inside[0], w.action, w.resource, w.keys); got == policy.ExplicitlyDenied {
			t.Errorf("ordinary work is stopped: %s on %s: %s", w.action, w.resource, got)
		}
	}
}

// A policy can have 5,120 characters where the quota was not raised. Source:
// AWS Organizations User Guide, "Quotas and service limits".
func TestPinFits(t *testing.T) {
	t.Parallel()
	stack := resolve(t, "guard-organisation", map[string]string{
		"GuardAccountId": "999988887777", "DenyPolicyName": "COMPANY-SECURITY-DENY-IAM", "MemberRoleName": "company-security-warden-guard-member",
		"OperatorRoleArn": "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_WardenOperators_*",
	})
	for _, id := range []string{"Pin", "Guardrail"} {
		data, err := json.Marshal(stack.Resources[id].Properties["Content"])
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 5120 {
			t.Errorf("%s has %d characters", id, len(data))
		}
		t.Logf("%s: %d characters", id, len(data))
	}
}

// The guard's policy starts without denying anybody anything.
func TestGuardrailDeniesNobody(t *testing.T) {
	t.Parallel()
	stack := resolve(t, "guard-organisation", map[string]string{"GuardAccountId": "999988887777"})
	doc := parse(t, "WardenGuardrail", document(t, stack, "Guardrail", "Content"))
	for _, who := range []string{"arn:aws:iam::444455556666:user/alice", "arn:aws:iam::444455556666:root"} {
		if got := inMember(t, doc, who, "iam:CreateUser", "arn:aws:iam::444455556666:user/x", nil); got != policy.Allowed {
			t.Errorf("%s: %s", who, got)
		}
	}
	if got := fmt.Sprint(stack.Resources["Pin"].Properties["Type"]); got != "SERVICE_CONTROL_POLICY" {
		t.Error(got)
	}
	if off := resolve(t, "guard-organisation", map[string]string{"AttachPin": "false"}); off.Resources["Pin"].Properties["TargetIds"] != nil {
		t.Error("the pin is attached although that was switched off")
	}
}

// becomes asks whether somebody of one account may become a role of another,
// as far as its trust policy says, in an organisation.
func becomes(t *testing.T, trust *policy.Document, who, org string, keys map[string]string) bool {
	t.Helper()
	facts := policy.Context{}
	facts.Set("aws:PrincipalOrgID", policy.One(org))
	facts.Set("aws:PrincipalAccount", policy.One(accountIn(who)))
	facts.Set("aws:PrincipalArn", policy.One(who))
	for k, v := range keys {
		facts.Set(k, policy.One(v))
	}
	p := policy.Principal{Type: policy.User, Account: accountIn(who), ARN: who}
	if resourceType(who) == "role" {
		p = policy.Principal{Type: policy.Session, Account: accountIn(who), RoleARN: who, ARN: "arn:aws:sts::" + accountIn(who) + ":assumed-role/r/s"}
	}
	res := policy.Evaluate(policy.Request{
		Principal: p, Action: "sts:AssumeRole", Context: facts,
		Resource: policy.Resource{ARN: "arn:aws:iam::444455556666:role/r", Account: "444455556666"},
	}, policy.Policies{
		Identity: []*policy.Document{parse(t, "admin", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)},
		Resource: trust,
	})
	return res.Decision == policy.Allowed
}

// The roles of members and of the management account ask for the external id
// where one is given, and are open to the guard's role of the guard's account
// alone; that of the management account also to the operators there, who give
// back what the guard wrote.
func TestExternalID(t *testing.T) {
	t.Parallel()
	const org = "o-abcdefghij"
	for template, role := range map[string]string{"guard-member": "MemberRole", "guard-organisation": "GuardrailRole"} {
		for _, id := range []string{"", "secret-id"} {
			stack := resolve(t, template, map[string]string{"GuardAccountId": "999988887777", "OrganizationId": org, "ExternalId": id})
			trust := parse(t, role, document(t, stack, role, "AssumeRolePolicyDocument"))
			for _, tt := range []struct {
				who, given string
				org        string
				want       bool
			}{
				{"arn:aws:iam::999988887777:role/warden-guard", id, org, true},
				{"arn:aws:iam::999988887777:role/warden-guard", "another", org, id == ""},
				{"arn:aws:iam::999988887777:role/warden-guard", id, "o-elsewhere00", false},
				{"arn:aws:iam::999988887777:role/warden-guard-responder", id, org, false},
				{"arn:aws:iam::444455556666:role/warden-guard", id, org, false},
				{"arn:aws:iam::999988887777:user/admin", id, org, false},
				{"arn:aws:iam::999988887777:role/warden-operator", "", org, role == "GuardrailRole"},
				{"arn:aws:iam::999988887777:role/x/warden-operator", "", org, false},
				{"arn:aws:iam::999988887777:role/warden-operator", "", "o-elsewhere00", false},
				{"arn:aws:iam::444455556666:role/warden-operator", "", org, false},
			} {
				keys := map[string]string{}
				if tt.given != "" {
					keys["sts:ExternalId"] = tt.given
				}
				if got := becomes(t, trust, tt.who, tt.org, keys); got != tt.want {
					t.Errorf("%s, id %q: %s with %q of %s: %v", template, id, tt.who, tt.given, tt.org, got)
				}
			}
		}
	}
}

// The operators' role is open to whom it is made for, with MFA where that is
// asked for; in the guard's account it reaches the ledger, the members and the
// keeper of the guardrail, and in a member none of these.
func TestOperators(t *testing.T) {
	t.Parallel()
	const (
		org    = "o-abcdefghij"
		person = "arn:aws:iam::111122223333:user/on-call"
		keeper = "arn:aws:iam::777788889999:role/warden-guardrail"
	)
	for _, tt := range []struct {
		org, mfa string // of the stack
		who      string
		from     string
		keys     map[string]string
		want     bool
	}{
		{org, "true", person, org, map[string]string{"aws:MultiFactorAuthPresent": "true"}, true},
		{org, "true", person, org, map[string]string{"aws:MultiFactorAuthPresent": "false"}, false},
		{org, "true", person, org, nil, false},
		{org, "false", person, org, nil, true},
		{org, "false", person, "o-elsewhere00", nil, false},
		{org, "false", "arn:aws:iam::111122223333:user/other", org, nil, false},
		{"", "true", person, org, map[string]string{"aws:MultiFactorAuthPresent": "true"}, true},
		{"", "false", "arn:aws:iam::555566667777:user/on-call", org, nil, false},
	} {
		stack := resolve(t, "guard-operator", map[string]string{"GuardAccountId": here.Account, "OrganizationId": tt.org, "RequireMfa": tt.mfa, "TrustedArns": person})
		if got := becomes(t, parse(t, "trust", document(t, stack, "OperatorRole", "AssumeRolePolicyDocument")), tt.who, tt.from, tt.keys); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	trusting := parse(t, "trust", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`)
	at := func(guard, org, rail string) map[string][]string {
		stack := resolve(t, "guard-operator", map[string]string{"GuardAccountId": guard, "OrganizationId": org, "GuardrailRoleArn": rail, "TrustedArns": person})
		doc := parse(t, "operator", document(t, stack, "OperatorRolePolicy", "PolicyDocument"))
		facts := policy.Context{}
		facts.Set("aws:ResourceOrgID", policy.One(org))
		got := map[string][]string{}
		for action, names := range map[string][]string{
			"sts:AssumeRole":  {"arn:aws:iam::444455556666:role/warden-operator", keeper, "arn:aws:iam::444455556666:role/Admin", "arn:aws:iam::111122223333:role/warden-guard"},
			"dynamodb:Query":  {targets["its ledger"], targets["ledger index"], targets["other table"]},
			"dynamodb:Delete": {targets["its ledger"]},
		} {
			for _, name := range names {
				ask := policy.Policies{Identity: []*policy.Document{doc}}
				if action == "sts:AssumeRole" {
					ask.Resource = trusting
				}
				arn, err := account.ParseARN(name)
				if err != nil {
					t.Fatal(err)
				}
				res := policy.Evaluate(policy.Request{
					Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/x", Account: here.Account},
					Action:    action, Resource: policy.Resource{ARN: name, Account: arn.Account}, Context: facts,
				}, ask)
				if res.Decision == policy.Allowed {
					got[action] = append(got[action], name)
				}
			}
		}
		return got
	}
	ledger := []string{targets["its ledger"], targets["ledger index"]}
	for name, tt := range map[string]struct{ got, want map[string][]string }{
		"alone":       {at(here.Account, "", ""), map[string][]string{"dynamodb:Query": ledger}},
		"home":        {at(here.Account, org, keeper), map[string][]string{"dynamodb:Query": ledger, "sts:AssumeRole": {"arn:aws:iam::444455556666:role/warden-operator", keeper}}},
		"in a member": {at("999988887777", org, keeper), map[string][]string{}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The forwarder's state is for the rule of STS and sign-ins alone: only there
// do reads, AssumeRole above all, matter.
func TestForwarderState(t *testing.T) {
	t.Parallel()
	const all = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	for _, template := range []string{"guard", "guard-forwarder", "guard-member"} {
		for id, r := range resolve(t, template, map[string]string{"RuleState": all}).Resources {
			if r.Type != "AWS::Events::Rule" || r.Properties["EventPattern"] == nil {
				continue
			}
			if got := r.Properties["State"]; (got == all) != (id == "IdentityRule") {
				t.Errorf("%s: the state of %s is %v", template, id, got)
			}
		}
	}
}
