package policy

import "strings"

// Evaluate decides req under p and says why. See docs/policy.md for the rules
// and their sources.
func Evaluate(req Request, p Policies) Result {
	var r Result
	e := evaluation{req: &req, p: &p, result: &r}
	r.Decision = e.run()
	best := r.Decision
	if e.doubted {
		// Would the answer be the same if every doubt were resolved in
		// favour of the caller? Then it does not hang on the doubts.
		hopeful := evaluation{req: &req, p: &p, optimistic: true}
		if best = hopeful.run(); best != r.Decision {
			r.Unknown = e.reasons
		}
	}
	if e.sawAbsent {
		r.Missing = missing(&req, &p, r.Decision, best)
	}
	return r
}

// Decide is Evaluate without the evidence: the same code, and no allocation
// unless a pattern has very many wildcards and variables.
func Decide(req *Request, p *Policies) Decision {
	e := evaluation{req: req, p: p}
	return e.run()
}

// evaluation is one run over one request.
type evaluation struct {
	req    *Request
	p      *Policies
	caller Principal // req.Principal with its account
	owner  string    // the resource's account, "" if unknown
	arn    arnParts  // the resource's
	hasARN bool      // false where the resource is *

	result     *Result // where to write evidence; nil in Decide
	optimistic bool    // resolve doubts in favour of the caller
	doubted    bool    // there were doubts
	reasons    []string
	denied     bool // a statement denies
	unresolved bool // a variable had no value; see matchesResource
	sawAbsent  bool // a condition or variable asked for a key that is not given

	// special evaluations ask what would be if; see specialStatement.
	special bool
	open    bool     // keys that are not given may have any value
	keys    []string // those that made a difference
	search  bool     // look for statements that nearly decided otherwise
	near    []candidate
	forced  candidate // a statement whose conditions are turned round
}

// outcome is what a set of policies says.
type outcome struct {
	denies bool
	grants grant // how the statements that allow name the caller
}

// decision of the set on its own.
func (o outcome) decision() Decision {
	switch {
	case o.denies:
		return ExplicitlyDenied
	case o.grants != 0:
		return Allowed
	}
	return ImplicitlyDenied
}

// run evaluates every layer that applies and combines them.
//
// IAM User Guide, "Policy evaluation logic" and "How AWS enforcement code
// logic evaluates requests to allow or deny access": an explicit deny in any
// applicable policy is final; then the service control policies, the resource
// control policies and the policy of the VPC endpoint must leave room; then
// something must grant.
func (e *evaluation) run() Decision {
	e.prepare()
	if alwaysAllowed(e.req.Action) {
		return Allowed
	}
	room := true
	p := e.p
	if e.scpsApply() {
		for i := range p.SCPs {
			o := e.set(LayerSCP, p.SCPs[i].Name, p.SCPs[i].Policies)
			room = room && o.grants != 0
		}
	}
	if e.rcpsApply() {
		// RCPFullAWSAccess is attached everywhere and cannot be detached,
		// so that only denials matter (AWS Organizations User Guide,
		// "Resource control policies").
		for i := range p.RCPs {
			e.set(LayerRCP, p.RCPs[i].Name, p.RCPs[i].Policies)
		}
	}
	if p.ViaEndpoint {
		o := e.set(LayerEndpoint, "", p.Endpoint)
		room = room && o.grants != 0
	}
	var l layers
	if p.Resource != nil {
		l.resource = e.one(LayerResource, p.Resource).grants
	}
	if e.caller.Account != "" {
		e.callerLayers(&l)
	}
	switch {
	case e.denied:
		return ExplicitlyDenied
	case room && e.granted(l):
		return Allowed
	}
	return ImplicitlyDenied
}

// layers is what the policies that can grant say.
type layers struct {
	resource                    grant
	identity, boundary, session bool
}

// callerLayers evaluates the policies of the caller's own account.
func (e *evaluation) callerLayers(l *layers) {
	p := e.p
	identity := e.set(LayerIdentity, "", p.Identity)
	// Nothing limits what the root user may do in its account but the
	// organization's policies (IAM User Guide, "AWS account root user").
	l.identity = identity.grants != 0 || e.caller.Type == Root
	if len(p.Group) > 0 {
		group := e.set(LayerGroup, "", p.Group)
		l.identity = l.identity || group.grants != 0
	}
	l.boundary = true
	if e.hasBoundary() {
		l.boundary = e.set(LayerBoundary, "", p.Boundary).grants != 0
	}
	// A federated session without session policy has no permissions (AWS STS
	// API Reference, GetFederationToken).
	l.session = e.caller.Type != Federated
	if p.SessionPassed {
		l.session = e.set(LayerSession, "", p.Session).grants != 0
	}
}

