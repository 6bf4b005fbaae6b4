package twin

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warden/account"
	"warden/policy"
)

// Whatever is done to an account, it saves and loads as it is, and the view
// that authorization has of it catches up.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Faults{Propagation: 10 * time.Second})
			r := &randomChanges{Rand: rand.New(rand.NewPCG(seed, 1)), iam: w.admin(), w: w}
			for range 150 {
				var api smithy.APIError
				if err := r.change(); err != nil && !errors.As(err, &api) {
					t.Fatal(err)
				}
				w.pass(time.Duration(r.IntN(3000)) * time.Millisecond)
			}
			w.pass(time.Minute)
			view := w.twin.view.at(w.now())
			state := w.twin.state
			opts := cmp.Options{cmp.AllowUnexported(user{}, group{}, role{}, managed{}), cmpopts.IgnoreTypes(&policy.Document{}), cmpopts.EquateEmpty()}
			for what, pair := range map[string][2]any{
				"users": {state.users.all(), view.users.all()}, "groups": {state.groups.all(), view.groups.all()},
				"roles": {state.roles.all(), view.roles.all()}, "policies": {state.policies.all(), view.policies.all()},
				"keys": {state.keyOwner, view.keyOwner}, "ids": {state.ids, view.ids}, "arns": {state.arns, view.arns},
			} {
				if d := cmp.Diff(pair[0], pair[1], opts); d != "" {
					t.Errorf("%s: the account and its view differ:\n%s", what, d)
				}
			}
			saved := w.twin.Snapshot()
			again, err := loadState(saved, 1, noSecret)
			w.must(err)
			if d := cmp.Diff(saved, again.snapshot()); d != "" {
				t.Errorf("saved and loaded:\n%s", d)
			}
			checkShape(t, saved)
		})
	}
}

// checkShape: what a snapshot names is in it.
func checkShape(t *testing.T, s *account.Snapshot) {
	t.Helper()
	policies, groups, ids := map[string]bool{}, map[string]bool{}, map[string]bool{}
	unique := func(id string) {
		if ids[id] {
			t.Errorf("id %s twice", id)
		}
		ids[id] = true
	}
	for _, p := range s.Policies {
		policies[p.ARN] = true
		unique(p.ID)
		if n := len(p.Versions); n == 0 || n > 5 || p.Default() == nil {
			t.Errorf("%s has %d versions", p.ARN, n)
		}
	}
	uses := func(who string, arns ...string) {
		for _, arn := range arns {
			if arn != "" && !policies[arn] {
				t.Errorf("%s uses %s", who, arn)
			}
		}
	}
	for _, g := range s.Groups {
		groups[g.Name] = true
		unique(g.ID)
		uses(g.ARN, g.Attached...)
	}
	for _, u := range s.Users {
		unique(u.ID)
		uses(u.ARN, append(u.Attached, u.Boundary)...)
		for _, g := range u.Groups {
			if !groups[g] {
				t.Errorf("%s is in %s", u.ARN, g)
			}
		}
		if len(u.AccessKeys) > 2 {
			t.Errorf("%s has %d keys", u.ARN, len(u.AccessKeys))
		}
	}
	for _, r := range s.Roles {
		unique(r.ID)
		uses(r.ARN, append(r.Attached, r.Boundary)...)
	}
}

type randomChanges struct {
	*rand.Rand
	iam *iam.Client
	w   *world
}

func (r *randomChanges) one(of ...string) *string { return aws.String(of[r.IntN(len(of))]) }

// change makes one call, which may well be refused.
func (r *randomChanges) change() error {
	user, group, role := r.one("ana", "BEN", "ci-deploy", "backup-agent"), r.one("CI", "north", "SOUTH"), r.one("deploy", "night", "booking-api")
	path, name := r.one("/", "/p/", "/q/r/"), r.one("alpha", "Beta")
	arn := r.one(r.w.arn("policy", "/alpha"), r.w.arn("policy", "/p/Beta"), r.w.arn("policy", "/ci/deploy-artifacts"), adminPolicy, "arn:aws:iam::aws:policy/AWSDenyAll")
	doc := r.one(allowAll, allow("*", "s3:*"), allow("arn:aws:s3:::x", "s3:GetObject"))
	trust := r.one(trustingService("ec2"), trustingARN(r.w.arn("user", "/ana"), ""), trustingARN(r.w.arn("user", "/ci/ci-deploy"), ""))
	c := r.iam
	calls := []func() error{
		func() error {
			_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: user, Path: path})
			return err
		},
		func() error { _, err := c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user}); return err },
		func() error {
			_, err := c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: user, NewUserName: r.one("ana", "ben", "cy"), NewPath: path})
			return err
		},
		func() error {
			_, err := c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group, Path: path})
			return err
		},
		func() error { _, err := c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group}); return err },
		func() error {
			_, err := c.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: group, NewGroupName: r.one("north", "south", "ci")})
			return err
		},
		func() error {
			_, err := c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: user, GroupName: group})
			return err
		},
		func() error {
			_, err := c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: group})
			return err
		},
		func() error {
			_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, Path: path, AssumeRolePolicyDocument: trust})
			return err
		},
		func() error { _, err := c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role}); return err },
		func() error {
			_, err := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: trust})
			return err
		},
		func() error {
			_, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: name, Path: path, PolicyDocument: doc})
			return err
		},
		func() error { _, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}); return err },
		func() error {
			_, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: doc, SetAsDefault: r.IntN(2) == 0})
			return err
		},
		func() error {
			_, err := c.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: r.one("v1", "v2", "v3")})
			return err
		},
		func() error {
			_, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: r.one("v1", "v2", "v3")})
			return err
		},
		func() error {
			_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: group, PolicyArn: arn})
			return err
		},
		func() error {
			_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: name, PolicyDocument: doc})
			return err
		},
		func() error {
			_, err := c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: name})
			return err
		},
		func() error {
			_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: name, PolicyDocument: doc})
			return err
		},
		func() error {
			_, err := c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: name})
			return err
		},
		func() error {
			_, err := c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: arn})
			return err
		},
		func() error {
			_, err := c.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: user})
			return err
		},
		func() error { _, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user}); return err },
		func() error { return r.aKey(user, false) },
		func() error { return r.aKey(user, true) },
		func() error {
			_, err := c.TagUser(ctx, &iam.TagUserInput{UserName: user, Tags: []types.Tag{{Key: name, Value: path}}})
			return err
		},
	}
	return calls[r.IntN(len(calls))]()
}

// aKey deletes or deactivates the first key of a user.
func (r *randomChanges) aKey(user *string, remove bool) error {
	keys, err := r.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: user})
	if err != nil || len(keys.AccessKeyMetadata) == 0 {
		return err
	}
	id := keys.AccessKeyMetadata[0].AccessKeyId
	if remove {
		_, err = r.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: id})
	} else {
		_, err = r.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: user, AccessKeyId: id, Status: types.StatusTypeInactive})
	}
	return err
}
