package change_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/change"
)

const (
	userARN   = "arn:aws:iam::123456789012:user/ci/deploy"
	role      = "arn:aws:iam::123456789012:role/app"
	group     = "arn:aws:iam::123456789012:group/dev"
	policyARN = "arn:aws:iam::123456789012:policy/DENY-IAM"
	oidc      = "arn:aws:iam::123456789012:oidc-provider/idp.example"
	saml      = "arn:aws:iam::123456789012:saml-provider/idp"
	doc       = `{"Version":"2012-10-17","Statement":[]}`
	other     = "{\n  \"Version\": \"2012-10-17\"\n}"
)

var (
	user    = change.Identity{ARN: userARN, ID: "AIDAEXAMPLE"}
	session = change.Denial{Action: "iam:*", Key: change.UserID, Value: "AROAEXAMPLE:bad", Until: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
)

const scp = "arn:aws:organizations::999999999999:policy/o-exampleorg/service_control_policy/p-example1"

func version(id, text string) change.State {
	return change.State{Exists: true, Text: text, Version: id}
}

// steps has every constructor, with the call and its inverse.
var steps = []struct {
	step            change.Step
	action, inverse change.Action
}{
	{change.Attach(user, policyARN), "AttachUserPolicy", "DetachUserPolicy"},
	{change.Attach(change.Identity{ARN: role}, policyARN), "AttachRolePolicy", "DetachRolePolicy"},
	{change.Attach(change.Identity{ARN: group}, policyARN), "AttachGroupPolicy", "DetachGroupPolicy"},
	{change.Detach(user, policyARN), "DetachUserPolicy", "AttachUserPolicy"},
	{change.Detach(change.Identity{ARN: role}, policyARN), "DetachRolePolicy", "AttachRolePolicy"},
	{change.Detach(change.Identity{ARN: group}, policyARN), "DetachGroupPolicy", "AttachGroupPolicy"},
	{change.PutInline(user, "p", change.Absent, doc), "PutUserPolicy", "DeleteUserPolicy"},
	{change.PutInline(user, "p", change.Is(other), doc), "PutUserPolicy", "PutUserPolicy"},
	{change.PutInline(change.Identity{ARN: role}, "p", change.Absent, doc), "PutRolePolicy", "DeleteRolePolicy"},
	{change.DeleteInline(user, "p", doc), "DeleteUserPolicy", "PutUserPolicy"},
	{change.DeleteInline(change.Identity{ARN: role}, "p", doc), "DeleteRolePolicy", "PutRolePolicy"},
	{change.DeactivateKey(user, "AKIAEXAMPLE"), "UpdateAccessKey", "UpdateAccessKey"},
	{change.ActivateKey(user, "AKIAEXAMPLE"), "UpdateAccessKey", "UpdateAccessKey"},
	{change.PutBoundary(user, change.Absent, policyARN), "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"},
	{change.PutBoundary(user, change.Is(policyARN+"2"), policyARN), "PutUserPermissionsBoundary", "PutUserPermissionsBoundary"},
	{change.DeleteBoundary(user, policyARN), "DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary"},
	{change.PutBoundary(change.Identity{ARN: role}, change.Absent, policyARN), "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"},
	{change.DeleteBoundary(change.Identity{ARN: role}, policyARN), "DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"},
	{change.PutStatement(change.Identity{ARN: role}, "DENY-IAM-SESSIONS", change.Absent, session), "PutRolePolicy", "PutRolePolicy"},
	{change.PutStatement(user, "own", change.Absent, session), "PutUserPolicy", "PutUserPolicy"},
	{change.PutGuardrail(scp, change.Absent, session), "UpdatePolicy", "UpdatePolicy"},
	{change.CreatePolicy(policyARN, doc, "why"), "CreatePolicy", "DeletePolicy"},
	{change.DeletePolicy(policyARN, doc), "DeletePolicy", "CreatePolicy"},
	{change.CreatePolicyVersion(policyARN, version("v1", other), doc), "CreatePolicyVersion", "SetDefaultPolicyVersion"},
	{change.SetDefaultPolicyVersion(policyARN, version("v2", doc), version("v1", other)), "SetDefaultPolicyVersion", "SetDefaultPolicyVersion"},
	{change.DeletePolicyVersion(policyARN, "v3", doc), "DeletePolicyVersion", ""},
	{change.PutInline(change.Identity{ARN: group}, "p", change.Absent, doc), "PutGroupPolicy", "DeleteGroupPolicy"},
	{change.DeleteInline(change.Identity{ARN: group}, "p", doc), "DeleteGroupPolicy", "PutGroupPolicy"},
	{change.PutTrust(change.Identity{ARN: role}, doc, other), "UpdateAssumeRolePolicy", "UpdateAssumeRolePolicy"},
	{change.AddMember(user, "dev"), "AddUserToGroup", "RemoveUserFromGroup"},
	{change.RemoveMember(user, "dev"), "RemoveUserFromGroup", "AddUserToGroup"},
	{change.DeletePassword(user, "2026-11-23T10:00:00Z"), "DeleteLoginProfile", ""},
	{change.Deactivate(change.SSHKey, user, "APKAEXAMPLE"), "UpdateSSHPublicKey", "UpdateSSHPublicKey"},
	{change.Deactivate(change.Certificate, user, "TA7EXAMPLE"), "UpdateSigningCertificate", "UpdateSigningCertificate"},
	{change.Deactivate(change.ServiceCredential, user, "ACCAEXAMPLE"), "UpdateServiceSpecificCredential", "UpdateServiceSpecificCredential"},
	{change.LeaveProfile(change.Identity{ARN: role}, "web"), "RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"},
	{change.LeaveProfile(change.Identity{ARN: role}, "web").Inverse(change.Absent), "AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"},
	{change.RemoveOIDCClient(oidc, "me"), "RemoveClientIDFromOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider"},
	{change.RemoveOIDCClient(oidc, "me").Inverse(change.Absent), "AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"},
	{change.DeleteProvider(change.OIDCProvider, oidc, `{"url":"idp.example"}`), "DeleteOpenIDConnectProvider", "CreateOpenIDConnectProvider"},
	{change.DeleteProvider(change.OIDCProvider, oidc, `{"url":"idp.example"}`).Inverse(change.Absent), "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider"},
	{change.DeleteProvider(change.SAMLProvider, saml, "<xml/>"), "DeleteSAMLProvider", "CreateSAMLProvider"},
	{change.DeleteProvider(change.SAMLProvider, saml, "<xml/>").Inverse(change.Absent), "CreateSAMLProvider", "DeleteSAMLProvider"},
}

func TestStepsAndInverses(t *testing.T) {
	t.Parallel()
	seen := map[change.Action]bool{}
	for _, tt := range steps {
		seen[tt.action] = true
		if tt.step.Action != tt.action || tt.step.InverseAction() != tt.inverse {
			t.Errorf("%s: %s with inverse %q, want %s with %q", tt.step, tt.step.Action, tt.step.InverseAction(), tt.action, tt.inverse)
		}
		if tt.inverse == "" {
			continue
		}
		inv := tt.step.Inverse(change.State{})
		if inv.Before != tt.step.After || inv.After != tt.step.Before || inv.Setting != tt.step.Setting || inv.TargetID != tt.step.TargetID {
			t.Errorf("%s: inverse %+v", tt.step, inv)
		}
	}
	for _, a := range change.Actions() {
		if !seen[a] {
			t.Errorf("no constructor makes %s", a)
		}
	}
}

func newPlan(t testing.TB, round int, steps ...change.Step) change.Plan {
	t.Helper()
	p, err := change.NewPlan(change.Plan{Account: "123456789012", Incident: "i", Round: round, Title: "t", Reason: "r <&>",
		CreatedAt: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func allSteps() []change.Step {
	out := make([]change.Step, len(steps))
	for i, s := range steps {
		out[i] = s.step.Because("because")
	}
	out[0] = out[0].Captured(time.Date(2026, 11, 23, 9, 59, 59, 123, time.UTC))
	out[1].Undoes = []string{"a", "b"}
	return out
}

func TestPlanRoundTrip(t *testing.T) {
	t.Parallel()
	want := newPlan(t, 3, allSteps()...)
	var b bytes.Buffer
	if err := change.WritePlan(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := change.ReadPlan("plan.json", &b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	base := change.Attach(user, policyARN)
	id := func(round int, s change.Step) string { return newPlan(t, round, s).Steps[0].ID }
	want := id(1, base)
	if len(want) != 64 || change.Short(want) != want[:12] {
		t.Errorf("id %q", want)
	}
	for name, s := range map[string]change.Step{"reason": base.Because("x"), "captured": base.Captured(time.Unix(1, 0))} {
		if id(1, s) != want {
			t.Errorf("%s must not be part of the id", name)
		}
	}
	undo := base
	undo.Undoes = []string{"x"}
	reborn := base
	reborn.TargetID = "AIDAOTHER"
	for name, got := range map[string]string{
		"round": id(2, base), "undoes": id(1, undo), "unique id": id(1, reborn), "policy": id(1, change.Attach(user, policyARN+"2")), "direction": id(1, change.Detach(user, policyARN)),
		"target": id(1, change.Attach(change.Identity{ARN: userARN + "2", ID: user.ID}, policyARN)),
	} {
		if got == want {
			t.Errorf("%s must be part of the id", name)
		}
	}
	a, b := newPlan(t, 1, steps[0].step, steps[1].step), newPlan(t, 1, steps[1].step, steps[0].step)
	if a.ID == b.ID {
		t.Error("the order of steps must be part of a plan's id")
	}
}

func TestRefusedPlans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		plan       change.Plan
	}{
		{"no account", "account", change.Plan{Incident: "i", Round: 1}},
		{"no round", "count from 1", change.Plan{Account: "1", Incident: "i"}},
		{"the same step twice", "twice", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{steps[0].step, steps[0].step}}},
		{"attach to a policy", "not a user, role or group", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.Attach(change.Identity{ARN: policyARN}, policyARN)}}},
		{"attach what is no policy", "not the ARN of a policy", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.Attach(user, "DENY-IAM")}}},
		{"no ARN", "not a user, role or group", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.Attach(change.Identity{ARN: "deploy"}, policyARN)}}},
		{"nothing changes", "the same", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.PutInline(user, "p", change.Is(doc), doc)}}},
		{"not JSON", "not JSON", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.PutInline(user, "p", change.Absent, "{")}}},
		{"make a deleted key", "gone for good", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{
			change.Transition(change.Setting{Kind: change.AccessKey, Target: userARN, Name: "AKIA"}, "", change.Absent, change.Is(change.Active))}}},
		{"a password made again", "cannot be made again", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{
			change.Transition(change.Setting{Kind: change.LoginProfile, Target: userARN}, "", change.Absent, change.Is("2026-11-23T10:00:00Z"))}}},
		{"a role without trust", "only be changed", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{
			change.Transition(change.Setting{Kind: change.Trust, Target: role}, "", change.Is(doc), change.Absent)}}},
		{"a role in a group", "not a user", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.AddMember(change.Identity{ARN: role}, "dev")}}},
		{"no group", "no name", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.AddMember(user, "")}}},
		{"an unknown status", "no state of it", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{
			change.Transition(change.Setting{Kind: change.SSHKey, Target: userARN, Name: "APKA"}, "", change.Is("Expired"), change.Is(change.Inactive))}}},
		{"trust that is not JSON", "not JSON", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{change.PutTrust(change.Identity{ARN: role}, doc, "{")}}},
		{"an unknown kind", "unknown kind", change.Plan{Account: "1", Incident: "i", Round: 1, Steps: []change.Step{
			change.Transition(change.Setting{Kind: "mood", Target: userARN}, "", change.Absent, change.Is("x"))}}},
	} {
		if _, err := change.NewPlan(tt.plan); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
}