// granted tells whether the layers together grant the request.
func (e *evaluation) granted(l layers) bool {
	own := l.identity && l.boundary && l.session
	switch {
	case e.caller.Account == "":
		// Services, anonymous callers and holders of a provider's token
		// have no policies of their own.
		return l.resource&toCaller != 0
	case e.owner != e.caller.Account:
		// IAM User Guide, "Cross-account policy evaluation logic": both
		// accounts must allow.
		return l.resource != 0 && own
	case l.resource&toCaller != 0:
		// IAM User Guide, "Policy evaluation for requests within a single
		// account": a resource policy that names the user or the session is
		// final; no implicit deny elsewhere counts.
		return true
	case l.resource&toParent != 0 && l.boundary && l.session:
		// The same page: a grant to the role is limited by the boundary and
		// by the session policy, and needs no identity policy.
		return true
	case e.mustTrustAccount():
		return own && l.resource&toAccount != 0
	}
	return own
}

// mustTrustAccount tells whether the resource's own policy must let its
// account delegate before an identity policy counts: KMS keys (AWS KMS
// Developer Guide, "Key policies in AWS KMS": "Allows access to the AWS account
// and enables IAM policies") and roles that are assumed (IAM User Guide, "Roles
// terms and concepts": the trust policy is required).
func (e *evaluation) mustTrustAccount() bool {
	if !e.hasARN {
		return false
	}
	switch e.arn[2] {
	case "kms":
		return hasService(e.req.Action, "kms")
	case "iam":
		return hasService(e.req.Action, "sts") && strings.HasPrefix(e.arn[5], "role/")
	}
	return false
}

// hasService tells whether action belongs to service.
func hasService(action, service string) bool {
	n := len(service)
	return len(action) > n && action[n] == ':' && strings.EqualFold(action[:n], service)
}

// AlwaysAllowed are the actions that no policy gives or takes away.
//
// "No permissions are required to perform this operation. If an administrator
// attaches a policy … that explicitly denies access to the
// sts:GetCallerIdentity action, you can still perform this operation" (AWS STS
// API Reference, GetCallerIdentity).
//
// "No permissions are required for a user to get a session token. … You can
// include the GetSessionToken action in a policy, but doing so has no effect on
// a user's ability to perform the GetSessionToken operation" (IAM User Guide,
// "Permissions for GetSessionToken"). That only users and the root user may
// call it, and with long-term credentials, is not a matter of policies.
func AlwaysAllowed() []string { return []string{"sts:GetCallerIdentity", "sts:GetSessionToken"} }

func alwaysAllowed(action string) bool {
	return hasService(action, "sts") && (strings.EqualFold(action, "sts:GetCallerIdentity") || strings.EqualFold(action, "sts:GetSessionToken"))
}

// prepare fills in what the request leaves to be derived.
func (e *evaluation) prepare() {
	r := e.req
	e.caller = r.Principal
	if e.caller.Account == "" && e.caller.Type != Service && e.caller.Type != Anonymous {
		if arn, ok := splitARN(e.caller.ARN); ok && (arn[2] == "sts" || arn[2] == "iam" && arn[5] != "" && !isProvider(arn[5])) {
			e.caller.Account = arn[4]
		}
	}
	if r.Resource.ARN != "*" {
		e.arn, e.hasARN = splitARN(r.Resource.ARN)
	}
	switch e.owner = r.Resource.Account; {
	case e.owner == "aws" || e.hasARN && e.arn[4] == "aws":
		e.owner = e.caller.Account // AWS's managed policies belong to everybody
	case e.owner != "":
	case e.hasARN && e.arn[4] != "":
		e.owner = e.arn[4]
	case r.Resource.ARN == "*":
		e.owner = e.caller.Account
	case e.caller.Account != "":
		e.doubt(func() string { return "the account that owns " + r.Resource.ARN + " is not given" })
		if e.optimistic {
			e.owner = e.caller.Account
		}
	}
}

// isProvider tells whether the resource part of an IAM ARN is an identity
// provider.
func isProvider(resource string) bool {
	return strings.HasPrefix(resource, "saml-provider/") || strings.HasPrefix(resource, "oidc-provider/")
}

// scpsApply: service control policies bind users, roles and the root user of
// member accounts; not the management account, service-linked roles, services
// or callers without account (AWS Organizations User Guide, "Service control
// policies: SCP effects on permissions").
func (e *evaluation) scpsApply() bool {
	c := &e.caller
	return c.Account != "" && !c.ServiceLinkedRole && !c.InManagementAccount
}

// rcpsApply: resource control policies bind every caller but service-linked
// roles, and every resource but those of the management account (AWS
// Organizations User Guide, "Resource control policies: RCP effects on
// permissions"). They bind only the services that support them; the caller of
// Evaluate leaves RCPs out for others.
func (e *evaluation) rcpsApply() bool {
	return !e.caller.ServiceLinkedRole && !e.req.Resource.InManagementAccount
}

func (e *evaluation) hasBoundary() bool { return len(e.p.Boundary) > 0 }
