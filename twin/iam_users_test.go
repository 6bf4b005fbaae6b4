package twin

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"
)

func TestThousandUsers(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 7} {
		t.Run(fmt.Sprintf("page size %d", size), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Faults{PageSize: size})
			a := w.admin()
			var g errgroup.Group
			g.SetLimit(8)
			for i := range 1000 {
				g.Go(func() error {
					_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("Bulk-%04d", i)), Path: aws.String("/bulk/")})
					return err
				})
			}
			w.must(g.Wait())
			var names []string
			ids := map[string]bool{}
			pages := 0
			p := iam.NewListUsersPaginator(a, &iam.ListUsersInput{PathPrefix: aws.String("/bulk/")})
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				w.must(err)
				pages++
				for _, u := range out.Users {
					names = append(names, *u.UserName)
					ids[*u.UserId] = true
				}
			}
			if len(names) != 1000 || len(ids) != 1000 || !slices.IsSorted(names) {
				t.Errorf("%d names, %d ids, sorted %v", len(names), len(ids), slices.IsSorted(names))
			}
			if want := map[int]int{0: 10, 7: 143}[size]; pages != want {
				t.Errorf("%d pages, want %d", pages, want)
			}
		})
	}
}

func TestListsMayChangeBetweenPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	first, err := a.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(3)})
	w.must(err)
	if !first.IsTruncated || len(first.Users) != 3 {
		t.Fatalf("first page: %d users, truncated %v", len(first.Users), first.IsTruncated)
	}
	gone := "aaa-first"
	_, err = a.CreateUser(ctx, &iam.CreateUserInput{UserName: &gone})
	w.must(err)
	second, err := a.ListUsers(ctx, &iam.ListUsersInput{Marker: first.Marker})
	w.must(err)
	if len(second.Users) != 7 {
		t.Errorf("second page: %d users, want the other 7", len(second.Users))
	}
	_, err = a.ListGroups(ctx, &iam.ListGroupsInput{Marker: first.Marker})
	wants(t, err, "ValidationError", "Invalid Marker")
	_, err = a.ListUsers(ctx, &iam.ListUsersInput{Marker: aws.String("!")})
	wants(t, err, "ValidationError", "Invalid Marker")
}

func TestNamesIgnoreCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	name, other := aws.String("MixedCase"), aws.String("mixedCASE")
	_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name, Path: aws.String("/x/")})
	w.must(err)
	_, err = a.CreateUser(ctx, &iam.CreateUserInput{UserName: other})
	wants(t, err, "EntityAlreadyExists", "User with name mixedCASE already exists.")
	got, err := a.GetUser(ctx, &iam.GetUserInput{UserName: other})
	w.must(err)
	if *got.User.UserName != "MixedCase" || *got.User.Arn != w.arn("user", "/x/MixedCase") {
		t.Errorf("got %s, %s", *got.User.UserName, *got.User.Arn)
	}
	_, err = a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("ADMINISTRATORS")})
	wants(t, err, "EntityAlreadyExists", "Group with name ADMINISTRATORS already exists.")
	_, err = a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("DEPLOY"), AssumeRolePolicyDocument: aws.String(trustingService("ec2"))})
	wants(t, err, "EntityAlreadyExists", "Role with name DEPLOY already exists.")
	_, err = a.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("Developer-Boundary"), PolicyDocument: aws.String(allowAll)})
	wants(t, err, "EntityAlreadyExists", "A policy called Developer-Boundary already exists. Duplicate names are not allowed.")

	// A rename may change the case alone, and keeps the id.
	_, err = a.UpdateUser(ctx, &iam.UpdateUserInput{UserName: name, NewUserName: aws.String("MIXEDCASE"), NewPath: aws.String("/y/")})
	w.must(err)
	renamed, err := a.GetUser(ctx, &iam.GetUserInput{UserName: name})
	w.must(err)
	if *renamed.User.UserId != *got.User.UserId || *renamed.User.Arn != w.arn("user", "/y/MIXEDCASE") {
		t.Errorf("after the rename: %s %s", *renamed.User.UserId, *renamed.User.Arn)
	}
	_, err = a.UpdateUser(ctx, &iam.UpdateUserInput{UserName: name, NewUserName: aws.String("CI-DEPLOY")})
	wants(t, err, "EntityAlreadyExists", "CI-DEPLOY")
}

func TestRenameKeepsWhatBelongsToAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	id, secret := w.key(w.truth.Intruder)
	_, err := a.UpdateUser(ctx, &iam.UpdateUserInput{UserName: &w.truth.Intruder, NewUserName: aws.String("renamed")})
	w.must(err)
	me, err := w.iamWith(id, secret, "").GetUser(ctx, &iam.GetUserInput{})
	w.must(err)
	if *me.User.UserName != "renamed" {
		t.Errorf("the key belongs to %s", *me.User.UserName)
	}
	groups, err := a.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: aws.String("renamed")})
	w.must(err)
	if len(groups.Groups) != 1 || *groups.Groups[0].GroupName != "CI" {
		t.Errorf("groups %v", groups.Groups)
	}
	_, err = a.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("CI"), NewGroupName: aws.String("Builders")})
	w.must(err)
	got, err := a.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("builders")})
	w.must(err)
	if len(got.Users) != 1 || *got.Users[0].UserName != "renamed" {
		t.Errorf("members %v", got.Users)
	}
}

