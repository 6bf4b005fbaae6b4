package twin

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func (w *world) s3With(id, secret, token string) *s3.Client {
	return s3.NewFromConfig(w.config(id, secret, token), func(o *s3.Options) { o.HTTPSignerV4, o.UsePathStyle = w.signer(), true })
}

func (w *world) s3By(c *ststypes.Credentials) *s3.Client {
	return w.s3With(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func (w *world) sqsBy(c *ststypes.Credentials) *sqs.Client {
	return sqs.NewFromConfig(w.config(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), func(o *sqs.Options) { o.HTTPSignerV4 = w.signer() })
}

// federate asks for a federated user with a session policy, or without one.
func federate(c *sts.Client, name, document string) (*sts.GetFederationTokenOutput, error) {
	in := &sts.GetFederationTokenInput{Name: &name}
	if document != "" {
		in.Policy = &document
	}
	return c.GetFederationToken(ctx, in)
}

func TestFederationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.newUser("proxy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ListQueues","s3:*","sts:GetFederationToken"],"Resource":"*"}]}`)
	proxy := w.stsWith(id, secret, "")
	out, err := federate(proxy, "guest", allowAll)
	w.must(err)
	if *out.FederatedUser.Arn != "arn:aws:sts::"+SampleAccount+":federated-user/guest" || *out.FederatedUser.FederatedUserId != SampleAccount+":guest" {
		t.Errorf("federated user %s %s", *out.FederatedUser.Arn, *out.FederatedUser.FederatedUserId)
	}
	if !out.Credentials.Expiration.Equal(testNow.Add(12 * time.Hour)) {
		t.Errorf("ends at %s", out.Credentials.Expiration)
	}
	me, err := w.stsBy(out.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *me.Arn != *out.FederatedUser.Arn || *me.UserId != SampleAccount+":guest" || *me.Account != SampleAccount {
		t.Errorf("caller %s %s", *me.Arn, *me.UserId)
	}

	// The session is the intersection of the user's policies and those passed.
	lists := func(c *ststypes.Credentials) error {
		_, err := w.sqsBy(c).ListQueues(ctx, &sqs.ListQueuesInput{})
		return err
	}
	w.must(lists(out.Credentials))
	_, err = w.sqsBy(out.Credentials).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("x")})
	wants(t, err, "AccessDenied", "because no identity-based policy allows the sqs:CreateQueue action")
	narrow, err := federate(proxy, "narrow", allow("*", "s3:ListAllMyBuckets"))
	w.must(err)
	wants(t, lists(narrow.Credentials), "AccessDenied", "because no session policy allows")
	_, err = w.s3By(narrow.Credentials).ListBuckets(ctx, &s3.ListBucketsInput{})
	w.must(err)
	empty, err := federate(proxy, "empty", "")
	w.must(err)
	wants(t, lists(empty.Credentials), "AccessDenied", "")
	byARN, err := proxy.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("arn"), PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String(adminPolicy)}}})
	w.must(err)
	w.must(lists(byARN.Credentials))

	// What no federated user may call, whatever the policies.
	_, err = w.iamBy(out.Credentials).ListUsers(ctx, &iam.ListUsersInput{})
	wants(t, err, "InvalidClientTokenId", invalidToken)
	_, err = federate(w.stsBy(out.Credentials), "again", allowAll)
	wants(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
	_, err = w.stsBy(out.Credentials).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &w.truth.AdminRole, RoleSessionName: aws.String("up")})
	wants(t, err, "AccessDenied", "Cannot call AssumeRole with session credentials")
	_, err = w.stsBy(out.Credentials).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	wants(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	// Nor may sessions ask for federated users.
	token, err := proxy.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	_, err = federate(w.stsBy(token.Credentials), "x1", allowAll)
	wants(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
	_, err = federate(w.stsBy(w.assume(w.truth.Administrator, w.truth.AdminRole)), "x1", allowAll)
	wants(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
	// Nor those without the permission, which is about the name.
	_, err = federate(w.sts(w.truth.Guard), "guest", "")
	wants(t, err, "AccessDenied", "sts:GetFederationToken on resource: arn:aws:sts::"+SampleAccount+":federated-user/guest")
	_, err = federate(proxy, strings.Repeat("x", 33), "")
	wants(t, err, "ValidationError", "less than or equal to 32")
	_, err = proxy.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("long"), DurationSeconds: aws.Int32(129601)})
	wants(t, err, "ValidationError", "less than or equal to 129600")
	_, err = proxy.GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("tagged"), Tags: []ststypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	wants(t, err, "AccessDenied", "sts:TagSession")

	// The root user gives away what he likes, for an hour.
	root, err := federate(w.sts(RootUser), "heir", allow("*", "sqs:*"))
	w.must(err)
	w.must(lists(root.Credentials))
	if !root.Credentials.Expiration.Equal(w.now().Add(time.Hour)) {
		t.Errorf("the root user's session ends at %s", root.Credentials.Expiration)
	}
}

// What ends a federated session is its user's denial, not the end of the key.
func TestFederatedSessionsOutliveTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	a, name := w.admin(), aws.String("proxy")
	id, secret := w.newUser(*name, allowAll)
	long := w.stsWith(id, secret, "")
	guest, err := federate(long, "guest", allowAll)
	w.must(err)
	token, err := long.GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	sessions := map[string]*ststypes.Credentials{"federated user": guest.Credentials, "session token": token.Credentials}

	_, err = a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: &id, Status: types.StatusTypeInactive})
	w.must(err)
	_, err = long.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wants(t, err, "InvalidClientTokenId", invalidToken)
	for what, c := range sessions {
		if _, err := w.sqsBy(c).ListQueues(ctx, &sqs.ListQueuesInput{}); err != nil {
			t.Errorf("%s after the deactivation of the key: %v", what, err)
		}
	}
	denyOld := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"` + testNow.Add(time.Second).Format(time.RFC3339) + `"}}}]}`
	_, err = a.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("revoke"), PolicyDocument: &denyOld})
	w.must(err)
	for what, c := range sessions {
		_, err := w.sqsBy(c).ListQueues(ctx, &sqs.ListQueuesInput{})
		t.Log(what)
		wants(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")
	}
	// A new session is younger than the denial.
	_, err = a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name, AccessKeyId: &id, Status: types.StatusTypeActive})
	w.must(err)
	w.pass(time.Minute)
	young, err := federate(long, "guest", allowAll)
	w.must(err)
	_, err = w.sqsBy(young.Credentials).ListQueues(ctx, &sqs.ListQueuesInput{})
	w.must(err)
	_, err = a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AWSDenyAll")})
	w.must(err)
	_, err = w.sqsBy(young.Credentials).ListQueues(ctx, &sqs.ListQueuesInput{})
	wants(t, err, "AccessDenied", "with an explicit deny")
}