func TestReadPlanIsStrict(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := change.WritePlan(&b, newPlan(t, 1, steps[0].step, steps[7].step)); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	for _, tt := range []struct{ name, old, new, want string }{
		{"newer format", `"version": 1`, `"version": 2`, "format version 2, this program reads version 1"},
		{"no format", `"version": 1`, `"version": 0`, "format version 0"},
		{"unknown field", `"round": 1`, `"round": 1, "rounds": 1`, `unknown field "rounds"`},
		{"unknown field in a step", `"action": "PutUserPolicy"`, `"action": "PutUserPolicy", "x": 1`, `unknown field "x"`},
		{"unknown field in a state", `"text": "attached"`, `"text": "attached", "x": 1`, `unknown field "x"`},
		{"state without text", `"text": "attached"`, `"version": "v1"`, `"text" is missing`},
		{"another target", "user/ci/deploy", "user/ci/other", "changed after it was planned"},
		{"another document", `Statement`, `Statements`, "changed after it was planned"},
		{"another action", `"PutUserPolicy"`, `"DeleteUserPolicy"`, "the states call for PutUserPolicy"},
		{"another inverse", `"inverse": "DetachUserPolicy"`, `"inverse": "AttachUserPolicy"`, "its inverse is"},
		{"another incident", `"incident": "i"`, `"incident": "j"`, "changed after it was planned"},
		{"another kind of plan", `"round": 1`, `"round": 1, "undo": true`, "changed after it was made"},
		{"two plans", "\n}\n", "\n}\n{}\n", "more after the plan"},
		{"cut off", good[len(good)/2:], "", "unexpected EOF"},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		if text == good {
			t.Fatalf("%s: nothing replaced", tt.name)
		}
		_, err := change.ReadPlan("plan.json", strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "plan.json: ") {
			t.Errorf("%s: error %v, want %q in it", tt.name, err, tt.want)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b change.State
		want bool
	}{
		{change.Absent, change.State{}, true},
		{change.Absent, change.Is(""), false},
		{change.Is(doc), change.Is(doc), true},
		{change.Is(`{"a": 1}`), change.Is("{\"a\":1}\n"), true},
		{change.Is(`{"a": "x y"}`), change.Is(`{"a":"xy"}`), false},
		{change.Is(`{"a":1,"b":2}`), change.Is(`{"b":2,"a":1}`), false},
		{version("v1", doc), change.Is(doc), true},
		{version("v1", doc), version("v2", doc), false},
		{change.State{Exists: true, Text: doc, Description: "a"}, change.Is(doc), true},
	} {
		if got := tt.a.Same(tt.b); got != tt.want || tt.b.Same(tt.a) != tt.want {
			t.Errorf("%s and %s: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	var b bytes.Buffer
	p, err := change.NewPlan(change.Plan{Account: "1", Incident: "i", Round: 1, Steps: allSteps()})
	if err != nil {
		f.Fatal(err)
	}
	if err := change.WritePlan(&b, p); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := change.ReadPlan("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := change.ReadPlan("f", bytes.NewReader(again)); err != nil || q.ID != p.ID {
			t.Fatalf("%v: %s", err, again)
		}
	})
}

func ExampleNewPlan() {
	user := change.Identity{ARN: "arn:aws:iam::123456789012:user/ci/deploy", ID: "AIDAEXAMPLE"}
	p, err := change.NewPlan(change.Plan{
		Account: "123456789012", Incident: "leaked-key", Round: 1,
		Steps: []change.Step{
			change.Attach(user, "arn:aws:iam::123456789012:policy/DENY-IAM"),
			change.DeactivateKey(user, "AKIAEXAMPLE"),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range p.Steps {
		fmt.Println(s)
		fmt.Println("  given back by", s.Inverse(change.State{}))
	}
	// Output:
	// AttachUserPolicy: policy/DENY-IAM to user/ci/deploy
	//   given back by DetachUserPolicy: policy/DENY-IAM from user/ci/deploy
	// UpdateAccessKey: access key AKIAEXAMPLE of user/ci/deploy from Active to Inactive
	//   given back by UpdateAccessKey: access key AKIAEXAMPLE of user/ci/deploy from Inactive to Active
}
