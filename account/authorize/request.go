package authorize

import (
	"cmp"
	"fmt"
	"strings"

	"warden/account"
	"warden/policy"
	"warden/policy/catalog"
)

// Request is a question: may somebody do that?
type Request struct {
	Action string // "service:Name"
	// Resource is an ARN, or "*" for every resource and for actions that
	// act on none in particular. Wildcards in an ARN are letters like
	// others: a policy that is to allow such a resource must cover them.
	Resource string
	// ResourceAccount owns a resource whose ARN names no account, such as a
	// bucket; empty means the snapshot's.
	ResourceAccount string
	// Context holds condition keys of the request, over those that are
	// known anyway; a key with [policy.Absent] is known not to be there.
	Context policy.Context
}

// Actions returns the actions that a pattern stands for: itself if it has no
// wildcards, otherwise those of the catalog that can act on the resource.
func Actions(pattern, resource string) ([]string, error) {
	service, name, ok := strings.Cut(pattern, ":")
	if !ok || service == "" || name == "" {
		return nil, fmt.Errorf("%q is no action: want service:Name, for example iam:CreateUser", pattern)
	}
	if !strings.ContainsAny(pattern, "*?") {
		return []string{pattern}, nil
	}
	if strings.ContainsAny(service, "*?") {
		return nil, fmt.Errorf("%q: the service prefix takes no wildcard", pattern)
	}
	found := catalog.Matching(pattern)
	if len(found) == 0 {
		near := ""
		if n := catalog.Nearest(pattern); n != "" {
			near = fmt.Sprintf(" (did you mean %s?)", n)
		}
		return nil, fmt.Errorf("no action is known that %q stands for%s", pattern, near)
	}
	var out []string
	for _, x := range found {
		if resource == "*" || ActsOn(x, resource) {
			out = append(out, x.String())
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("none of the %d actions that %q stands for acts on %s", len(found), pattern, resource)
	}
	return out, nil
}

// ActsOn tells whether a type of resource that the action acts on has ARNs
// such as this one, according to the catalog.
func ActsOn(x *catalog.Action, arn string) bool {
	for _, u := range x.Resources {
		if _, ok := common(policyTokens(arn), templateTokens(u.Type.ARN)); ok {
			return true
		}
	}
	return false
}

// query is a request with what is known of its resource.
type query struct {
	Request
	action   string // in lower case
	arn      account.ARN
	resource policy.Resource
	policy   *document // the trust policy of a role
	// named are the only principals of the account that policy can be about;
	// nil if it may be about others.
	named map[string]bool
	// presumed says that the policy of the resource is needed to allow, and
	// is not known; policy then stands in for it, and delegates to the
	// caller's account.
	presumed string
	free     bool    // nobody needs a permission for it
	known    []fact  // see Authorizer.facts
	voices   []voice // what documents have to say, by their number; nil or a cache
}

// prepare looks up the resource, and its policy if it is a role.
func (a *Authorizer) prepare(r Request) *query {
	q := &query{Request: r, action: strings.ToLower(r.Action)}
	arn, err := account.ParseARN(r.Resource)
	owner := r.ResourceAccount
	if err == nil && arn.Account != "" {
		owner = arn.Account
	}
	owner = cmp.Or(owner, a.account)
	q.arn, q.resource = arn, policy.Resource{ARN: r.Resource, Account: owner, InManagementAccount: a.management && owner == a.account}
	service, _, _ := strings.Cut(q.action, ":")
	switch {
	case service == "sts" && arn.Service == "iam" && arn.Type() == "role" && owner == a.account:
		t, known := a.targets[r.Resource]
		switch {
		case !known:
			// Nobody may assume a role that does not exist.
		case t.trust == nil:
			q.presumed, q.policy = t.noTrust, a.delegating
		default:
			q.policy, q.named = t.trust, t.trust.named()
		}
	case owner != a.account && owner != "aws":
		q.presumed, q.policy = "account "+owner+" must allow it too, with a policy of the resource", a.delegating
	case service == "kms" && (arn.Service == "kms" && arn.Type() == "key" || r.Resource == "*" && actsOn(q.action, "key")):
		q.presumed, q.policy = "the policy of the key decides whether the account's policies count, and is not in the snapshot", a.delegating
	}
	nobody := policy.Request{Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::" + a.account + ":user/", Account: a.account}, Action: r.Action, Resource: q.resource}
	q.free = policy.Decide(&nobody, &policy.Policies{}) == policy.Allowed
	return q
}

// facts returns the context of the request, whoever makes it: what the
// snapshot knows of the resource, and what the question gives.
func (a *Authorizer) facts(q *query) []fact {
	if q.known != nil {
		return q.known
	}
	facts := append(make([]fact, 0, 2*len(a.always)), a.always...)
	facts = append(facts, fact{"aws:resourceaccount", policy.One(q.resource.Account)})
	service, name, _ := strings.Cut(q.action, ":")
	// IAM's requests go to us-east-1 (IAM User Guide, "AWS global condition
	// context keys: aws:RequestedRegion").
	if region := q.arn.Region; region != "" {
		facts = append(facts, fact{"aws:requestedregion", policy.One(region)})
	} else if service == "iam" && a.partition == "aws" {
		facts = append(facts, fact{"aws:requestedregion", policy.One("us-east-1")})
	}
	if t, known := a.targets[q.Resource]; known {
		for key := range a.tagKeys.resource {
			facts = append(facts, fact{key, policy.Absent()})
		}
		for k, v := range t.tags {
			k = strings.ToLower(k)
			facts = append(facts, fact{"aws:resourcetag/" + k, policy.One(v)}, fact{"iam:resourcetag/" + k, policy.One(v)})
		}
		if service == "iam" && keepsBoundary[name] {
			v := policy.Absent()
			if t.boundary != "" {
				v = policy.One(t.boundary)
			}
			facts = append(facts, fact{"iam:permissionsboundary", v})
		}
	}
	for k, v := range q.Context {
		facts = append(facts, fact{strings.ToLower(k), v})
	}
	q.known = facts
	return facts
}

// keepsBoundary lists the actions whose condition key iam:PermissionsBoundary
// is the boundary that the user or role has. Service Authorization Reference,
// "Actions, resources, and condition keys for AWS Identity and Access
// Management". In lower case.
var keepsBoundary = map[string]bool{
	"attachuserpolicy": true, "detachuserpolicy": true, "putuserpolicy": true, "deleteuserpolicy": true, "deleteuserpermissionsboundary": true,
	"attachrolepolicy": true, "detachrolepolicy": true, "putrolepolicy": true, "deleterolepolicy": true, "deleterolepermissionsboundary": true,
}
