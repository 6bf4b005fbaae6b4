package deploy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/deploy"
	"warden/policy"
)

// accountWith is an account in which a stack was made: its roles, policies and
// groups, an administrator, somebody who may do nothing, somebody who has each
// managed policy that the stack makes, and a developer who may change and
// invoke every function.
func accountWith(t *testing.T, stacks ...*deploy.Stack) *account.Snapshot {
	t.Helper()
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	s := &account.Snapshot{Version: account.Version, Account: here.Account, Partition: here.Partition, CollectedAt: at}
	arn := func(kind, name string) string { return "arn:aws:iam::" + here.Account + ":" + kind + "/" + name }
	managed := func(name, arn, text string) {
		s.Policies = append(s.Policies, account.ManagedPolicy{
			Path: "/", Name: name, ID: "ANPA" + name, ARN: arn, CreateDate: at, UpdateDate: at,
			Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: at, Document: json.RawMessage(text)}},
		})
	}
	user := func(name string, attached ...string) {
		s.Users = append(s.Users, account.User{Path: "/", Name: name, ID: "AIDA" + name, ARN: arn("user", name), CreateDate: at, Attached: attached})
	}
	role := func(name, trust string) {
		s.Roles = append(s.Roles, account.Role{Path: "/", Name: name, ID: "AROA" + name, ARN: arn("role", name), CreateDate: at, Trust: json.RawMessage(trust)})
	}
	managed("AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	managed("developer", arn("policy", "developer"), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["lambda:Update*","lambda:InvokeFunction"],"Resource":"*"}}`)
	user("admin", "arn:aws:iam::aws:policy/AdministratorAccess")
	user("nobody")
	user("developer", arn("policy", "developer"))
	trustsAll := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, here.Account)
	role("AdminRole", trustsAll) // which trusts everybody who may assume it
	s.Roles[0].Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	for _, stack := range stacks {
		for _, id := range slices.Sorted(maps.Keys(stack.Resources)) {
			p := stack.Resources[id].Properties
			switch stack.Resources[id].Type {
			case "AWS::IAM::Role":
				name := text(p["RoleName"], id)
				role(name, document(t, stack, id, "AssumeRolePolicyDocument"))
				last := &s.Roles[len(s.Roles)-1]
				for _, in := range inlines(p) {
					last.Inline = append(last.Inline, account.InlinePolicy{Name: text(in["PolicyName"], ""), Document: marshal(t, in["PolicyDocument"])})
				}
				last.Attached = append(last.Attached, texts(p["ManagedPolicyArns"])...)
			case "AWS::IAM::ManagedPolicy":
				name := text(p["ManagedPolicyName"], id)
				managed(name, arn("policy", name), document(t, stack, id, "PolicyDocument"))
				user("has-"+name, arn("policy", name))
				for _, r := range texts(p["Roles"]) {
					attach(s, r, arn("policy", name))
				}
			case "AWS::IAM::Group":
				name := text(p["GroupName"], id)
				s.Groups = append(s.Groups, account.Group{Path: "/", Name: name, ID: "AGPA" + name, ARN: arn("group", name), CreateDate: at, Attached: texts(p["ManagedPolicyArns"])})
				user("in-" + name)
				s.Users[len(s.Users)-1].Groups = []string{name}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(stack.Resources)) {
			r := stack.Resources[id]
			if r.Type != "AWS::IAM::RolePolicy" {
				continue
			}
			i := slices.IndexFunc(s.Roles, func(x account.Role) bool { return x.Name == r.Properties["RoleName"] })
			if i < 0 {
				t.Fatalf("%s is of the role %v, which there is not", id, r.Properties["RoleName"])
			}
			s.Roles[i].Inline = append(s.Roles[i].Inline, account.InlinePolicy{Name: text(r.Properties["PolicyName"], ""), Document: marshal(t, r.Properties["PolicyDocument"])})
		}
	}
	return s
}

func attach(s *account.Snapshot, role, policyARN string) {
	for i := range s.Roles {
		if s.Roles[i].Name == role {
			s.Roles[i].Attached = append(s.Roles[i].Attached, policyARN)
		}
	}
}

func text(v any, otherwise string) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	return otherwise
}

func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

