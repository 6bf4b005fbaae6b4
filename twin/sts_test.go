package twin

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// assume assumes a role as a user.
func (w *world) assume(userName, roleARN string) *ststypes.Credentials {
	w.Helper()
	out, err := w.sts(userName).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &roleARN, RoleSessionName: aws.String("test")})
	w.must(err)
	return out.Credentials
}

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.newUser("denied", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	got, err := w.stsWith(id, secret, "").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *got.Arn != w.arn("user", "/denied") || *got.Account != SampleAccount || !strings.HasPrefix(*got.UserId, "AIDA") {
		t.Errorf("user: %s %s %s", *got.Arn, *got.Account, *got.UserId)
	}
	_, err = w.iamWith(id, secret, "").GetUser(ctx, &iam.GetUserInput{})
	wants(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")

	session, err := w.stsBy(w.assume(w.truth.Guard, w.truth.GuardRole)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	// The ARN of a session has no path.
	if *session.Arn != "arn:aws:sts::"+SampleAccount+":assumed-role/warden-guard/test" || !strings.HasPrefix(*session.UserId, "AROA") || !strings.HasSuffix(*session.UserId, ":test") {
		t.Errorf("session: %s %s", *session.Arn, *session.UserId)
	}
	root, err := w.sts(RootUser).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *root.UserId != SampleAccount {
		t.Errorf("root: %s", *root.UserId)
	}
}

func TestAccessKeyInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, _ := w.key(w.truth.Intruder)
	got, err := w.sts(w.truth.Administrator).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
	w.must(err)
	if *got.Account != SampleAccount {
		t.Errorf("account %s", *got.Account)
	}
	_, err = w.sts(w.truth.Intruder).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
	wants(t, err, "AccessDenied", "sts:GetAccessKeyInfo")
}

func TestSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	got, err := w.sts(w.truth.Guard).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(900)})
	w.must(err)
	c := got.Credentials
	if !strings.HasPrefix(*c.AccessKeyId, "ASIA") || !strings.HasPrefix(*c.SessionToken, "IQoJb3JpZ2lu") || !c.Expiration.Equal(testNow.Add(15*time.Minute)) {
		t.Errorf("credentials %s %.20s %s", *c.AccessKeyId, *c.SessionToken, c.Expiration)
	}
	me, err := w.stsBy(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *me.Arn != w.arn("user", "/security/warden") {
		t.Errorf("the session is of %s", *me.Arn)
	}
	// Without MFA it may assume roles, and may not call IAM.
	_, err = w.stsBy(c).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.truth.GuardRole, RoleSessionName: aws.String("x2")})
	w.must(err)
	_, err = w.iamBy(c).GetUser(ctx, &iam.GetUserInput{})
	wants(t, err, "InvalidClientTokenId", "The security token included in the request is invalid")
	_, err = w.stsBy(c).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	wants(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	_, err = w.stsBy(c).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: c.AccessKeyId})
	wants(t, err, "AccessDenied", "session credentials")
	w.pass(16 * time.Minute)
	_, err = w.stsBy(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "ExpiredToken", "The security token included in the request is expired")

	_, err = w.sts(w.truth.Guard).GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: aws.String("arn:aws:iam::123456789012:mfa/x"), TokenCode: aws.String("123456")})
	wants(t, err, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify")
	_, err = w.sts(w.truth.Guard).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(899)})
	wants(t, err, "ValidationError", "greater than or equal to 900")
	root, err := w.sts(RootUser).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	if !root.Credentials.Expiration.Equal(w.now().Add(time.Hour)) {
		t.Errorf("the session of root ends at %s", root.Credentials.Expiration)
	}
}

func TestTrustDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	assume := func(id, secret, role, external string) error {
		in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")}
		if external != "" {
			in.ExternalId = &external
		}
		_, err := w.stsWith(id, secret, "").AssumeRole(ctx, in)
		return err
	}
	plain, plainSecret := w.newUser("plain", "")
	mayAll, mayAllSecret := w.newUser("may-all", allowAll)
	never, neverSecret := w.newUser("never", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}`)
	byName := w.newRole("by-name", w.arn("user", "/plain"), "")
	byAccount := w.newRole("by-account", w.arn("root", ""), "")
	toNever := w.newRole("to-never", w.arn("user", "/never"), "")
	ciID, ciSecret := w.key(w.truth.Intruder)
	deploy := w.arn("role", "/ci/deploy")
	denied := "is not authorized to perform: sts:AssumeRole on resource: "

	// A trust policy that names the user is enough.
	w.must(assume(plain, plainSecret, byName, ""))
	// One that names the account needs the user's own policy too.
	w.must(assume(mayAll, mayAllSecret, byAccount, ""))
	wants(t, assume(plain, plainSecret, byAccount, ""), "AccessDenied", denied+byAccount)
	// A user's own policy is not enough, and a denial counts always.
	wants(t, assume(mayAll, mayAllSecret, byName, ""), "AccessDenied", denied+byName)
	wants(t, assume(never, neverSecret, toNever, ""), "AccessDenied", denied+toNever)
	// The external id.
	w.must(assume(ciID, ciSecret, deploy, "halden-deploy"))
	wants(t, assume(ciID, ciSecret, deploy, "wrong"), "AccessDenied", denied+deploy)
	wants(t, assume(ciID, ciSecret, deploy, ""), "AccessDenied", denied+deploy)
	// Nobody learns which roles there are.
	absent := w.arn("role", "/absent")
	wants(t, assume(mayAll, mayAllSecret, absent, ""), "AccessDenied", denied+absent)
	wants(t, assume(mayAll, mayAllSecret, "arn:aws:iam::999988887777:role/other", ""), "AccessDenied", denied)
	// A service trusts no user.
	wants(t, assume(mayAll, mayAllSecret, w.arn("role", "/app/booking-api"), ""), "AccessDenied", denied)
	_, err := w.sts(RootUser).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &byAccount, RoleSessionName: aws.String("test")})
	wants(t, err, "AccessDenied", "Roles may not be assumed by root accounts.")
}

func TestTrustDoesNotSurviveReCreation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("bird")
	id, secret := w.newUser(*name, "")
	role := w.newRole("nest", w.arn("user", "/bird"), "")
	first, err := a.GetUser(ctx, &iam.GetUserInput{UserName: name})
	w.must(err)
	assume := func(id, secret string) error {
		_, err := w.stsWith(id, secret, "").AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
		return err
	}
	shown := func() string {
		got, err := a.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("nest")})
		w.must(err)
		return *got.Role.AssumeRolePolicyDocument
	}
	w.must(assume(id, secret))
	if !strings.Contains(shown(), "user%2Fbird") {
		t.Errorf("trust shows %s", shown())
	}

	_, err = a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &id})
	w.must(err)
	_, err = a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	w.must(err)
	if s := shown(); strings.Contains(s, "user%2Fbird") || !strings.Contains(s, *first.User.UserId) {
		t.Errorf("after the deletion the trust shows %s", s)
	}
	id, secret = w.newUser(*name, "")
	wants(t, assume(id, secret), "AccessDenied", "sts:AssumeRole")
	if s := shown(); !strings.Contains(s, *first.User.UserId) {
		t.Errorf("after the re-creation the trust shows %s", s)
	}
	// Put again, the policy names the new user.
	_, err = a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("nest"), PolicyDocument: aws.String(trustingARN(w.arn("user", "/bird"), ""))})
	w.must(err)
	w.must(assume(id, secret))

	for _, unknown := range []string{w.arn("user", "/nobody"), w.arn("role", "/app/bird"), *first.User.UserId, "nonsense"} {
		_, err = a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("nest"), PolicyDocument: aws.String(trustingARN(unknown, ""))})
		wants(t, err, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+unknown+`"`)
	}
}

func TestSessionsOutliveTheirKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	id, secret := w.newUser("thief", allowAll)
	name := aws.String("thief")
	byRole := w.newRole("hideout", w.arn("user", "/thief"), allowAll)
	long := w.stsWith(id, secret, "")
	role, err := long.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &byRole, RoleSessionName: aws.String("test")})
	w.must(err)
	token, err := long.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)

	_, err = a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: &id, Status: types.StatusTypeInactive})
	w.must(err)
	_, err = long.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", "The security token included in the request is invalid")
	_, err = a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &id})
	w.must(err)
	for _, c := range []*ststypes.Credentials{role.Credentials, token.Credentials} {
		_, err = w.stsBy(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		w.must(err)
	}
	_, err = w.iamBy(role.Credentials).ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)

	// Permissions are those of now, for sessions too.
	_, err = a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("hideout"), PolicyName: aws.String("AWSRevokeOlderSessions"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-23T12:00:01Z"}}}]}`)})
	w.must(err)
	_, err = w.iamBy(role.Credentials).ListUsers(ctx, &iam.ListUsersInput{})
	wants(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")

	// With the user goes his session.
	_, err = a.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("own")})
	w.must(err)
	_, err = a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
	w.must(err)
	_, err = w.stsBy(token.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", "")
}

func TestLengthOfRoleSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	me := w.sts(w.truth.Administrator)
	in := func(seconds int32, role string) *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test"), DurationSeconds: &seconds}
	}
	four, err := me.AssumeRole(ctx, in(4*3600, w.truth.AdminRole))
	w.must(err)
	if !four.Credentials.Expiration.Equal(testNow.Add(4 * time.Hour)) {
		t.Errorf("ends at %s", four.Credentials.Expiration)
	}
	_, err = me.AssumeRole(ctx, in(4*3600+1, w.truth.AdminRole))
	wants(t, err, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	_, err = me.AssumeRole(ctx, in(43201, w.truth.AdminRole))
	wants(t, err, "ValidationError", "less than or equal to 43200")
	_, err = w.stsBy(four.Credentials).AssumeRole(ctx, in(3601, w.truth.AdminRole))
	wants(t, err, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	_, err = w.stsBy(four.Credentials).AssumeRole(ctx, in(3600, w.truth.AdminRole))
	w.must(err)
	_, err = w.stsBy(four.Credentials).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	wants(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
}

func TestSessionPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	me := w.sts(w.truth.Administrator)
	limited := func(change func(in *sts.AssumeRoleInput)) (*iam.Client, *sts.AssumeRoleOutput) {
		in := &sts.AssumeRoleInput{RoleArn: &w.truth.AdminRole, RoleSessionName: aws.String("test")}
		change(in)
		out, err := me.AssumeRole(ctx, in)
		w.must(err)
		return w.iamBy(out.Credentials), out
	}
	onlyList, out := limited(func(in *sts.AssumeRoleInput) { in.Policy = aws.String(allow("*", "iam:ListUsers")) })
	//lint:ignore SA1019 clients that are older than its successor read it
	if out.PackedPolicySize == nil {
		t.Error("no packed policy size")
	}
	_, err := onlyList.ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	_, err = onlyList.ListRoles(ctx, &iam.ListRolesInput{})
	wants(t, err, "AccessDenied", "because no session policy allows the iam:ListRoles action")

	byARN, _ := limited(func(in *sts.AssumeRoleInput) {
		in.PolicyArns = []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/IAMReadOnlyAccess")}}
	})
	_, err = byARN.ListRoles(ctx, &iam.ListRolesInput{})
	w.must(err)
	_, err = byARN.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	wants(t, err, "AccessDenied", "because no session policy allows")
	free, _ := limited(func(*sts.AssumeRoleInput) {})
	_, err = free.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	w.must(err)

	_, err = me.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.truth.AdminRole, RoleSessionName: aws.String("test"), Policy: aws.String(allow("arn:aws:s3:::"+strings.Repeat("x", 2048), "s3:*"))})
	wants(t, err, "PackedPolicyTooLarge", "allotted space")
	_, err = me.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.truth.AdminRole, RoleSessionName: aws.String("test"), Policy: aws.String("{")})
	wants(t, err, "MalformedPolicyDocument", "Syntax errors in policy.")
}

func TestSessionTagsAndSourceIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a := w.admin()
	id, secret := w.newUser("tagger", "")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + w.arn("user", "/tagger") + `","` + w.arn("root", "") + `"]},"Action":ACTIONS}]}`
	with := func(actions string) *string { return aws.String(strings.Replace(trust, "ACTIONS", actions, 1)) }
	_, err := a.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("tagged"), AssumeRolePolicyDocument: with(`"sts:AssumeRole"`)})
	w.must(err)
	_, err = a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("tagged"), PolicyName: aws.String("own"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetUser"],"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceIdentity":"alice"}}},` +
			`{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`)})
	w.must(err)
	role := w.arn("role", "/tagged")
	in := &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("test"), SourceIdentity: aws.String("alice"),
		Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("blue")}, {Key: aws.String("shift"), Value: aws.String("late")}}, TransitiveTagKeys: []string{"team"},
	}
	me := w.stsWith(id, secret, "")
	_, err = me.AssumeRole(ctx, in)
	wants(t, err, "AccessDenied", "sts:TagSession")
	_, err = a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("tagged"), PolicyDocument: with(`["sts:AssumeRole","sts:TagSession"]`)})
	w.must(err)
	_, err = me.AssumeRole(ctx, in)
	wants(t, err, "AccessDenied", "sts:SetSourceIdentity")
	_, err = a.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("tagged"), PolicyDocument: with(`["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`)})
	w.must(err)
	first, err := me.AssumeRole(ctx, in)
	w.must(err)
	if *first.SourceIdentity != "alice" {
		t.Errorf("source identity %v", first.SourceIdentity)
	}
	get := &iam.GetUserInput{UserName: aws.String("tagger")}
	_, err = w.iamBy(first.Credentials).GetUser(ctx, get)
	w.must(err)

	// Chaining inherits the source identity and the transitive tag.
	chained, err := w.stsBy(first.Credentials).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("chain")})
	w.must(err)
	_, err = w.iamBy(chained.Credentials).GetUser(ctx, get)
	w.must(err)
	x := w.twin.state.sessions[*chained.Credentials.AccessKeyId]
	if x.tags["team"] != "blue" || x.tags["shift"] != "" || x.sourceIdentity != "alice" {
		t.Errorf("inherited %v, %q", x.tags, x.sourceIdentity)
	}
	_, err = w.stsBy(first.Credentials).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("chain"), SourceIdentity: aws.String("bob")})
	wants(t, err, "AccessDenied", "cannot be changed")
	_, err = w.stsBy(first.Credentials).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("chain"), Tags: []ststypes.Tag{{Key: aws.String("Team"), Value: aws.String("red")}}})
	wants(t, err, "InvalidParameterValue", "conflicts with a transitive tag key")
}

func TestDeletedRoleEndsItsSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	role := w.newRole("gone", w.arn("root", ""), "")
	s := w.assume(w.truth.Administrator, role)
	_, err := w.stsBy(s).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	_, err = w.admin().DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("gone")})
	w.must(err)
	w.newRole("gone", w.arn("root", ""), allowAll)
	_, err = w.stsBy(s).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", "")
}
