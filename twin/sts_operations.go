package twin

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/policy"
)

// stsOperations lists the operations of STS that the twin serves.
func stsOperations() map[string]operation {
	return map[string]operation{
		"AssumeRole": op(authorizeAssumeRole, assumeRole),
		// No policy can give or take away GetSessionToken and
		// GetCallerIdentity (AWS STS API Reference, both pages).
		"GetSessionToken":           op(authorizeGetSessionToken, getSessionToken),
		"GetCallerIdentity":         op(nil, getCallerIdentity),
		"GetFederationToken":        op(authorizeGetFederationToken, getFederationToken),
		"AssumeRoleWithWebIdentity": op(authorizeWebIdentity, assumeRoleWithWebIdentity).unsigned(webIdentity),
		"AssumeRoleWithSAML":        op(authorizeSAML, assumeRoleWithSAML).unsigned(samlIdentity),
		"GetAccessKeyInfo":          op(authorizeGetAccessKeyInfo, getAccessKeyInfo),
	}
}

func getCallerIdentity(c *call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: ptr(c.principal.account), Arn: ptr(c.principal.arn), UserId: ptr(c.principal.userID)}, nil
}

func authorizeGetAccessKeyInfo(c *call, in *sts.GetAccessKeyInfoInput) ([]demand, error) {
	if err := validate(c.operation, in, "AccessKeyId"); err != nil {
		return nil, err
	}
	return []demand{{action: "sts:GetAccessKeyInfo", resource: "*"}}, nil
}

// getAccessKeyInfo reads the account from the key itself, whether or not the
// key exists. AWS STS API Reference, GetAccessKeyInfo.
func getAccessKeyInfo(_ *call, in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	id := keyAccount(text(in.AccessKeyId))
	if id == "" {
		return nil, refuse(400, "ValidationError", "Invalid Access Key ID")
	}
	return &sts.GetAccessKeyInfoOutput{Account: &id}, nil
}

func authorizeGetSessionToken(c *call, in *sts.GetSessionTokenInput) ([]demand, error) {
	if err := validate(c.operation, in); err != nil {
		return nil, err
	}
	if err := duration(in.DurationSeconds, maxSeconds); err != nil {
		return nil, err
	}
	if err := c.withLongTermKey(); err != nil {
		return nil, err
	}
	var err error
	c.mfa, err = c.secondFactor(in.SerialNumber, in.TokenCode)
	return nil, err
}

// duration checks the length of a session, in seconds.
func duration(seconds *int32, max int32) error {
	p := &problems{}
	switch {
	case seconds == nil:
	case *seconds < 900:
		p.add("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", *seconds)
	case *seconds > max:
		p.add("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to %d", *seconds, max)
	}
	return p.err()
}

// getSessionToken gives a user his own rights for a while: twelve hours, for
// the root user one. AWS STS API Reference, GetSessionToken.
func getSessionToken(c *call, in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	seconds := int32(12 * 3600)
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	if c.principal.isRoot() {
		seconds = min(seconds, 3600)
	}
	x := c.newSession(seconds)
	x.userID, x.mfa = c.principal.id, c.mfa
	return &sts.GetSessionTokenOutput{Credentials: x.credentials()}, nil
}

// newSession makes temporary credentials.
func (c *call) newSession(seconds int32) *session {
	c.state.forgetExpired(c.now)
	issued := c.now.UTC().Truncate(time.Second)
	x := &session{
		id: c.state.next.make(prefixSession), secret: c.t.random.secret(), token: c.t.random.token(),
		issued: issued, expires: issued.Add(time.Duration(seconds) * time.Second),
	}
	c.state.sessions[x.id] = x
	return x
}

func (x *session) credentials() *types.Credentials {
	return &types.Credentials{AccessKeyId: ptr(x.id), SecretAccessKey: ptr(x.secret), SessionToken: ptr(x.token), Expiration: ptr(x.expires)}
}

// stsContext makes the condition keys of AssumeRole (IAM User Guide, "IAM and
// AWS STS condition context keys"; sts:DurationSeconds is not among them).
func stsContext(in *sts.AssumeRoleInput, r *role) policy.Context {
	ctx := policy.Context{}
	set := func(key string, v *string) {
		if v != nil {
			ctx.Set(key, policy.One(*v))
		}
	}
	set("sts:RoleSessionName", in.RoleSessionName)
	set("sts:ExternalId", in.ExternalId)
	set("sts:SourceIdentity", in.SourceIdentity)
	if len(in.TransitiveTagKeys) > 0 {
		ctx.Set("sts:TransitiveTagKeys", policy.Many(in.TransitiveTagKeys...))
	}
	tagContext(ctx, in.Tags)
	if r != nil {
		for k, v := range r.Tags {
			ctx.Set("iam:ResourceTag/"+k, policy.One(v))
			ctx.Set("aws:ResourceTag/"+k, policy.One(v))
		}
	}
	return ctx
}
