package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"warden/policy"
	"warden/twin/wire"
)

// maxSeconds is the longest session of GetSessionToken and GetFederationToken.
const maxSeconds = 129600

// federator is who made a federated session, as CloudTrail names him.
type federator struct{ kind, id, arn, name string }

// withLongTermKey refuses calls that need a long-term key (AWS STS API
// Reference, GetSessionToken and GetFederationToken; the words were seen).
func (c *call) withLongTermKey() error {
	if c.principal.session == nil {
		return nil
	}
	return refuse(403, "AccessDenied", "Cannot call %s with session credentials", c.operation)
}

// mayCall says what sessions cannot call whatever their policies say. Sessions
// of GetSessionToken without MFA cannot call IAM, and of STS only AssumeRole
// and GetCallerIdentity; federated users cannot call IAM, and of STS only
// GetCallerIdentity (IAM User Guide, "Compare AWS STS credentials"). IAM's
// answer to the former was seen; that it is the same for the latter is
// unverified.
func (p *principal) mayCall(service, operation string) error {
	switch {
	case service == "iam" && (p.kind == federatedSession || p.kind == userSession && !p.session.mfa):
		return &authError{faultInvalidToken, invalidToken}
	case service != "sts" || operation == "GetCallerIdentity":
		return nil
	case p.kind == federatedSession, p.kind == userSession && operation != "AssumeRole":
		return refuse(403, "AccessDenied", "Cannot call %s with session credentials", operation)
	}
	return nil
}

// authorizeGetFederationToken needs the permission for the federated user that
// would be, and that to tag the session (IAM User Guide, "Permissions for
// GetFederationToken", "Pass session tags in AWS STS").
func authorizeGetFederationToken(c *call, in *sts.GetFederationTokenInput) ([]demand, error) {
	if err := validate(c.operation, in, "Name"); err != nil {
		return nil, err
	}
	if err := duration(in.DurationSeconds, maxSeconds); err != nil {
		return nil, err
	}
	if err := c.withLongTermKey(); err != nil {
		return nil, err
	}
	ctx := policy.Context{}
	tagContext(ctx, in.Tags)
	d := demand{action: "sts:GetFederationToken", resource: c.federatedUser(text(in.Name)), context: ctx}
	demands := []demand{d}
	if len(in.Tags) > 0 {
		d.action = "sts:TagSession"
		demands = append(demands, d)
	}
	return demands, nil
}

func (c *call) federatedUser(name string) string {
	return "arn:" + c.state.partition + ":sts::" + c.state.account + ":federated-user/" + name
}

// getFederationToken gives somebody a part of the caller's rights for a while:
// what both the caller's policies and the policies passed allow; without
// policies passed, what resource policies allow the session by name. AWS STS
// API Reference, GetFederationToken.
func getFederationToken(c *call, in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	seconds := int32(12 * 3600)
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	if c.principal.isRoot() {
		seconds = min(seconds, 3600)
	}
	docs, arns, err := c.sessionPolicies(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	tags, _, err := c.sessionTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	packed, err := c.packedSize(text(in.Policy), arns, tags)
	if err != nil {
		return nil, err
	}
	x := c.newSession(seconds)
	x.userID, x.federated = c.principal.id, true
	x.name, x.arn = text(in.Name), c.federatedUser(text(in.Name))
	x.policies, x.policyARNs, x.passed = docs, arns, in.Policy != nil || len(arns) > 0
	x.tags = tags
	out := &sts.GetFederationTokenOutput{
		Credentials:   x.credentials(),
		FederatedUser: &types.FederatedUser{Arn: ptr(x.arn), FederatedUserId: ptr(c.state.account + ":" + x.name)},
	}
	//lint:ignore SA1019 clients that are older than its successor read it
	out.PackedPolicySize = packed
	return out, nil
}

// fromFederation: the session has at most the present rights of the user who
// made it, and ends with him.
func (t *Twin) fromFederation(p *principal, s *state, x *session) bool {
	p.kind = federatedSession
	p.arn, p.id, p.userID, p.name = x.arn, s.account, s.account+":"+x.name, x.name
	p.caller = policy.Principal{Type: policy.Federated, ARN: x.arn, Account: s.account}
	if x.userID == t.account {
		// Nothing limits what the root user may give away.
		p.policies.Identity = s.documents([]string{"arn:" + s.partition + ":iam::aws:policy/AdministratorAccess"})
		p.parent = &federator{"Root", s.account, "arn:" + s.partition + ":iam::" + s.account + ":root", ""}
	} else {
		u := s.sessionUser(x)
		if u == nil {
			return false
		}
		p.parent = &federator{"IAMUser", u.ID, u.ARN, u.Name}
		p.caller.UserARN, p.policies = u.ARN, s.userPolicies(u)
	}
	p.policies.Session = append(s.documents(x.policyARNs), x.policies...)
	p.policies.SessionPassed = x.passed
	return true
}

// appendIssuer appends the sessionIssuer of a session that somebody federated.
func (f *federator) appendIssuer(b []byte, accountID string) []byte {
	b = append(b, `"sessionIssuer":{"type":`...)
	b = wire.AppendString(b, f.kind)
	b = member(b, "principalId", f.id)
	b = member(b, "arn", f.arn)
	b = member(b, "accountId", accountID)
	if f.name != "" {
		b = member(b, "userName", f.name)
	}
	return append(b, `},"webIdFederationData":{},`...)
}
