package detect

import (
	"slices"
	"strings"
	"testing"

	"warden/change"
)

func TestLeft(t *testing.T) {
	t.Parallel()
	const base = "arn:aws:iam::111122223333:"
	user := func(kind change.Kind, name string) change.Setting {
		return change.Setting{Kind: kind, Target: base + "user/ops/eve", Name: name}
	}
	role := change.Setting{Kind: change.Trust, Target: base + "role/app"}
	policy := change.Setting{Kind: change.DefaultVersion, Target: base + "policy/p"}
	for _, tt := range []struct {
		x    Example
		s    change.Setting
		want string // "" means that it is not about the setting
	}{
		{Example{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"APP","policyDocument":"{}"}`}, role, "{}"},
		{Example{Call: "iam:CreateRole", Request: `{"roleName":"app","assumeRolePolicyDocument":"{}"}`}, role, "{}"},
		{Example{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"other","policyDocument":"{}"}`}, role, ""},
		{Example{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"app","policyDocument":"{}"}`, Error: "AccessDenied"}, role, ""},
		{Example{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"p","policyDocument":"{}"}`}, user(change.Inline, "p"), "{}"},
		{Example{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"q","policyDocument":"{}"}`}, user(change.Inline, "p"), ""},
		{Example{Call: "iam:PutRolePolicy", Request: `{"roleName":"eve","policyName":"p","policyDocument":"{}"}`}, user(change.Inline, "p"), ""},
		{Example{Call: "iam:DeleteUserPolicy", Request: `{"userName":"eve","policyName":"p"}`}, user(change.Inline, "p"), "absent"},
		{Example{Call: "iam:CreateUser", Request: `{"userName":"eve"}`}, user(change.Inline, "p"), "absent"},
		{Example{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:p"}`}, user(change.Attachment, "arn:p"), "attached"},
		{Example{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:p"}`}, user(change.Attachment, "arn:p"), "absent"},
		{Example{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:q"}`}, user(change.Attachment, "arn:p"), ""},
		{Example{Call: "iam:PutUserPermissionsBoundary", Request: `{"userName":"eve","permissionsBoundary":"arn:b"}`}, user(change.Boundary, ""), "arn:b"},
		{Example{Call: "iam:CreateUser", Request: `{"userName":"eve","permissionsBoundary":"arn:b"}`}, user(change.Boundary, ""), "arn:b"},
		{Example{Call: "iam:CreateUser", Request: `{"userName":"eve"}`}, user(change.Boundary, ""), "absent"},
		{Example{Call: "iam:DeleteUserPermissionsBoundary", Request: `{"userName":"eve"}`}, user(change.Boundary, ""), "absent"},
		{Example{Call: "iam:AddUserToGroup", Request: `{"userName":"eve","groupName":"Devs"}`}, user(change.Membership, "devs"), "member"},
		{Example{Call: "iam:RemoveUserFromGroup", Request: `{"userName":"eve","groupName":"devs"}`}, user(change.Membership, "devs"), "absent"},
		{Example{Call: "iam:CreatePolicy", Request: `{"policyName":"p","policyDocument":"{}"}`, Response: `{"policy":{"arn":"` + base + `policy/p"}}`}, policy, "v1 {}"},
		{Example{Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"` + base + `policy/p","policyDocument":"{}","setAsDefault":true}`, Response: `{"policyVersion":{"versionId":"v2"}}`}, policy, "v2 {}"},
		{Example{Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"` + base + `policy/p","policyDocument":"{}"}`}, policy, ""},
		{Example{Call: "iam:SetDefaultPolicyVersion", Request: `{"policyArn":"` + base + `policy/p","versionId":"v3"}`}, policy, "v3 "},
		{Example{Call: "iam:TagUser", Request: `{"userName":"eve"}`}, user(change.SSHKey, "k"), ""},
		{Example{Call: "s3:CreateRole", Request: `{"roleName":"app"}`}, role, ""},
	} {
		st, ok := Left(event(t, tt.x), tt.s)
		if ok != (tt.want != "") || ok && st.String() != tt.want {
			t.Errorf("%+v left %s as %s, %v, want %q", tt.x, tt.s, st, ok, tt.want)
		}
		if _, call, _ := strings.Cut(tt.x.Call, ":"); ok && !slices.Contains(Writers(tt.s), call) {
			t.Errorf("%s is no writer of %s", call, tt.s)
		}
	}
	if w := Writers(change.Setting{Kind: change.Trust, Target: "no ARN"}); w != nil {
		t.Errorf("writers %q", w)
	}
}
