package escalation

import (
	"slices"

	"warden/account/authorize"
	"warden/policy"
)

// everything allows everything, as AdministratorAccess does.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// anything is an action that no policy names: only a statement about all
// actions allows it.
const anything = "any:Thing"

// managing are the actions that an administrator can do everywhere: with any
// of them on any resource somebody gives himself the rest.
var managing = []string{
	"iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:PutUserPolicy", "iam:PutRolePolicy", "iam:CreatePolicyVersion",
	"iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:CreateUser", "iam:PassRole",
}

// mayEverything asks whether the principal is an administrator, with his
// policies changed in thought if change is not nil.
func (s *search) mayEverything(n *node, change func(*policy.Policies)) authorize.Answer {
	ask := func(r authorize.Request) authorize.Answer {
		if change == nil {
			return s.authorizer.Ask(n.Principal, r)
		}
		return s.authorizer.Suppose(n.Principal, r, change)
	}
	var worstAnswer authorize.Answer
	for i, region := range n.class.regions {
		a := ask(authorize.Request{Action: anything, Resource: "*", Context: policy.Context{"aws:requestedregion": policy.One(region)}})
		if i == 0 || rank(a.State) < rank(worstAnswer.State) {
			worstAnswer = a
		}
	}
	for _, action := range managing {
		if worstAnswer.State == authorize.Denied {
			break
		}
		if a := ask(authorize.Request{Action: action, Resource: "*"}); rank(a.State) > rank(worstAnswer.State) {
			worstAnswer = a
		}
	}
	return worstAnswer
}

// lifting is what becomes of a class that is given everything.
type lifting struct {
	state     authorize.State
	dependsOn []string
	// unbound is the same without the permissions boundary, if that is what
	// stands in the way.
	unbound authorize.State
}

// lifts asks whether the principal is an administrator once he is given
// everything: his boundary and his Deny statements stay.
func (s *search) lifts(n *node) *lifting {
	c := n.class
	if c.lift == nil {
		a := s.mayEverything(n, func(p *policy.Policies) { p.Identity = append(slices.Clone(p.Identity), s.all) })
		c.lift = &lifting{state: a.State, dependsOn: a.DependsOn, unbound: authorize.Denied}
		if a.State != authorize.Allowed && len(n.Policies().Boundary) > 0 {
			c.lift.unbound = s.mayEverything(n, func(p *policy.Policies) {
				p.Identity, p.Boundary = append(slices.Clone(p.Identity), s.all), nil
			}).State
		}
	}
	return c.lift
}

// raised proves that a principal, given everything, is an administrator; if
// the boundary stands in the way, by who may take it away. by asks.
func (s *search) raised(by, n *node) (state authorize.State, hangsOn []string, proof []Evidence) {
	l := s.lifts(n)
	if l.state == authorize.Allowed {
		return l.state, nil, nil
	}
	if l.unbound != authorize.Denied {
		for _, action := range boundaryActions[n.Kind] {
			r := authorize.Request{Action: action, Resource: n.ARN, Context: policy.Context{"iam:permissionsboundary": policy.One(s.administratorAccess())}}
			if action == "iam:DeleteUserPermissionsBoundary" || action == "iam:DeleteRolePermissionsBoundary" {
				r.Context = nil
			}
			a := s.authorizer.Ask(by.Principal, r)
			if st := worst(a.State, l.unbound); rank(st) < rank(l.state) {
				return st, a.DependsOn, []Evidence{evidence(a)}
			}
		}
	}
	return l.state, l.dependsOn, nil
}

// boundaryActions take a boundary away, or put a wide one in its place. IAM
// User Guide, "Permissions boundaries for IAM entities".
var boundaryActions = map[authorize.Kind][]string{
	authorize.User: {"iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"},
	authorize.Role: {"iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"},
}

func (s *search) administratorAccess() string {
	return "arn:" + s.snapshot.Partition + ":iam::aws:policy/AdministratorAccess"
}
