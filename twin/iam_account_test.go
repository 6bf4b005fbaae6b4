package twin

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"warden/account"
)

// decoded undoes the encoding of a returned policy document.
func decoded(t *testing.T, s *string) string {
	t.Helper()
	out, err := url.PathUnescape(aws.ToString(s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The details hold all that the snapshot holds, whatever the page size.
func TestAuthorizationDetails(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 4} {
		w := newWorld(t, Faults{PageSize: size})
		want := w.twin.Snapshot()
		var users []types.UserDetail
		var groups []types.GroupDetail
		var roles []types.RoleDetail
		var policies []types.ManagedPolicyDetail
		pages := 0
		p := iam.NewGetAccountAuthorizationDetailsPaginator(w.admin(), &iam.GetAccountAuthorizationDetailsInput{})
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			w.must(err)
			pages++
			if n := len(out.UserDetailList) + len(out.GroupDetailList) + len(out.RoleDetailList) + len(out.Policies); size > 0 && n > size {
				t.Errorf("a page of %d with a limit of %d", n, size)
			}
			users, groups, roles, policies = append(users, out.UserDetailList...), append(groups, out.GroupDetailList...), append(roles, out.RoleDetailList...), append(policies, out.Policies...)
		}
		if len(users) != 10 || len(groups) != 4 || len(roles) != 10 || len(policies) != len(want.Policies) {
			t.Fatalf("page size %d: %d users, %d groups, %d roles, %d of %d policies", size, len(users), len(groups), len(roles), len(policies), len(want.Policies))
		}
		if size == 1 && pages != 24+len(policies) {
			t.Errorf("%d pages of one", pages)
		}
		for _, u := range users {
			i := slices.IndexFunc(want.Users, func(x account.User) bool { return x.ARN == *u.Arn })
			x := want.Users[i]
			boundary := ""
			if u.PermissionsBoundary != nil {
				boundary = *u.PermissionsBoundary.PermissionsBoundaryArn
			}
			if *u.UserId != x.ID || !slices.Equal(u.GroupList, x.Groups) || len(u.AttachedManagedPolicies) != len(x.Attached) || len(u.UserPolicyList) != len(x.Inline) || boundary != x.Boundary || len(u.Tags) != len(x.Tags) {
				t.Errorf("user %+v", u)
			}
		}
		for _, r := range roles {
			i := slices.IndexFunc(want.Roles, func(x account.Role) bool { return x.ARN == *r.Arn })
			if got := decoded(t, r.AssumeRolePolicyDocument); got != string(want.Roles[i].Trust) {
				t.Errorf("trust of %s: %s", *r.RoleName, got)
			}
			if r.InstanceProfileList == nil {
				t.Error("no instance profile list")
			}
		}
		for _, g := range groups {
			if *g.GroupName == "Developers" && (len(g.AttachedManagedPolicies) != 2 || decoded(t, g.GroupPolicyList[0].PolicyDocument) != string(want.Groups[1].Inline[0].Document)) {
				t.Errorf("group %+v", g)
			}
		}
		for _, p := range policies {
			if *p.PolicyName == policyBoundary && (*p.AttachmentCount != 0 || *p.PermissionsBoundaryUsageCount != 2) {
				t.Errorf("boundary %+v", p)
			}
			if *p.PolicyName == policyArtifacts && (len(p.PolicyVersionList) != 2 || *p.DefaultVersionId != "v2" || p.PolicyVersionList[0].Document == nil) {
				t.Errorf("policy %+v", p)
			}
		}
	}
}

func TestAuthorizationDetailsFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	tests := []struct {
		filter []types.EntityType
		want   [4]int
	}{
		{[]types.EntityType{types.EntityTypeUser}, [4]int{10, 0, 0, 0}},
		{[]types.EntityType{types.EntityTypeRole, types.EntityTypeGroup}, [4]int{0, 4, 10, 0}},
		{[]types.EntityType{types.EntityTypeLocalManagedPolicy}, [4]int{0, 0, 0, 3}},
		{[]types.EntityType{types.EntityTypeAWSManagedPolicy}, [4]int{0, 0, 0, 8}},
	}
	for _, tt := range tests {
		out, err := a.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: tt.filter})
		w.must(err)
		if got := [4]int{len(out.UserDetailList), len(out.GroupDetailList), len(out.RoleDetailList), len(out.Policies)}; got != tt.want {
			t.Errorf("%v: %v, want %v", tt.filter, got, tt.want)
		}
	}
	_, err := a.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{"Everything"}})
	wants(t, err, "ValidationError", "enum value set")
}

func TestListsLeaveOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	users, err := a.ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	for _, u := range users.Users {
		if u.PermissionsBoundary != nil || u.Tags != nil {
			t.Errorf("ListUsers tells of boundary and tags: %+v", u)
		}
	}
	roles, err := a.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/app/")})
	w.must(err)
	if len(roles.Roles) != 2 || roles.Roles[0].RoleLastUsed != nil || roles.Roles[0].Tags != nil {
		t.Errorf("ListRoles: %+v", roles.Roles)
	}
	r, err := a.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("booking-api")})
	w.must(err)
	if r.Role.PermissionsBoundary == nil || len(r.Role.Tags) != 1 || r.Role.RoleLastUsed.LastUsedDate == nil || *r.Role.MaxSessionDuration != 3600 {
		t.Errorf("GetRole: %+v", r.Role)
	}
	profiles, err := a.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("booking-api")})
	w.must(err)
	if len(profiles.InstanceProfiles) != 1 {
		t.Errorf("profiles %v", profiles.InstanceProfiles)
	}
}

func TestAccountSummaryAndAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	sum, err := a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	w.must(err)
	for k, want := range map[string]int32{"Users": 10, "Groups": 4, "Roles": 10, "Policies": 3, "PolicyVersionsInUse": 4, "AccessKeysPerUserQuota": 2, "AttachedPoliciesPerUserQuota": 10, "PolicySizeQuota": 6144} {
		if got := sum.SummaryMap[k]; got != want {
			t.Errorf("%s = %d, want %d", k, got, want)
		}
	}
	alias := func() []string {
		out, err := a.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
		w.must(err)
		return out.AccountAliases
	}
	if d := cmp.Diff([]string{"halden-freight"}, alias()); d != "" {
		t.Error(d)
	}
	_, err = a.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: aws.String("other-name")})
	w.must(err)
	_, err = a.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("halden-freight")})
	wants(t, err, "NoSuchEntity", "halden-freight")
	_, err = a.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("other-name")})
	w.must(err)
	if got := alias(); len(got) != 0 {
		t.Errorf("aliases %v", got)
	}
}

func TestLastUseOfKeysAndRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	id, secret := w.newUser("fresh", allowAll)
	used := func() *iam.GetAccessKeyLastUsedOutput {
		out, err := a.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
		w.must(err)
		return out
	}
	if got := used(); *got.UserName != "fresh" || got.AccessKeyLastUsed.LastUsedDate != nil || *got.AccessKeyLastUsed.ServiceName != "N/A" || *got.AccessKeyLastUsed.Region != "N/A" {
		t.Errorf("unused: %+v", got.AccessKeyLastUsed)
	}
	w.pass(time.Hour)
	_, err := w.iamWith(id, secret, "").ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	if got := used().AccessKeyLastUsed; got.LastUsedDate == nil || !got.LastUsedDate.Equal(w.now()) || *got.ServiceName != "iam" || *got.Region != "us-east-1" {
		t.Errorf("used: %+v", got)
	}
	s := w.assume(w.truth.Administrator, w.truth.AdminRole)
	w.pass(time.Hour)
	_, err = w.iamBy(s).ListUsers(ctx, &iam.ListUsersInput{})
	wants(t, err, "ExpiredToken", "")
	s = w.assume(w.truth.Administrator, w.truth.AdminRole)
	_, err = w.iamBy(s).ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	for _, r := range w.twin.Snapshot().Roles {
		if r.ARN == w.truth.AdminRole && !r.LastUsed.Date.Equal(w.now()) {
			t.Errorf("the role was last used %s", r.LastUsed.Date)
		}
	}
	_, err = a.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
	wants(t, err, "NoSuchEntity", "cannot be found")
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, s := w.admin(), aws.String
	id, secret := w.newUser("typist", allowAll)
	me, name := w.iamWith(id, secret, ""), s("typist")
	_, err := a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: name, Password: s("Correct-Horse-1"), PasswordResetRequired: true})
	w.must(err)
	_, err = a.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: name, Password: s("Correct-Horse-1")})
	wants(t, err, "EntityAlreadyExists", "Login Profile for user typist already exists.")
	_, err = me.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: s("wrong"), NewPassword: s("Battery-Staple-2")})
	wants(t, err, "AccessDenied", "old password")
	_, err = me.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: s("Correct-Horse-1"), NewPassword: s("Battery-Staple-2")})
	w.must(err)
	got, err := a.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: name})
	w.must(err)
	if got.LoginProfile.PasswordResetRequired {
		t.Error("a reset is still required")
	}
	_, err = a.UpdateLoginProfile(ctx, &iam.UpdateLoginProfileInput{UserName: name, PasswordResetRequired: aws.Bool(true)})
	w.must(err)
	_, err = a.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: name})
	w.must(err)
	_, err = a.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: name})
	wants(t, err, "NoSuchEntity", "Login Profile for User typist cannot be found.")
	role := w.assume(w.truth.Administrator, w.truth.AdminRole)
	_, err = w.iamBy(role).ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: s("a"), NewPassword: s("b")})
	wants(t, err, "InvalidUserType", "")
}

func TestTagsOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{PageSize: 1})
	a, s := w.admin(), aws.String
	arn := s(w.arn("policy", "/ci/deploy-artifacts"))
	add := []types.Tag{{Key: s("Colour"), Value: s("blue")}, {Key: s("OWNER"), Value: s("new")}}
	_, err := a.TagUser(ctx, &iam.TagUserInput{UserName: s("warden"), Tags: add})
	w.must(err)
	_, err = a.TagRole(ctx, &iam.TagRoleInput{RoleName: s("deploy"), Tags: add})
	w.must(err)
	_, err = a.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: arn, Tags: add})
	w.must(err)
	_, err = a.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"colour"}})
	w.must(err)
	var role, user []types.Tag
	p := iam.NewListRoleTagsPaginator(a, &iam.ListRoleTagsInput{RoleName: s("deploy")})
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		w.must(err)
		role = append(role, out.Tags...)
	}
	q := iam.NewListUserTagsPaginator(a, &iam.ListUserTagsInput{UserName: s("warden")})
	for q.HasMorePages() {
		out, err := q.NextPage(ctx)
		w.must(err)
		user = append(user, out.Tags...)
	}
	// A key in another case replaces: keys differ in more than case.
	if len(role) != 2 || *role[1].Key != "OWNER" || *role[1].Value != "new" || len(user) != 3 {
		t.Errorf("role %v, user %v", role, user)
	}
	policy, err := a.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: arn})
	w.must(err)
	if len(policy.Tags) != 1 || *policy.Tags[0].Key != "OWNER" {
		t.Errorf("policy %v", policy.Tags)
	}
}