func inlines(p map[string]any) (out []map[string]any) {
	list, _ := p["Policies"].([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// guardCombinations are the parameters of the template guard that change what
// its roles may do, in every combination that its rules admit.
func guardCombinations() []map[string]string {
	const keeper = "arn:aws:iam::999988887777:role/warden-guardrail"
	out := []map[string]string{{}}
	for _, choice := range []map[string]string{
		{"ResponseMode": "workflow"},
		{"Level": "deny-all"},
		{"UndoActions": "true"},
		{"CreateResponderRole": "true", "ContainSessions": "true"},
		{"OrganizationId": "o-abcdefghij", "MemberAccounts": "444455556666"},
		{"GuardrailPolicyArn": "arn:aws:organizations::999988887777:policy/o-abcdefghij/service_control_policy/p-1234abcd", "GuardrailRoleArn": keeper},
		{"AdminTag": "team=iam", "ProtectedArns": breakGlass},
	} {
		for _, c := range out {
			with := maps.Clone(c)
			maps.Copy(with, choice)
			out = append(out, with)
		}
	}
	return out
}

// The search for ways to become an administrator (package audit/escalation)
// over accounts with our own stacks: without the responder nobody of warden
// has one, with it the guard and the responder have, and whoever can put code
// into the guard's functions. The administrator in the account is one already.
func TestEscalationOverOurStacks(t *testing.T) {
	t.Parallel()
	ways := func(t *testing.T, s *account.Snapshot) map[string]string {
		t.Helper()
		r := escalation.Find(authorize.New(s), s)
		var admins []string
		for _, a := range slices.Concat(r.Administrators, r.Unclear) {
			admins = append(admins, a.Principal.Name)
		}
		if !slices.Equal(admins, []string{"admin", "AdminRole"}) && !slices.Equal(admins, []string{"AdminRole", "admin"}) {
			t.Errorf("administrators: %v", admins)
		}
		got := map[string]string{}
		for _, w := range r.Ways {
			got[w.Principal.Name] = string(w.State)
		}
		return got
	}
	tried := 0
	for _, parameters := range guardCombinations() {
		want := map[string]string{}
		if parameters["CreateResponderRole"] == "true" {
			// What the developer needs is a function that runs with the guard's
			// role, which no snapshot shows.
			want = map[string]string{"warden-guard": "allowed", "warden-guard-responder": "allowed", "developer": "depends"}
		}
		tried++
		if diff := cmp.Diff(want, ways(t, accountWith(t, resolve(t, "guard", parameters)))); diff != "" {
			t.Errorf("%v: who can become an administrator (-want +got):\n%s", parameters, diff)
		}
	}
	if tried != 128 {
		t.Errorf("%d combinations", tried)
	}
	for _, tt := range []struct {
		template   string
		parameters map[string]string
	}{
		{"guard-member", map[string]string{"GuardAccountId": "999988887777"}},
		{"guard-member", map[string]string{"GuardAccountId": "999988887777", "OrganizationId": "o-abcdefghij", "ExternalId": "secret"}},
		{"guard-forwarder", nil},
		{"guard-organisation", map[string]string{"GuardAccountId": "999988887777"}},
		{"guard-operator", map[string]string{"GuardAccountId": "111122223333", "TrustedArns": "arn:aws:iam::111122223333:user/nobody"}},
		{"guard-operator", map[string]string{"GuardAccountId": "999988887777", "OrganizationId": "o-abcdefghij", "RequireMfa": "false", "TrustedArns": "arn:aws:iam::999988887777:role/warden-operator"}},
		{"guard-operator", map[string]string{
			"GuardAccountId": "111122223333", "OrganizationId": "o-abcdefghij", "TrustedArns": "arn:aws:iam::111122223333:user/nobody", "GuardrailRoleArn": "arn:aws:iam::999988887777:role/warden-guardrail",
		}},
		{"guard-doctor", nil},
		{"audit", nil},
		{"audit", map[string]string{"LambdaS3BucketName": "code", "SecurityHub": "true"}},
		{"audit", map[string]string{"LambdaS3BucketName": "code", "TrustedArn": "arn:aws:iam::111122223333:user/nobody", "Organization": "true"}},
	} {
		if diff := cmp.Diff(map[string]string{}, ways(t, accountWith(t, resolve(t, tt.template, tt.parameters)))); diff != "" {
			t.Errorf("%s %v: who can become an administrator (-want +got):\n%s", tt.template, tt.parameters, diff)
		}
	}
}

// The test above is one that can fail: a guard that could do a little more has
// a way.
func TestEscalationFindsAWiderGuard(t *testing.T) {
	t.Parallel()
	for action, resource := range map[string]string{
		"iam:AttachRolePolicy": "*", "iam:PutRolePolicy": "arn:aws:iam::111122223333:role/*", "sts:AssumeRole": "*", "iam:CreateAccessKey": "*",
		"iam:AddUserToGroup": "*",
	} {
		s := accountWith(t, resolve(t, "guard", nil))
		s.Groups = append(s.Groups, account.Group{Path: "/", Name: "Administrators", ID: "AGPAX", ARN: "arn:aws:iam::111122223333:group/Administrators", Attached: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}})
		for i := range s.Roles {
			if s.Roles[i].Name != "warden-guard" {
				continue
			}
			// Without NeverItself, which would stop what raises the guard itself.
			doc := strings.Replace(string(s.Roles[i].Inline[0].Document), `"Effect":"Deny"`, `"Effect":"Allow"`, 1)
			doc = strings.Replace(doc, `"NotAction":["iam:Get*","iam:List*","sts:AssumeRole"]`, `"Action":"iam:GetRole"`, 1)
			s.Roles[i].Inline = append(s.Roles[i].Inline[:0], account.InlinePolicy{Name: "guard", Document: json.RawMessage(doc)}, account.InlinePolicy{
				Name: "wider", Document: json.RawMessage(fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":%q,"Resource":%q}}`, action, resource)),
			})
		}
		r := escalation.Find(authorize.New(s), s)
		if !slices.ContainsFunc(r.Ways, func(w escalation.Way) bool { return w.Principal.Name == "warden-guard" }) && action != "iam:AddUserToGroup" { // which adds users, and a role is none
			t.Errorf("a guard that may %s on %s has no way", action, resource)
		}
	}
}

// Whom the guard may become, in every combination: nobody; with the responder
// role the responder; in an organisation the member's role there, and the
// keeper of the guardrail where it has one.
func TestWhomTheGuardMayBecome(t *testing.T) {
	t.Parallel()
	others := map[string]struct{ arn, org string }{
		"AdminRole":               {"arn:aws:iam::111122223333:role/AdminRole", "o-abcdefghij"},
		"responder":               {targets["responder role"], "o-abcdefghij"},
		"workflow":                {targets["workflow role"], "o-abcdefghij"},
		"member":                  {"arn:aws:iam::444455556666:role/warden-guard-member", "o-abcdefghij"},
		"member of another":       {"arn:aws:iam::444455556666:role/warden-guard-member", "o-elsewhere00"},
		"another role of members": {"arn:aws:iam::444455556666:role/Admin", "o-abcdefghij"},
		"a path in its name":      {"arn:aws:iam::444455556666:role/x/warden-guard-member", "o-abcdefghij"},
		"keeper":                  {"arn:aws:iam::999988887777:role/warden-guardrail", "o-abcdefghij"},
		"keeper's neighbour":      {"arn:aws:iam::999988887777:role/OrganizationAccountAccessRole", "o-abcdefghij"},
	}
	// Trusts the guard's account, so that the guard's own policy decides.
	trusting := parse(t, "trust", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`)
	for _, parameters := range guardCombinations() {
		var want []string
		if parameters["CreateResponderRole"] == "true" {
			want = append(want, "responder")
		}
		if parameters["MemberAccounts"] != "" {
			want = append(want, "member")
		}
		if parameters["GuardrailRoleArn"] != "" {
			want = append(want, "keeper")
		}
		slices.Sort(want)
		stack := resolve(t, "guard", parameters)
		doc := parse(t, "guard", document(t, stack, "GuardRolePolicy", "PolicyDocument"))
		var got []string
		for name, target := range others {
			facts := policy.Context{}
			facts.Set("aws:ResourceOrgID", policy.One(target.org))
			p := policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: targets["guard role"], ARN: "arn:aws:sts::111122223333:assumed-role/warden-guard/s"}
			res := policy.Evaluate(policy.Request{
				Principal: p, Action: "sts:AssumeRole", Resource: policy.Resource{ARN: target.arn, Account: target.arn[13:25]}, Context: facts,
			}, policy.Policies{Identity: []*policy.Document{doc}, Resource: trusting})
			if res.Decision == policy.Allowed {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%v: the guard may become %v, want %v", parameters, got, want)
		}
		if len(parameters) > 0 && len(parameters) < 11 {
			continue // the rest for nothing chosen, and for everything
		}
		for _, action := range []string{"iam:PassRole", "sts:AssumeRoleWithSAML", "sts:GetFederationToken", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "iam:CreateServiceLinkedRole"} {
			for _, target := range targets {
				if may(doc, targets["guard role"], action, target, "") {
					t.Errorf("%v: the guard may %s on %s", parameters, action, target)
				}
			}
		}
	}
}
