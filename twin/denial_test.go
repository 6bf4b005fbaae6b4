package twin

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const denyDelete = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:DeleteUser","Resource":"*"}]}`

const onlyReads = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]}`

// TestDenialTexts compares the whole text: programs read it.
func TestDenialTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	admin := w.admin()
	user := func(name, document string) *iam.Client {
		id, secret := w.newUser(name, document)
		return w.iamWith(id, secret, "")
	}
	limited := user("limited", allowAll)
	boundary, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("reads"), PolicyDocument: aws.String(onlyReads)})
	w.must(err)
	_, err = admin.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("limited"), PermissionsBoundary: boundary.Policy.Arn})
	w.must(err)
	role := w.newRole("power", w.arn("user", "/"+w.truth.Administrator), allowAll)
	session, err := w.sts(w.truth.Administrator).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("night"), Policy: aws.String(onlyReads)})
	w.must(err)
	arn := func(name string) string { return w.arn("user", "/"+name) }
	notAuthorized := func(caller, action, resource, because string) string {
		return "User: " + caller + " is not authorized to perform: " + action + " on resource: " + resource + because
	}
	tests := []struct {
		name string
		by   *iam.Client
		call func(*iam.Client) error
		want string
	}{
		{"nothing allows", user("weak", ""), deleteX, notAuthorized(arn("weak"), "iam:DeleteUser", "user x", " because no identity-based policy allows the iam:DeleteUser action")},
		{"creation names the ARN", user("weak2", ""), createX, notAuthorized(arn("weak2"), "iam:CreateUser", arn("x"), " because no identity-based policy allows the iam:CreateUser action")},
		{"list names the path", user("weak3", ""), listAll, notAuthorized(arn("weak3"), "iam:ListUsers", arn(""), " because no identity-based policy allows the iam:ListUsers action")},
		{"explicit deny", user("denied", denyDelete), deleteX, notAuthorized(arn("denied"), "iam:DeleteUser", "user x", " with an explicit deny in an identity-based policy")},
		{"boundary", limited, deleteX, notAuthorized(arn("limited"), "iam:DeleteUser", "user x", " because no permissions boundary allows the iam:DeleteUser action")},
		{"session policy", w.iamBy(session.Credentials), deleteX, notAuthorized("arn:aws:sts::"+SampleAccount+":assumed-role/power/night", "iam:DeleteUser", "user x", " because no session policy allows the iam:DeleteUser action")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wants(t, tt.call(tt.by), "AccessDenied", tt.want) })
	}
	id, secret := w.newUser("stranger", "")
	_, err = w.stsWith(id, secret, "").AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("night")})
	wants(t, err, "AccessDenied", notAuthorized(arn("stranger"), "sts:AssumeRole", role, ""))
	_, err = w.stsWith(id, secret, "").AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(w.arn("role", "/none")), RoleSessionName: aws.String("night")})
	wants(t, err, "AccessDenied", notAuthorized(arn("stranger"), "sts:AssumeRole", w.arn("role", "/none"), ""))
}

func deleteX(c *iam.Client) error {
	_, err := c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("x")})
	return err
}

func createX(c *iam.Client) error {
	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	return err
}

func listAll(c *iam.Client) error {
	_, err := c.ListUsers(ctx, &iam.ListUsersInput{})
	return err
}

// TestContextKeys decides by what AWS says of each kind of caller.
func TestContextKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	when := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*","Condition":` + condition + `}]}`
	}
	id, secret := w.newUser("asker", "")
	role := w.newRole("asked", w.arn("user", "/asker"), "")
	_, err := w.admin().TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("asked"), Tags: iamTags("team", "blue")})
	w.must(err)
	_, err = w.admin().TagUser(ctx, &iam.TagUserInput{UserName: aws.String("asker"), Tags: iamTags("team", "red")})
	w.must(err)
	long := &types.Credentials{AccessKeyId: &id, SecretAccessKey: &secret, SessionToken: aws.String("")}
	assumed, err := w.stsWith(id, secret, "").AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("night")})
	w.must(err)
	token, err := w.stsWith(id, secret, "").GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	tests := []struct {
		condition                string
		key, sessionToken, asked bool
	}{
		{`{"StringEquals":{"aws:username":"asker"}}`, true, true, false},
		{`{"StringLike":{"aws:userid":"AROA*:night"}}`, false, false, true},
		{`{"StringLike":{"aws:userid":"AIDA*"}}`, true, true, false},
		{`{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}`, false, false, true},
		{`{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}`, false, false, true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"red"}}`, true, true, false},
		{`{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`, false, false, true},
		{`{"Null":{"aws:TokenIssueTime":"true"}}`, true, false, false},
		{`{"DateLessThanEquals":{"aws:TokenIssueTime":"2026-11-23T12:00:00Z"}}`, false, true, true},
		{`{"Null":{"aws:MultiFactorAuthPresent":"true"}}`, true, false, false},
		{`{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`, false, true, true},
		{`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, false, false, false},
		{`{"StringEquals":{"aws:PrincipalAccount":"` + SampleAccount + `","aws:RequestedRegion":"us-east-1"},"Bool":{"aws:SecureTransport":"true","aws:ViaAWSService":"false"},"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}`, true, true, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-23T11:59:59Z"},"NumericGreaterThan":{"aws:EpochTime":"1000"}}`, true, true, true},
	}
	for _, tt := range tests {
		_, err := w.admin().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("asker"), PolicyName: aws.String("own"), PolicyDocument: aws.String(when(tt.condition))})
		w.must(err)
		_, err = w.admin().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("asked"), PolicyName: aws.String("own"), PolicyDocument: aws.String(when(tt.condition))})
		w.must(err)
		for _, c := range []struct {
			kind  string
			by    *types.Credentials
			allow bool
		}{{"user key", long, tt.key}, {"GetSessionToken", token.Credentials, tt.sessionToken}, {"role session", assumed.Credentials, tt.asked}} {
			if got := w.mayListQueues(c.by); got != c.allow {
				t.Errorf("%s with %s: %v, want %v", c.kind, tt.condition, got, c.allow)
			}
		}
	}
}

func iamTags(key, value string) []iamtypes.Tag { return []iamtypes.Tag{{Key: &key, Value: &value}} }

// mayListQueues asks with credentials.
func (w *world) mayListQueues(by *types.Credentials) bool {
	w.Helper()
	c := sqs.NewFromConfig(w.config(*by.AccessKeyId, *by.SecretAccessKey, *by.SessionToken), func(o *sqs.Options) { o.HTTPSignerV4 = w.signer() })
	_, err := c.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		wants(w, err, "AccessDenied", "sqs:ListQueues")
	}
	return err == nil
}
