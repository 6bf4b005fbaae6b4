package twin

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const github = "https://token.actions.githubusercontent.com"

// anonymous is a client without credentials: nobody signs these calls.
func (w *world) anonymous() *sts.Client {
	c := w.config("", "", "")
	c.Credentials = aws.AnonymousCredentials{}
	return sts.NewFromConfig(c)
}

// byGitHub assumes a role by a token of the sample's build server.
func (w *world) byGitHub(role string, id WebIdentity) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	w.Helper()
	if id.Provider == "" {
		id.Provider = github
	}
	if id.Audience == "" {
		id.Audience = "sts.amazonaws.com"
	}
	token, err := w.twin.WebIdentityToken(id)
	w.must(err)
	return w.anonymous().AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(w.arn("role", role)), RoleSessionName: aws.String("build"), WebIdentityToken: &token, DurationSeconds: aws.Int32(3600),
	})
}

func TestWebIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	const role, subject = "/ci/github-actions", "repo:halden-freight/booking:ref:refs/heads/main"
	provider := w.arn("oidc-provider", "/token.actions.githubusercontent.com")
	out, err := w.byGitHub(role, WebIdentity{Subject: subject})
	w.must(err)
	if *out.Provider != provider || *out.SubjectFromWebIdentityToken != subject || *out.Audience != "sts.amazonaws.com" ||
		*out.AssumedRoleUser.Arn != "arn:aws:sts::"+SampleAccount+":assumed-role/github-actions/build" {
		t.Errorf("answer %+v", out)
	}
	me, err := w.stsBy(out.Credentials).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	if *me.Arn != *out.AssumedRoleUser.Arn {
		t.Errorf("the session is %s", *me.Arn)
	}

	refused := "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	for what, tt := range map[string]struct {
		role          string
		id            WebIdentity
		code, message string
	}{
		"another repository":  {role, WebIdentity{Subject: "repo:evil/booking:ref:refs/heads/main"}, "AccessDenied", refused},
		"another audience":    {role, WebIdentity{Subject: subject, Audience: "elsewhere"}, "InvalidIdentityToken", "Incorrect token audience"},
		"an unknown provider": {role, WebIdentity{Subject: subject, Provider: "https://evil.example"}, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://evil.example"},
		"a role of users":     {"/ci/deploy", WebIdentity{Subject: subject}, "AccessDenied", refused},
		"no role":             {"/ci/nothing", WebIdentity{Subject: subject}, "AccessDenied", refused},
		"tags":                {role, WebIdentity{Subject: subject, Tags: map[string]string{"team": "blue"}}, "AccessDenied", refused},
		"a source identity":   {role, WebIdentity{Subject: subject, SourceIdentity: "alice"}, "AccessDenied", refused},
	} {
		_, err := w.byGitHub(tt.role, tt.id)
		t.Log(what)
		wants(t, err, tt.code, tt.message)
	}
	use := func(token string) error {
		_, err := w.anonymous().AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(w.arn("role", role)), RoleSessionName: aws.String("build"), WebIdentityToken: &token})
		return err
	}
	token, err := w.twin.WebIdentityToken(WebIdentity{Provider: github, Subject: subject, Audience: "sts.amazonaws.com"})
	w.must(err)
	head, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	w.must(err)
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "booking", "booking:x", 1)))
	wants(t, use(head+"."+forged+"."+signature), "InvalidIdentityToken", "Couldn't retrieve verification key")
	wants(t, use("nonsense"), "InvalidIdentityToken", "not a valid JWT")
	wants(t, use("x"), "ValidationError", "webIdentityToken")
	w.must(use(token))
	w.pass(5 * time.Minute)
	wants(t, use(token), "ExpiredTokenException", "Token expired")

	// Without the provider there is no way in, whatever the role trusts.
	_, err = w.admin().DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &provider})
	w.must(err)
	_, err = w.byGitHub(role, WebIdentity{Subject: subject})
	wants(t, err, "InvalidIdentityToken", "No OpenIDConnect provider found")
}