// The condition keys of a federated user, each in the policy of his parent.
func TestFederatedConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	for i, tt := range []struct {
		condition string
		want      bool
	}{
		{`"StringEquals":{"aws:PrincipalType":"FederatedUser"}`, true},
		{`"StringEquals":{"aws:userid":"` + SampleAccount + `:guest"}`, true},
		{`"ArnEquals":{"aws:PrincipalArn":"arn:aws:sts::` + SampleAccount + `:federated-user/guest"}`, true},
		{`"Null":{"aws:username":"true"}`, true},
		{`"Null":{"aws:TokenIssueTime":"false"}`, true},
		{`"StringEquals":{"aws:PrincipalTag/team":"blue"}`, true},
		{`"Bool":{"aws:MultiFactorAuthPresent":"true"}`, false},
	} {
		name := "parent" + string(rune('a'+i))
		id, secret := w.newUser(name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"},{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*","Condition":{`+tt.condition+`}}]}`)
		out, err := w.stsWith(id, secret, "").GetFederationToken(ctx, &sts.GetFederationTokenInput{
			Name: aws.String("guest"), Policy: aws.String(allowAll), Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("blue")}},
		})
		w.must(err)
		_, err = w.sqsBy(out.Credentials).ListQueues(ctx, &sqs.ListQueuesInput{})
		if (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.condition, err)
		}
	}
}
