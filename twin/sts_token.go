package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/account"
	"warden/policy"
	"warden/twin/wire"
)

// identityToken is what an identity provider says of somebody, once it is
// verified: the caller of AssumeRoleWithWebIdentity or AssumeRoleWithSAML,
// which nobody signs.
type identityToken struct {
	kind     string // userIdentity.type: "WebIdentityUser", "SAMLUser"
	provider *identityProvider
	// principal, user and issuer are userIdentity's principalId, userName
	// and identityProvider.
	principal, user, issuer string
	// keys are the condition keys that the token makes; those of them that
	// last are in the session too.
	keys    map[string]string
	lasting []string

	sessionName    string // of SAML, where the token says it
	sourceIdentity string
	tags           []types.Tag
	transitive     []string
}

// byToken makes the principal of a call that carries a token.
func byToken(t *identityToken) *principal {
	return &principal{
		kind: tokenBearer, token: t, name: t.user,
		caller: policy.Principal{Type: policy.Federated, ARN: t.provider.arn},
	}
}

// unsigned takes calls without signature: their token says who calls. identify
// verifies it.
func (o operation) unsigned(identify func(c *call, in any) (*identityToken, error)) operation {
	o.identify = identify
	return o
}

// admitToken is admit for a call whose token says who calls. A token that
// cannot be verified proves nobody, and leaves no record.
func (c *call) admitToken(o operation, in any, decodeErr error) error {
	if decodeErr != nil {
		return decodeErr
	}
	token, err := o.identify(c, in)
	if err != nil {
		return err
	}
	c.principal = byToken(token)
	demands, err := o.authorize(c, in)
	if err != nil {
		return err
	}
	return c.allow(demands)
}

// tokenRequest is what the two calls have in common.
type tokenRequest struct {
	role, name string // ARN of the role, name of the session
	seconds    *int32
	policy     *string
	policyARNs []types.PolicyDescriptorType
}

// trusts asks the role's trust policy, the only one that knows the caller:
// for the call, and for the tags and the source identity that the token
// brings.
func (c *call) trusts(q tokenRequest) ([]demand, error) {
	if err := duration(q.seconds, 43200); err != nil {
		return nil, err
	}
	a, err := account.ParseARN(q.role)
	if err != nil || a.Service != "iam" || a.Type() != "role" {
		return nil, refuse(400, "ValidationError", "%s is invalid", q.role)
	}
	t := c.principal.token
	ctx := policy.Context{}
	for k, v := range t.keys {
		ctx.Set(k, policy.One(v))
	}
	ctx.Set("aws:FederatedProvider", policy.One(t.provider.arn))
	ctx.Set("sts:RoleSessionName", policy.One(q.name))
	if t.sourceIdentity != "" {
		ctx.Set("sts:SourceIdentity", policy.One(t.sourceIdentity))
	}
	if len(t.transitive) > 0 {
		ctx.Set("sts:TransitiveTagKeys", policy.Many(t.transitive...))
	}
	tagContext(ctx, t.tags)
	d := demand{action: "sts:" + c.operation, resource: q.role, context: ctx, resourceAccount: a.Account}
	if r := c.authorized.roleOf(q.role); r != nil {
		d.resource = r.ARN
		for k, v := range r.Tags {
			ctx.Set("iam:ResourceTag/"+k, policy.One(v))
			ctx.Set("aws:ResourceTag/"+k, policy.One(v))
		}
		if d.resourcePolicy, err = policy.ParseStored(r.ARN, c.authorized.trustToDecide(r.Trust)); err != nil {
			return nil, fail(500, "ServiceFailure", "trust policy of %s: %v", r.ARN, err)
		}
	}
	demands := []demand{d}
	if len(t.tags) > 0 {
		d.action = "sts:TagSession"
		demands = append(demands, d)
	}
	if t.sourceIdentity != "" {
		d.action = "sts:SetSourceIdentity"
		demands = append(demands, d)
	}
	return demands, nil
}

// openSession makes the role session that a token is exchanged for.
func (c *call) openSession(q tokenRequest) (*session, *types.AssumedRoleUser, *int32, error) {
	t := c.principal.token
	r := c.state.roleOf(q.role)
	if r == nil {
		return nil, nil, nil, tokenRefused(c.operation) // authorization still saw a role that is gone
	}
	seconds, err := c.roleSeconds(q.seconds, r)
	if err != nil {
		return nil, nil, nil, err
	}
	docs, arns, err := c.sessionPolicies(q.policy, q.policyARNs)
	if err != nil {
		return nil, nil, nil, err
	}
	tags, transitive, err := c.sessionTags(t.tags, t.transitive)
	if err != nil {
		return nil, nil, nil, err
	}
	packed, err := c.packedSize(text(q.policy), arns, tags)
	if err != nil {
		return nil, nil, nil, err
	}
	x := c.newSession(seconds)
	x.roleID, x.name, x.provider = r.ID, q.name, t.provider.arn
	x.arn = "arn:" + c.state.partition + ":sts::" + c.state.account + ":assumed-role/" + r.Name + "/" + x.name
	x.policies, x.policyARNs, x.passed = docs, arns, q.policy != nil || len(arns) > 0
	x.tags, x.transitive, x.sourceIdentity = tags, transitive, t.sourceIdentity
	x.keys = map[string]string{"aws:federatedprovider": t.provider.arn}
	for _, k := range t.lasting {
		x.keys[fold(k)] = t.keys[k]
	}
	c.resources = append(c.resources, recordResource{account: c.state.account, kind: "AWS::IAM::Role", arn: r.ARN})
	return x, &types.AssumedRoleUser{Arn: ptr(x.arn), AssumedRoleId: ptr(r.ID + ":" + x.name)}, packed, nil
}

// tokenRefused is the refusal of a call with a token: it names neither caller
// nor role (seen).
func tokenRefused(operation string) error {
	return refuse(403, "AccessDenied", "Not authorized to perform sts:%s", operation)
}

// badToken is the answer to a token that cannot be verified.
func badToken(format string, args ...any) error {
	return fail(400, "InvalidIdentityToken", format, args...)
}

// tagged is a token's tags as CloudTrail shows them.
func (t *identityToken) tagged() map[string]string {
	if len(t.tags) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, tag := range t.tags {
		out[text(tag.Key)] = text(tag.Value)
	}
	return out
}

// appendIdentity appends userIdentity of a caller with a token. CloudTrail User
// Guide, "Values for AWS STS APIs with SAML and web identity federation".
func (t *identityToken) appendIdentity(b []byte) []byte {
	b = append(b, `{"type":`...)
	b = wire.AppendString(b, t.kind)
	b = member(b, "principalId", t.principal)
	b = member(b, "userName", t.user)
	b = member(b, "identityProvider", t.issuer)
	return append(b, '}')
}

// tagContext makes the condition keys of tags that a request passes.
func tagContext(ctx policy.Context, tags []types.Tag) {
	var keys []string
	for _, t := range tags {
		ctx.Set("aws:RequestTag/"+text(t.Key), policy.One(text(t.Value)))
		keys = append(keys, text(t.Key))
	}
	if len(keys) > 0 {
		ctx.Set("aws:TagKeys", policy.Many(keys...))
	}
}
