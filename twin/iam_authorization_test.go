package twin

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestGroupGrantsAndBoundaryLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, s := w.admin(), aws.String
	id, secret := w.newUser("member", "")
	me := w.iamWith(id, secret, "")
	create := func(name string) error {
		_, err := me.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		return err
	}
	wants(t, create("one"), "AccessDenied", "because no identity-based policy allows the iam:CreateUser action")
	_, err := a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: s("Administrators"), UserName: s("member")})
	w.must(err)
	w.must(create("one"))
	_, err = a.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: s("member"), PermissionsBoundary: s(w.arn("policy", "/boundaries/developer-boundary"))})
	w.must(err)
	wants(t, create("two"), "AccessDenied", "because no permissions boundary allows the iam:CreateUser action")
	_, err = a.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: s("member")})
	w.must(err)
	w.must(create("two"))
	_, err = a.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: s("Administrators"), PolicyName: s("stop"), PolicyDocument: s(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"arn:aws:iam::*:user/three"}]}`)})
	w.must(err)
	wants(t, create("three"), "AccessDenied", "with an explicit deny in an identity-based policy")
	w.must(create("four"))
	_, err = a.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: s("Administrators"), UserName: s("member")})
	w.must(err)
	wants(t, create("five"), "AccessDenied", "")
}

// Each condition key of IAM lets one call through and stops its sister.
func TestConditionKeys(t *testing.T) {
	t.Parallel()
	s := aws.String
	under := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":` + condition + `}]}`
	}
	boundary := "arn:aws:iam::" + SampleAccount + ":policy/boundaries/developer-boundary"
	tag := func(k, v string) []types.Tag { return []types.Tag{{Key: &k, Value: &v}} }
	tests := []struct {
		name, document string
		good, bad      func(c *iam.Client) error
	}{
		{"iam:PolicyARN", under(`{"ArnEquals":{"iam:PolicyARN":"` + adminPolicy + `"}}`),
			func(c *iam.Client) error {
				_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: s("warden"), PolicyArn: s(adminPolicy)})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: s("warden"), PolicyArn: s("arn:aws:iam::aws:policy/IAMFullAccess")})
				return err
			}},
		{"iam:PermissionsBoundary, requested", under(`{"StringEquals":{"iam:PermissionsBoundary":"` + boundary + `"}}`),
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("bounded"), PermissionsBoundary: &boundary})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("free")})
				return err
			}},
		{"iam:PermissionsBoundary, of the target", under(`{"StringEquals":{"iam:PermissionsBoundary":"` + boundary + `"}}`),
			func(c *iam.Client) error {
				_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("booking-api"), PolicyName: s("x"), PolicyDocument: s(allowAll)})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("deploy"), PolicyName: s("x"), PolicyDocument: s(allowAll)})
				return err
			}},
		{"aws:RequestTag", under(`{"StringEquals":{"aws:RequestTag/team":"blue"}}`),
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("x"), Tags: tag("team", "blue")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("y"), Tags: tag("team", "red")})
				return err
			}},
		{"aws:TagKeys", under(`{"ForAnyValue:StringEquals":{"aws:TagKeys":"spare"}}`),
			func(c *iam.Client) error {
				_, err := c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: s("deploy"), TagKeys: []string{"spare"}})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: s("deploy"), TagKeys: []string{"owner"}})
				return err
			}},
		{"aws:ResourceTag", under(`{"StringEquals":{"aws:ResourceTag/department":"finance"}}`),
			func(c *iam.Client) error {
				_, err := c.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: s("finance-person")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: s("warden")})
				return err
			}},
		{"iam:ResourceTag", under(`{"StringEquals":{"iam:ResourceTag/owner":"platform"}}`),
			func(c *iam.Client) error {
				_, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: s("deploy")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: s("booking-api")})
				return err
			}},
		{"the stored ARN, with its path", allow("arn:aws:iam::*:user/ci/*", "iam:GetUser"),
			func(c *iam.Client) error {
				_, err := c.GetUser(ctx, &iam.GetUserInput{UserName: s("CI-Deploy")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.GetUser(ctx, &iam.GetUserInput{UserName: s("warden")})
				return err
			}},
		{"both ARNs of a move", allow("arn:aws:iam::*:user/ci/*", "iam:UpdateUser"),
			func(c *iam.Client) error {
				_, err := c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: s("ci-deploy"), NewPath: s("/ci/old/")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: s("ci-deploy"), NewPath: s("/elsewhere/")})
				return err
			}},
		{"the right to tag, for tags on creation", allow("*", "iam:CreateUser"),
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("x")})
				return err
			},
			func(c *iam.Client) error {
				_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("y"), Tags: tag("a", "b")})
				return err
			}},
		{"the path that is listed", allow("arn:aws:iam::*:user/ci/*", "iam:ListUsers"),
			func(c *iam.Client) error {
				_, err := c.ListUsers(ctx, &iam.ListUsersInput{PathPrefix: s("/ci/")})
				return err
			},
			func(c *iam.Client) error { _, err := c.ListUsers(ctx, &iam.ListUsersInput{}); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Faults{})
			_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: s("finance-person"), Tags: tag("department", "finance")})
			w.must(err)
			id, secret := w.newUser("subject", tt.document)
			me := w.iamWith(id, secret, "")
			w.must(tt.good(me))
			wants(t, tt.bad(me), "AccessDenied", "is not authorized to perform")
		})
	}
}

