package apply_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/change"
	"warden/change/apply"
)

// holdingsFake adds what reading all policies of an identity needs.
type holdingsFake struct{ *fake }

func (f holdingsFake) ListUserPolicies(_ context.Context, in *iam.ListUserPoliciesInput, _ ...opts) (*iam.ListUserPoliciesOutput, error) {
	return &iam.ListUserPoliciesOutput{PolicyNames: f.inline("user", in.UserName)}, nil
}

func (f holdingsFake) ListRolePolicies(_ context.Context, in *iam.ListRolePoliciesInput, _ ...opts) (*iam.ListRolePoliciesOutput, error) {
	return &iam.ListRolePoliciesOutput{PolicyNames: f.inline("role", in.RoleName)}, nil
}

func (f holdingsFake) ListGroupPolicies(_ context.Context, in *iam.ListGroupPoliciesInput, _ ...opts) (*iam.ListGroupPoliciesOutput, error) {
	return &iam.ListGroupPoliciesOutput{PolicyNames: f.inline("group", in.GroupName)}, nil
}

func (f holdingsFake) inline(kind string, name *string) []string {
	return slices.Sorted(maps.Keys(f.w.Identities[kind+" "+*name].Inline))
}

const allowAll = `{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}`

// TestRegained contains a user and a role session, and expects the undo to
// say what comes back: no more, and no less.
func TestRegained(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	user, role := b.w.Identities["user deploy"], b.w.Identities["role app"]
	b.w.Policies[admin].Versions["v1"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:List*","Resource":"*"}]}`
	user.Attached, user.Boundary = nil, ""
	user.Inline["own"] = `{"Version":"2012-10-17","Statement":[
		{"Sid":"Users","Effect":"Allow","Action":"iam:CreateUser","Resource":"*"},
		{"Sid":"Tag","Effect":"Allow","Action":"iam:TagUser","Resource":"arn:aws:iam::*:user/x/*"},
		{"Sid":"Later","Effect":"Allow","Action":"iam:DeleteUser","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}},
		{"Sid":"Bucket","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	b.w.Policies[teamP].Versions["v2"] = allowAll
	role.Attached = []string{teamP}
	b.w.Policies[teamP+"2"] = &managed{Versions: map[string]string{"v1": allowAll}, Default: "v1", Last: 1}
	sessionDoc := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{
		"StringEquals":{"aws:userid":"%s:bad"},"DateLessThanEquals":{"aws:TokenIssueTime":"2026-11-23T10:00:00Z"}}}]}`, roleID)
	run(t, b, plan(t, 1,
		change.CreatePolicy(denyARN, denyDoc, ""), change.Attach(ci, denyARN), change.PutInline(app, "sessions", change.Absent, sessionDoc), change.DeactivateKey(ci, keyID),
		change.CreatePolicyVersion(teamP+"2", change.State{Exists: true, Text: allowAll, Version: "v1"}, denyDoc),
	), "done done done done done")
	u, err := b.apply.UndoPlan(t.Context(), "inc-1", "", apply.UndoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := apply.GrantedAgain(t.Context(), holdingsFake{b.fake}, u.Plan)
	var lines []string
	for _, g := range got.Gains {
		if g.Session != "" && g.Action != "iam:CreateUser" && !strings.HasPrefix(g.Action, "s3:") {
			continue // the role may do everything
		}
		who := "user"
		if g.Session != "" {
			who = g.Session
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", who, g.Action, g.Resource, g.Then, strings.Join(g.By, ", ")))
	}
	// Not the bucket, which the containment left, and not what the group or a
	// condition may grant without saying so.
	want := []string{
		"user iam:DeleteUser * ImplicitlyDenied ",
		"AROAEXAMPLEAPP0000000:bad iam:CreateUser arn:aws:iam::123456789012:user/any Allowed " + teamP + ":1:38 statement 0 (All) Allow",
		"user iam:CreateUser arn:aws:iam::123456789012:user/any Allowed own:2:3 statement 0 (Users) Allow",
		"user iam:ListUsers * Allowed " + admin + ":1:38 statement 0 Allow",
		"user iam:CreateUser * Allowed own:2:3 statement 0 (Users) Allow",
		"user iam:TagUser arn:aws:iam::123456789012:user/x/any Allowed own:3:3 statement 1 (Tag) Allow",
		"user iam:Listany * Allowed " + admin + ":1:38 statement 0 Allow",
	}
	for _, w := range want {
		if !slices.Contains(lines, w) {
			t.Errorf("missing: %s", w)
		}
	}
	for _, l := range lines {
		if strings.Contains(l, "s3:") || strings.Contains(l, "iam:DeleteUser") && strings.Contains(l, " Allowed ") || strings.Contains(l, roleID+":any") || strings.HasPrefix(l, "user") && !slices.Contains(want, l) {
			t.Errorf("too much: %s", l)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(lines, "\n"))
	}
	if len(got.Keys) != 1 || !strings.Contains(got.Keys[0], keyID) {
		t.Errorf("keys %q", got.Keys)
	}
	if len(got.Unknown) != 1 || !strings.Contains(got.Unknown[0], "DefaultPolicyVersion") {
		t.Errorf("unknown %q", got.Unknown)
	}
}