func TestReCreationGivesANewID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	name := aws.String("phoenix")
	first, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	w.must(err)
	_, err = a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	w.must(err)
	_, err = a.GetUser(ctx, &iam.GetUserInput{UserName: name})
	wants(t, err, "NoSuchEntity", "The user with name phoenix cannot be found.")
	second, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
	w.must(err)
	if *first.User.Arn != *second.User.Arn || *first.User.UserId == *second.User.UserId {
		t.Errorf("%s %s, then %s %s", *first.User.Arn, *first.User.UserId, *second.User.Arn, *second.User.UserId)
	}
	if id := *second.User.UserId; len(id) != 21 || !strings.HasPrefix(id, "AIDA") {
		t.Errorf("id %s", id)
	}
}

func TestOperationsOnTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	me := w.iam(w.truth.Intruder)
	got, err := me.GetUser(ctx, &iam.GetUserInput{})
	w.must(err)
	if *got.User.UserName != w.truth.Intruder {
		t.Errorf("GetUser: %s", *got.User.UserName)
	}
	keys, err := me.ListAccessKeys(ctx, &iam.ListAccessKeysInput{})
	w.must(err)
	if len(keys.AccessKeyMetadata) != 1 || *keys.AccessKeyMetadata[0].UserName != w.truth.Intruder {
		t.Errorf("ListAccessKeys: %v", keys.AccessKeyMetadata)
	}
	made, err := me.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	w.must(err)
	if k := made.AccessKey; *k.UserName != w.truth.Intruder || len(*k.SecretAccessKey) != 40 || len(*k.AccessKeyId) != 20 || k.Status != types.StatusTypeActive {
		t.Errorf("CreateAccessKey: %+v", k)
	}

	s := w.assume(w.truth.Administrator, w.truth.AdminRole)
	_, err = w.iamBy(s).GetUser(ctx, &iam.GetUserInput{})
	wants(t, err, "ValidationError", "Must specify userName when calling with non-User credentials")

	root, err := w.iam(RootUser).GetUser(ctx, &iam.GetUserInput{})
	w.must(err)
	if *root.User.Arn != w.arn("root", "") || *root.User.UserId != SampleAccount {
		t.Errorf("root: %s %s", *root.User.Arn, *root.User.UserId)
	}
}

func TestRequestsOfBadForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	s := func(v string) *string { return &v }
	tests := []struct {
		name, code, message string
		call                func() error
	}{
		{"name with a space", "ValidationError", `1 validation error detected: Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`,
			func() error { _, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("a b")}); return err }},
		{"long name", "ValidationError", "Member must have length less than or equal to 64",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s(strings.Repeat("a", 65))})
				return err
			}},
		{"path without end", "ValidationError", "Value '/x' at 'path'",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("u"), Path: s("/x")})
				return err
			}},
		{"two errors", "ValidationError", "2 validation errors detected: ",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("ü"), Path: s("x")})
				return err
			}},
		{"page of nothing", "ValidationError", "Value '0' at 'maxItems'",
			func() error { _, err := a.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(0)}); return err }},
		{"page too large", "ValidationError", "Member must have value less than or equal to 1000",
			func() error { _, err := a.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1001)}); return err }},
		{"bad status", "ValidationError", "Member must satisfy enum value set: [Active, Inactive]",
			func() error {
				_, err := a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: s("AKIAAAAAAAAAAAAAAAAA"), Status: "Off"})
				return err
			}},
		{"bad tag key", "ValidationError", "Value 'a;b' at 'tags.1.member.key'",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("u"), Tags: []types.Tag{{Key: s("a;b"), Value: s("")}}})
				return err
			}},
		{"short session", "ValidationError", "'maxSessionDuration'",
			func() error {
				_, err := a.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: s("deploy"), MaxSessionDuration: aws.Int32(60)})
				return err
			}},
		{"an ARN that is none", "ValidationError", "is not valid",
			func() error {
				_, err := a.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: s("arn:aws:s3:::a-long-enough-bucket")})
				return err
			}},
		{"reserved path", "InvalidInput", "reserved",
			func() error {
				_, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: s("r"), Path: s("/aws-service-role/x/"), AssumeRolePolicyDocument: s(trustingService("ec2"))})
				return err
			}},
		{"reserved tag", "InvalidInput", "aws:",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("u"), Tags: []types.Tag{{Key: s("aws:x"), Value: s("")}}})
				return err
			}},
		{"tag twice", "InvalidInput", "Duplicate tag keys found",
			func() error {
				_, err := a.CreateUser(ctx, &iam.CreateUserInput{UserName: s("u"), Tags: []types.Tag{{Key: s("a"), Value: s("")}, {Key: s("A"), Value: s("")}}})
				return err
			}},
		{"weak password", "PasswordPolicyViolation", "length of 8",
			func() error {
				_, err := a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: s("warden"), Password: s("Ab1")})
				return err
			}},
		{"alias of digits", "ValidationError", "12-digit",
			func() error {
				_, err := a.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: s("111122223333")})
				return err
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wants(t, tt.call(), tt.code, tt.message)
		})
	}
	// Form is checked before permission.
	_, err := w.iam("backup-agent").CreateUser(ctx, &iam.CreateUserInput{UserName: s("a b")})
	wants(t, err, "ValidationError", "a b")
	_, err = w.iam("backup-agent").CreateUser(ctx, &iam.CreateUserInput{UserName: s("ab"), Path: s("/p/")})
	wants(t, err, "AccessDenied", "is not authorized to perform: iam:CreateUser on resource: "+w.arn("user", "/p/ab")+" because no identity-based policy allows the iam:CreateUser action")
}