// The guard's role can do its work, and nothing more.
func TestGuardRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	s := aws.String
	c := w.iamBy(w.assume(w.truth.Guard, w.truth.GuardRole))
	deny := s(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}`)
	made, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: s("DENY-IAM"), PolicyDocument: deny})
	w.must(err)
	user := &w.truth.Intruder
	thief := w.iam(*user)
	_, err = thief.CreateUser(ctx, &iam.CreateUserInput{UserName: s("test-dummy-user")})
	w.must(err)
	_, err = c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: made.Policy.Arn})
	w.must(err)
	_, err = thief.CreateUser(ctx, &iam.CreateUserInput{UserName: s("test-dummy-user-2")})
	wants(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")
	keys, err := c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: user})
	w.must(err)
	_, err = c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: user, AccessKeyId: keys.AccessKeyMetadata[0].AccessKeyId, Status: types.StatusTypeInactive})
	w.must(err)
	_, err = c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: s("arn:aws:iam::aws:policy/IAMFullAccess")})
	w.must(err)
	_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("deploy"), PolicyName: s("quarantine"), PolicyDocument: deny})
	w.must(err)
	for _, read := range []func() error{
		func() error { _, err := c.GetUser(ctx, &iam.GetUserInput{UserName: user}); return err },
		func() error {
			_, err := c.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user})
			return err
		},
		func() error {
			_, err := c.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: user})
			return err
		},
		func() error {
			_, err := c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: user, PolicyName: s("assume-deploy")})
			return err
		},
		func() error {
			_, err := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: s("v1")})
			return err
		},
		func() error {
			_, err := c.GetGroup(ctx, &iam.GetGroupInput{GroupName: s("Administrators")})
			return err
		},
		func() error {
			_, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: s("deploy"), PolicyName: s("quarantine")})
			return err
		},
	} {
		w.must(read())
	}

	for name, call := range map[string]func() error{
		"attach another policy": func() error {
			_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: s("warden"), PolicyArn: s(adminPolicy)})
			return err
		},
		"create another policy": func() error {
			_, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: s("MINE"), PolicyDocument: s(allowAll)})
			return err
		},
		"change itself": func() error {
			_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("warden-guard"), PolicyName: s("more"), PolicyDocument: s(allowAll)})
			return err
		},
		"create a user":  func() error { _, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: s("x")}); return err },
		"list all roles": func() error { _, err := c.ListRoles(ctx, &iam.ListRolesInput{}); return err },
	} {
		if err := call(); err == nil {
			t.Errorf("the guard's role can %s", name)
		} else {
			wants(t, err, "AccessDenied", "")
		}
	}
}

func TestProtectedRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, s := w.admin(), aws.String
	for _, arn := range []string{w.truth.ServiceLinkedRole, w.truth.SSORole} {
		name := s(nameOf(arn))
		calls := map[string]func() error{
			"trust": func() error {
				_, err := a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: s(trustingService("ec2"))})
				return err
			},
			"attach": func() error {
				_, err := a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: s(adminPolicy)})
				return err
			},
			"detach": func() error {
				_, err := a.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: s(adminPolicy)})
				return err
			},
			"put": func() error {
				_, err := a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: s("x"), PolicyDocument: s(allowAll)})
				return err
			},
			"delete": func() error {
				_, err := a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: s("x")})
				return err
			},
			"boundary": func() error {
				_, err := a.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: s(adminPolicy)})
				return err
			},
			"unbound": func() error {
				_, err := a.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
				return err
			},
			"remove": func() error { _, err := a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); return err },
			"session": func() error {
				_, err := a.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(7200)})
				return err
			},
		}
		for what, call := range calls {
			t.Run(what+" "+*name, func(t *testing.T) {
				wants(t, call(), "UnmodifiableEntity", "Cannot perform the operation on the protected role '"+*name+"' - this role is only modifiable by AWS")
			})
		}
		if _, err := a.GetRole(ctx, &iam.GetRoleInput{RoleName: name}); err != nil {
			t.Error(err)
		}
	}
	// Of service-linked roles people may change description and tags.
	linked := s(nameOf(w.truth.ServiceLinkedRole))
	_, err := a.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: linked, Description: s("ours")})
	w.must(err)
	_, err = a.TagRole(ctx, &iam.TagRoleInput{RoleName: linked, Tags: []types.Tag{{Key: s("a"), Value: s("b")}}})
	w.must(err)
	_, err = a.UpdateRoleDescription(ctx, &iam.UpdateRoleDescriptionInput{RoleName: s(nameOf(w.truth.SSORole)), Description: s("ours")})
	wants(t, err, "UnmodifiableEntity", "")
}

func TestChangesOfARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, s, name := w.admin(), aws.String, aws.String("deploy")
	_, err := a.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: s("new words"), MaxSessionDuration: aws.Int32(7200)})
	w.must(err)
	_, err = a.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: s("arn:aws:iam::aws:policy/AmazonS3FullAccess")})
	w.must(err)
	got, err := a.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	w.must(err)
	if r := got.Role; *r.Description != "new words" || *r.MaxSessionDuration != 7200 || *r.PermissionsBoundary.PermissionsBoundaryArn != "arn:aws:iam::aws:policy/AmazonS3FullAccess" {
		t.Errorf("role %+v", r)
	}
	_, err = a.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: s(w.arn("policy", "/absent"))})
	wants(t, err, "NoSuchEntity", "does not exist or is not attachable")
	_, err = a.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
	w.must(err)
	_, err = a.UntagUser(ctx, &iam.UntagUserInput{UserName: s("warden"), TagKeys: []string{"OWNER", "department"}})
	w.must(err)
	u, err := a.GetUser(ctx, &iam.GetUserInput{UserName: s("warden")})
	w.must(err)
	if len(u.User.Tags) != 0 {
		t.Errorf("tags %v", u.User.Tags)
	}
}