// What the token says lasts in the session.
func TestWebIdentitySession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + w.arn("oidc-provider", "/token.actions.githubusercontent.com") +
		`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:RequestTag/team":"blue","sts:RoleSessionName":"build"},"StringLike":{"sts:SourceIdentity":"a*"}}}]}`
	own := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceIdentity":"alice",` +
		`"aws:FederatedProvider":"` + w.arn("oidc-provider", "/token.actions.githubusercontent.com") + `","token.actions.githubusercontent.com:sub":"me"},"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`
	_, err := w.admin().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("builder"), AssumeRolePolicyDocument: &trust})
	w.must(err)
	_, err = w.admin().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("builder"), PolicyName: aws.String("own"), PolicyDocument: &own})
	w.must(err)
	id := WebIdentity{Subject: "me", Tags: map[string]string{"team": "blue"}, Transitive: []string{"team"}, SourceIdentity: "alice"}
	out, err := w.byGitHub("/builder", id)
	w.must(err)
	_, err = w.sqsBy(out.Credentials).ListQueues(ctx, &sqs.ListQueuesInput{})
	w.must(err)
	if x := w.twin.state.sessions[*out.Credentials.AccessKeyId]; len(x.transitive) != 1 {
		t.Errorf("transitive %v", x.transitive)
	}
	id.Tags["team"] = "red"
	_, err = w.byGitHub("/builder", id)
	wants(t, err, "AccessDenied", "Not authorized to perform")
}

func TestSAML(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	made, err := w.admin().CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("Corp"), SAMLMetadataDocument: aws.String(metadata("https://idp.example.com"))})
	w.must(err)
	provider := *made.SAMLProviderArn
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],` +
		`"Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml","SAML:iss":"https://idp.example.com"},"StringLike":{"SAML:sub":"*@example.com"}}}]}`
	own := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:ListQueues","Resource":"*","Condition":{"StringEquals":{"saml:sub":"alice@example.com","saml:sub_type":"transient","aws:FederatedProvider":"` + provider + `"},"Null":{"saml:aud":"true"}}}]}`
	_, err = w.admin().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("staff"), AssumeRolePolicyDocument: &trust})
	w.must(err)
	_, err = w.admin().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("staff"), PolicyName: aws.String("own"), PolicyDocument: &own})
	w.must(err)
	role := w.arn("role", "/staff")
	assume := func(s SAMLIdentity, role string) (*sts.AssumeRoleWithSAMLOutput, error) {
		text, err := w.twin.SAMLAssertion(s)
		w.must(err)
		return w.anonymous().AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: &provider, SAMLAssertion: &text})
	}
	alice := SAMLIdentity{Provider: provider, Role: role, Subject: "alice@example.com"}
	out, err := assume(alice, role)
	w.must(err)
	if *out.Subject != "alice@example.com" || *out.SubjectType != "transient" || *out.Issuer != "https://idp.example.com" || *out.Audience != samlAudience ||
		*out.AssumedRoleUser.Arn != "arn:aws:sts::"+SampleAccount+":assumed-role/staff/alice@example.com" || len(*out.NameQualifier) != 28 {
		t.Errorf("answer %+v", out)
	}
	_, err = w.sqsBy(out.Credentials).ListQueues(ctx, &sqs.ListQueuesInput{})
	w.must(err)

	_, err = assume(SAMLIdentity{Provider: provider, Role: role, Subject: "alice@evil.example", SessionName: "alice"}, role)
	wants(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
	_, err = assume(alice, w.truth.AdminRole)
	wants(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
	withSource := alice
	withSource.SourceIdentity = "alice" // which the role does not trust it to set
	_, err = assume(withSource, role)
	wants(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")

	text, err := w.twin.SAMLAssertion(alice)
	w.must(err)
	use := func(text string) error {
		_, err := w.anonymous().AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: &provider, SAMLAssertion: &text})
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	w.must(err)
	wants(t, use(base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(raw), "alice@", "admin@", 1)))), "InvalidIdentityToken", "Response signature invalid")
	wants(t, use("nonsense"), "InvalidIdentityToken", "Invalid base64 SAMLResponse")
	// New metadata: whoever holds the old key is out.
	_, err = w.admin().UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: &provider, SAMLMetadataDocument: aws.String(metadata("https://other.example.com"))})
	w.must(err)
	wants(t, use(text), "InvalidIdentityToken", "Issuer not present in specified provider")
	_, err = w.admin().UpdateSAMLProvider(ctx, &iam.UpdateSAMLProviderInput{SAMLProviderArn: &provider, SAMLMetadataDocument: aws.String(metadata("https://idp.example.com"))})
	w.must(err)
	w.must(use(text))
	w.pass(6 * time.Minute)
	wants(t, use(text), "ExpiredTokenException", "within 5 minutes")

	// The role of a permission set is trusted so in the sample.
	sso := w.arn("saml-provider", "/AWSSSO_8f2d1c9be07a4563_DO_NOT_DELETE")
	text, err = w.twin.SAMLAssertion(SAMLIdentity{Provider: sso, Role: w.truth.SSORole, Subject: "ops@example.com"})
	w.must(err)
	_, err = w.anonymous().AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{RoleArn: &w.truth.SSORole, PrincipalArn: &sso, SAMLAssertion: &text})
	w.must(err)
}
