package twin

import (
	"maps"
	"strconv"
	"time"

	"warden/policy"
)

// principalKind is the kind of caller.
type principalKind uint8

const (
	rootPrincipal    principalKind = iota + 1
	userPrincipal                  // an IAM user with a long-term key
	userSession                    // credentials of GetSessionToken
	roleSession                    // credentials of AssumeRole and its kin
	federatedSession               // credentials of GetFederationToken
	tokenBearer                    // a call with an identity provider's token
	servicePrincipal               // an AWS service that delivers
)

// principal is who makes a call, with all that decides what he may do.
type principal struct {
	kind    principalKind
	account string
	arn     string // as GetCallerIdentity gives it
	id      string // the unique id, without the session's name
	userID  string // aws:userid: "AIDA…", "AROA…:session", the account of root
	name    string // the user or role name
	keyID   string

	user    *user          // as authorization sees it, for users and their sessions
	role    *role          // likewise, for role sessions
	session *session       // nil for long-term keys
	parent  *federator     // who made a federated session
	token   *identityToken // of a call that nobody signs

	caller   policy.Principal
	policies policy.Policies
}

// principalOf finds who owns a key, and what he may do, as authorization sees
// it now; false when there is nobody (any more).
func (t *Twin) principalOf(s *state, keyID string) (*principal, bool) {
	p := &principal{account: s.account, keyID: keyID}
	if x := t.state.sessions[keyID]; x != nil {
		p.session = x
		if x.roleID != "" {
			return p, p.fromRole(s, x)
		}
		if x.federated {
			return p, t.fromFederation(p, s, x)
		}
		return p, t.fromUserSession(p, s, x)
	}
	if keyID == t.root.id {
		p.kind = rootPrincipal
		t.fromRoot(p)
		return p, true
	}
	u, key := s.userOfKey(keyID)
	if u == nil || !key.Active {
		return nil, false
	}
	p.kind = userPrincipal
	p.fromUser(s, u)
	return p, true
}

func (t *Twin) fromRoot(p *principal) {
	p.arn = "arn:" + t.partition + ":iam::" + t.account + ":root"
	p.id, p.userID, p.name = t.account, t.account, ""
	p.caller = policy.Principal{Type: policy.Root, ARN: p.arn, Account: t.account}
}

func (p *principal) fromUser(s *state, u *user) {
	p.user, p.arn, p.id, p.userID, p.name = u, u.ARN, u.ID, u.ID, u.Name
	p.caller = policy.Principal{Type: policy.User, ARN: u.ARN, Account: s.account}
	p.policies = s.userPolicies(u)
}

// fromUserSession: the credentials live on without the key that made them,
// not without the user.
func (t *Twin) fromUserSession(p *principal, s *state, x *session) bool {
	p.kind = userSession
	if x.userID == t.account {
		t.fromRoot(p)
		return true
	}
	u := s.sessionUser(x)
	if u == nil {
		return false
	}
	p.fromUser(s, u)
	return true
}

// fromRole: a deleted role ends its sessions.
func (p *principal) fromRole(s *state, x *session) bool {
	r := s.sessionRole(x)
	if r == nil {
		return false
	}
	p.kind = roleSession
	p.role, p.arn, p.id, p.userID, p.name = r, x.arn, r.ID, r.ID+":"+x.name, r.Name
	p.caller = policy.Principal{
		Type: policy.Session, ARN: x.arn, Account: s.account, RoleARN: r.ARN,
		ServiceLinkedRole: r.serviceLinked(),
	}
	p.policies = s.rolePolicies(r, x)
	return true
}

// isRoot tells whether the caller is the root user, in person or by a session.
func (p *principal) isRoot() bool { return p.caller.Type == policy.Root }

// tags of the principal: those of the user, or of the role with the session's
// over them (IAM User Guide, "Pass session tags in AWS STS").
func (p *principal) tags() map[string]string {
	switch {
	case p.kind == federatedSession:
		return p.session.tags
	case p.user != nil:
		return p.user.Tags
	case p.role == nil:
		return nil
	case len(p.session.tags) == 0:
		return p.role.Tags
	}
	tags := maps.Clone(p.role.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, p.session.tags)
	return tags
}

// conditions are the context keys that AWS sets for this kind of caller and
// for every request. IAM User Guide, "AWS global condition context keys".
func (c *call) conditions() policy.Context {
	p := c.principal
	ctx := make(policy.Context, 24)
	now := c.now.UTC()
	ctx["aws:currenttime"] = policy.One(now.Format(time.RFC3339))
	ctx["aws:epochtime"] = policy.One(strconv.FormatInt(now.Unix(), 10))
	ctx["aws:securetransport"] = policy.One("true")
	ctx["aws:viaawsservice"] = policy.One("false")
	ctx["aws:requestedregion"] = policy.One(c.region)
	if c.sourceIP != "" {
		ctx["aws:sourceip"] = policy.One(c.sourceIP)
	}
	if c.userAgent != "" {
		ctx["aws:useragent"] = policy.One(c.userAgent)
	}
	if p.kind == tokenBearer {
		return ctx // the account does not know him yet
	}
	ctx["aws:principalaccount"] = policy.One(p.account)
	ctx["aws:userid"] = policy.One(p.userID)
	ctx["aws:principalisawsservice"] = policy.One("false")
	switch {
	case p.isRoot():
		ctx["aws:principaltype"] = policy.One("Account")
		ctx["aws:principalarn"] = policy.One(p.arn)
	case p.role != nil:
		ctx["aws:principaltype"] = policy.One("AssumedRole")
		ctx["aws:principalarn"] = policy.One(p.role.ARN)
	case p.kind == federatedSession:
		ctx["aws:principaltype"] = policy.One("FederatedUser")
		ctx["aws:principalarn"] = policy.One(p.arn)
	default:
		ctx["aws:principaltype"] = policy.One("User")
		ctx["aws:principalarn"] = policy.One(p.arn)
		ctx["aws:username"] = policy.One(p.name)
	}
	for k, v := range p.tags() {
		ctx.Set("aws:PrincipalTag/"+k, policy.One(v))
	}
	if c.mfa {
		ctx["aws:multifactorauthpresent"], ctx["aws:multifactorauthage"] = policy.One("true"), policy.One("0")
	}
	if x := p.session; x != nil {
		ctx["aws:tokenissuetime"] = policy.One(x.issued.UTC().Format(time.RFC3339))
		ctx["aws:multifactorauthpresent"] = policy.One(strconv.FormatBool(x.mfa || c.mfa))
		if x.mfa {
			age := int64(c.now.Sub(x.issued) / time.Second)
			ctx["aws:multifactorauthage"] = policy.One(strconv.FormatInt(age, 10))
		}
		if x.sourceIdentity != "" {
			ctx["aws:sourceidentity"] = policy.One(x.sourceIdentity)
		}
		for k, v := range x.keys {
			ctx[k] = policy.One(v)
		}
	}
	c.t.organizationKeys(ctx, "aws:principal", p.account, c.now)
	return ctx
}
