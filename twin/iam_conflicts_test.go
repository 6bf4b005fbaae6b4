package twin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const adminPolicy = "arn:aws:iam::aws:policy/AdministratorAccess"

// dependent is something that keeps an entity from being deleted.
type dependent struct {
	name, message string
	add, remove   func() error
}

// conflicts shows that del fails with each dependent and with all of them,
// and works without.
func conflicts(t *testing.T, del func() error, all []dependent) {
	t.Helper()
	for _, d := range all {
		if err := d.add(); err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		wants(t, del(), "DeleteConflict", d.message)
		if err := d.remove(); err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
	}
	if err := del(); err != nil {
		t.Errorf("without dependents: %v", err)
	}
}

func TestDeleteConflictOfUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name, policy, group := w.admin(), aws.String("leaver"), aws.String(adminPolicy), aws.String("CI")
	_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	w.must(err)
	var key *string
	conflicts(t, func() error { _, err := a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}); return err }, []dependent{
		{"login profile", "Cannot delete entity, must delete login profile first.",
			func() error {
				_, err := a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: name, Password: aws.String("Correct-Horse-1")})
				return err
			},
			func() error {
				_, err := a.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: name})
				return err
			}},
		{"access key", "Cannot delete entity, must delete access keys first.",
			func() error {
				out, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
				if err == nil {
					key = out.AccessKey.AccessKeyId
				}
				return err
			},
			func() error {
				_, err := a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key})
				return err
			}},
		{"inline policy", "Cannot delete entity, must delete policies first.",
			func() error {
				_, err := a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(allowAll)})
				return err
			},
			func() error {
				_, err := a.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: name})
				return err
			}},
		{"attached policy", "Cannot delete entity, must detach all policies first.",
			func() error {
				_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: policy})
				return err
			},
			func() error {
				_, err := a.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: policy})
				return err
			}},
		{"group", "Cannot delete entity, must remove users from group first.",
			func() error {
				_, err := a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: name, GroupName: group})
				return err
			},
			func() error {
				_, err := a.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: name, GroupName: group})
				return err
			}},
	})
}

func TestDeleteConflictOfRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name, policy := w.admin(), aws.String("brief"), aws.String(adminPolicy)
	w.newRole(*name, w.arn("root", ""), "")
	// Sessions do not keep a role.
	w.assume(w.truth.Administrator, w.arn("role", "/brief"))
	conflicts(t, func() error { _, err := a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); return err }, []dependent{
		{"inline policy", "must delete policies first",
			func() error {
				_, err := a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(allowAll)})
				return err
			},
			func() error {
				_, err := a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name})
				return err
			}},
		{"attached policy", "must detach all policies first",
			func() error {
				_, err := a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: policy})
				return err
			},
			func() error {
				_, err := a.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: policy})
				return err
			}},
	})
}

func TestDeleteConflictOfGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name, policy := w.admin(), aws.String("short-lived"), aws.String(adminPolicy)
	_, err := a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: name})
	w.must(err)
	conflicts(t, func() error { _, err := a.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name}); return err }, []dependent{
		{"member", "must remove users from group first",
			func() error {
				_, err := a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &w.truth.Guard, GroupName: name})
				return err
			},
			func() error {
				_, err := a.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &w.truth.Guard, GroupName: name})
				return err
			}},
		{"inline policy", "must delete policies first",
			func() error {
				_, err := a.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: name, PolicyName: name, PolicyDocument: aws.String(allowAll)})
				return err
			},
			func() error {
				_, err := a.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: name})
				return err
			}},
		{"attached policy", "must detach all policies first",
			func() error {
				_, err := a.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: policy})
				return err
			},
			func() error {
				_, err := a.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: policy})
				return err
			}},
	})
}

func TestDeleteConflictOfPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, user := w.admin(), &w.truth.Guard
	made, err := a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("passing"), PolicyDocument: aws.String(allowAll)})
	w.must(err)
	arn := made.Policy.Arn
	conflicts(t, func() error { _, err := a.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}); return err }, []dependent{
		{"attachment", "Cannot delete a policy attached to entities.",
			func() error {
				_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
				return err
			},
			func() error {
				_, err := a.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
				return err
			}},
		{"use as boundary", "Cannot delete a policy attached to entities.",
			func() error {
				_, err := a.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: arn})
				return err
			},
			func() error {
				_, err := a.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: user})
				return err
			}},
		{"second version", "This policy has more than one version.",
			func() error {
				_, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allowAll)})
				if err == nil {
					_, err := a.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
					wants(t, err, "DeleteConflict", "Cannot delete the default version of a policy.")
				}
				return err
			},
			func() error {
				_, err := a.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
				return err
			}},
	})
	_, err = a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	wants(t, err, "NoSuchEntity", "was not found")
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, user, role, x := w.admin(), &w.truth.Guard, aws.String("deploy"), aws.String("absent")
	tests := []struct {
		message string
		call    func() error
	}{
		{"The user with name absent cannot be found.", func() error { _, err := a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: x}); return err }},
		{"The role with name absent cannot be found.", func() error { _, err := a.GetRole(ctx, &iam.GetRoleInput{RoleName: x}); return err }},
		{"The group with name absent cannot be found.", func() error { _, err := a.GetGroup(ctx, &iam.GetGroupInput{GroupName: x}); return err }},
		{"Login Profile for User warden cannot be found.", func() error { _, err := a.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: user}); return err }},
		{"The user policy with name absent cannot be found.", func() error {
			_, err := a.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: user, PolicyName: x})
			return err
		}},
		{"The role policy with name absent cannot be found.", func() error {
			_, err := a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: x})
			return err
		}},
		{"was not found", func() error {
			_, err := a.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: aws.String(adminPolicy)})
			return err
		}},
		{"does not exist or is not attachable", func() error {
			_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: aws.String(w.arn("policy", "/absent"))})
			return err
		}},
		{"no permissions boundary", func() error {
			_, err := a.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: user})
			return err
		}},
		{"no permissions boundary", func() error {
			_, err := a.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: role})
			return err
		}},
		{"is not in the group", func() error {
			_, err := a.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: aws.String("CI")})
			return err
		}},
		{"The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.", func() error {
			_, err := a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
			return err
		}},
		{"version v9 does not exist", func() error {
			_, err := a.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(adminPolicy), VersionId: aws.String("v9")})
			return err
		}},
	}
	for _, tt := range tests {
		wants(t, tt.call(), "NoSuchEntity", tt.message)
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	s := aws.String
	long := func(n int) *string {
		// White space does not count.
		doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::%s"}]}`
		return s(fmt.Sprintf(doc, strings.Repeat("x", n-len(doc)+2)) + strings.Repeat(" \n", 5000))
	}
	tests := []struct {
		name, message string
		limit         func(q *quotas)
		call          func(a *iam.Client, i int) error // the last of calls must fail
		calls         int
	}{
		{"users", "Cannot exceed quota for UsersPerAccount: 12", func(q *quotas) { q.users = 12 },
			func(a *iam.Client, i int) error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s(fmt.Sprint("u", i))})
				return err
			}, 3},
		{"groups", "GroupsPerAccount: 6", func(q *quotas) { q.groups = 6 },
			func(a *iam.Client, i int) error {
				_, err := a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: s(fmt.Sprint("g", i))})
				return err
			}, 3},
		{"roles", "RolesPerAccount: 11", func(q *quotas) { q.roles = 11 },
			func(a *iam.Client, i int) error {
				_, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: s(fmt.Sprint("r", i)), AssumeRolePolicyDocument: s(trustingService("ec2"))})
				return err
			}, 2},
		{"policies", "PoliciesPerAccount: 4", func(q *quotas) { q.policies = 4 },
			func(a *iam.Client, i int) error {
				_, err := a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: s(allowAll)})
				return err
			}, 2},
		{"keys, inactive ones too", "Cannot exceed quota for AccessKeysPerUser: 2", func(*quotas) {},
			func(a *iam.Client, _ int) error {
				_, err := a.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: s("backup-agent")})
				return err
			}, 1},
		{"groups of a user", "GroupsPerUser: 10", func(*quotas) {},
			func(a *iam.Client, i int) error {
				if _, err := a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: s(fmt.Sprint("g", i))}); err != nil {
					return err
				}
				_, err := a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: s("warden"), GroupName: s(fmt.Sprint("g", i))})
				return err
			}, 11},
		{"policies of a user", "PoliciesPerUser: 10", func(*quotas) {},
			func(a *iam.Client, i int) error {
				out, err := a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: s(allowAll)})
				if err != nil {
					return err
				}
				_, err = a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: s("warden"), PolicyArn: out.Policy.Arn})
				return err
			}, 11},
		{"policies of a group", "PoliciesPerGroup: 3", func(q *quotas) { q.attachedPerGroup = 3 },
			func(a *iam.Client, i int) error {
				_, err := a.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: s("CI"), PolicyArn: s("arn:aws:iam::aws:policy/" + awsPolicies[i].name)})
				return err
			}, 3},
		{"policies of a role", "PoliciesPerRole: 3", func(q *quotas) { q.attachedPerRole = 3 },
			func(a *iam.Client, i int) error {
				_, err := a.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: s("deploy"), PolicyArn: s("arn:aws:iam::aws:policy/" + []string{"AdministratorAccess", "IAMFullAccess", "AWSDenyAll"}[i])})
				return err
			}, 3},
		{"versions", "A managed policy can have up to 5 versions.", func(*quotas) {},
			func(a *iam.Client, _ int) error {
				_, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: s("arn:aws:iam::" + SampleAccount + ":policy/ci/deploy-artifacts"), PolicyDocument: s(allowAll)})
				return err
			}, 4},
		{"size of a policy", "Cannot exceed quota for PolicySize: 6144", func(*quotas) {},
			func(a *iam.Client, i int) error {
				_, err := a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: long(6144 + i)})
				return err
			}, 2},
		{"size of a version", "PolicySize: 6144", func(*quotas) {},
			func(a *iam.Client, i int) error {
				_, err := a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: s("arn:aws:iam::" + SampleAccount + ":policy/ci/deploy-artifacts"), PolicyDocument: long(6144 + i)})
				return err
			}, 2},
		{"inline policies of a user together", "Maximum policy size of 2048 bytes exceeded for user warden", func(q *quotas) {},
			func(a *iam.Client, i int) error {
				_, err := a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: s("warden"), PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: long(900)})
				return err
			}, 3},
		{"inline policies of a group together", "Maximum policy size of 5120 bytes exceeded for group Developers", func(q *quotas) {},
			func(a *iam.Client, i int) error {
				_, err := a.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: s("Developers"), PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: long(2400)})
				return err
			}, 3},
		{"inline policies of a role together", "Maximum policy size of 10240 bytes exceeded for role deploy", func(q *quotas) {},
			func(a *iam.Client, i int) error {
				_, err := a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: s("deploy"), PolicyName: s(fmt.Sprint("p", i)), PolicyDocument: long(5120)})
				return err
			}, 3},
		{"trust policy", "Cannot exceed quota for ACLSizePerRole: 2048", func(*quotas) {},
			func(a *iam.Client, i int) error {
				cond := fmt.Sprintf(`{"StringEquals":{"sts:ExternalId":%q}}`, strings.Repeat("x", []int{1000, 2000}[i]))
				_, err := a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: s("deploy"), PolicyDocument: s(trusting("sts:AssumeRole", `{"Service":"ec2.amazonaws.com"}`, cond))})
				return err
			}, 2},
		{"tags", "maximum limit of 3", func(q *quotas) { q.tags = 3 },
			func(a *iam.Client, i int) error {
				_, err := a.TagRole(ctx, &iam.TagRoleInput{RoleName: s("deploy"), Tags: []types.Tag{{Key: s(fmt.Sprint("k", i)), Value: s("v")}}})
				return err
			}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Faults{})
			w.limit(tt.limit)
			a := w.admin()
			for i := range tt.calls - 1 {
				if err := tt.call(a, i); err != nil {
					t.Fatalf("call %d: %v", i, err)
				}
			}
			wants(t, tt.call(a, tt.calls-1), "LimitExceeded", tt.message)
		})
	}
}

// A full quota does not matter where nothing is added.
func TestFullQuotasAllowNoChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	w.limit(func(q *quotas) { q.attachedPerUser, q.groupsPerUser = 1, 1 })
	a := w.admin()
	_, err := a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &w.truth.Intruder, PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMFullAccess")})
	w.must(err)
	_, err = a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &w.truth.Intruder, GroupName: aws.String("ci")})
	w.must(err)
	_, err = a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &w.truth.Intruder, PolicyArn: aws.String(adminPolicy)})
	wants(t, err, "LimitExceeded", "PoliciesPerUser: 1")
}
