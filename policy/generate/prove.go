package generate

import (
	"fmt"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
	"warden/policy/reason"
)

// Proof says what is certain about generated policies.
type Proof struct {
	// Checked counts the observations that have to stay allowed.
	Checked int `json:"checked"`
	// Denied are those of them that the new policies do not allow, or not as
	// surely as the old ones.
	Denied []Observation `json:"denied,omitempty"`
	// Elsewhere are observations that the old policies do not allow: somebody
	// else's policy did, or a policy that was there then.
	Elsewhere []Observation `json:"elsewhere,omitempty"`
	// New says whether the new policies allow something that the old did not:
	// "no", "yes" or "unknown"; "" where there are no old ones.
	New string `json:"newAccess,omitempty"`
	// Witness is a request that only the new ones allow, where there is one.
	Witness string `json:"witness,omitempty"`
}

// Holds tells whether everything observed stays allowed and nothing new is.
func (p Proof) Holds() bool { return len(p.Denied) == 0 && (p.New == "" || p.New == "no") }

// Prove decides every observation under the new policies, and compares them
// with the old ones, if there are any.
func Prove(after, before []*policy.Document, observed []Observation, by policy.Principal) Proof {
	var p Proof
	for _, x := range observed {
		was := certain
		if len(before) > 0 {
			was = allows(before, x, by)
		}
		if was == no {
			if !x.Assumed { // it worked without
				p.Elsewhere = append(p.Elsewhere, x)
			}
			continue
		}
		p.Checked++
		if allows(after, x, by) < was || x.Resource == "" && !keeps(before, after, x.Action) {
			p.Denied = append(p.Denied, x)
		}
	}
	if len(before) == 0 {
		return p
	}
	a := reason.NoNewAccess(before, after, reason.Options{Kind: reason.Identity})
	switch a.Verdict {
	case reason.Yes:
		p.New = "no"
	case reason.No:
		p.New = "yes"
	default:
		p.New = "unknown"
	}
	if a.Witness != nil {
		p.Witness = fmt.Sprintf("%s on %s", a.Witness.Request.Action, a.Witness.Request.Resource.ARN)
	}
	return p
}

// answer says how surely policies allow something.
type answer int

const (
	no answer = iota
	perhaps
	certain
)

// allows asks what identity policies say of an observation. Of one whose
// resource is not known they are asked for every resource that it can have been:
// it is certain where they allow all of them.
func allows(docs []*policy.Document, x Observation, by policy.Principal) answer {
	switch {
	case slices.Contains(policy.AlwaysAllowed(), x.Action):
		return certain
	case x.Resource != "":
		return decide(docs, x, x.Resource, by)
	case x.Pattern != "" && decide(docs, x, unknown(x.Pattern), by) == certain:
		return certain // only stars match what is not known
	case x.Pattern == "" && decide(docs, x, "*", by) == certain:
		return certain
	}
	for _, d := range docs {
		for _, s := range d.Statements {
			if s.Effect == "Allow" && names(s, x.Action) {
				return certain // as far as anybody can tell
			}
		}
	}
	return no
}

// keeps tells whether an action is still allowed on every resource of old
// policies, under the same conditions: one of them was meant, and nobody knows
// which.
func keeps(before, after []*policy.Document, action string) bool {
	for _, d := range before {
		for _, was := range d.Statements {
			if was.Effect != "Allow" || !names(was, action) {
				continue
			}
			for _, resource := range was.Resources {
				if !grants(after, action, was, resource) {
					return false
				}
			}
			if was.NotResources != nil && !grants(after, action, was, "") {
				return false
			}
		}
	}
	return true
}

// grants tells whether some statement allows the action on this resource of
// another statement, under its conditions; "" is all but its NotResources.
func grants(docs []*policy.Document, action string, like policy.Statement, resource string) bool {
	for _, d := range docs {
		for _, s := range d.Statements {
			if s.Effect != "Allow" || !names(s, action) || !sameConditions(s, like) {
				continue
			}
			if slices.Contains(s.Resources, resource) || resource == "" && slices.Equal(s.NotResources, like.NotResources) {
				return true
			}
		}
	}
	return false
}

func sameConditions(a, b policy.Statement) bool {
	return slices.EqualFunc(a.Conditions, b.Conditions, func(x, y policy.Condition) bool {
		return x.Operator == y.Operator && x.Key == y.Key && slices.Equal(x.Values, y.Values)
	})
}

// names tells whether a statement is about an action.
func names(s policy.Statement, action string) bool {
	like := func(pattern string) bool { return catalog.Like(pattern, action) }
	if s.NotActions != nil {
		return !slices.ContainsFunc(s.NotActions, like)
	}
	return slices.ContainsFunc(s.Actions, like)
}

// unknown is an example of a pattern, with something that nobody names for
// each part that is not known.
func unknown(pattern string) string {
	return strings.ReplaceAll(starred(pattern), "*", "\ue000")
}

// decide asks the engine what identity policies say by themselves. The policy of
// the resource, which may have to allow too, is not the question: one that
// leaves it to the caller's account stands in for it.
func decide(docs []*policy.Document, x Observation, resource string, by policy.Principal) answer {
	owner := by.Account
	if f := strings.SplitN(resource, ":", 6); len(f) == 6 && f[4] != "" && f[4] != "aws" {
		owner = f[4]
	}
	r := policy.Evaluate(policy.Request{Principal: by, Action: x.Action, Resource: policy.Resource{ARN: resource, Account: owner}, Context: x.Context},
		policy.Policies{Identity: docs, Resource: delegating(by.Account)})
	switch {
	case r.Depends():
		return perhaps
	case r.Decision == policy.Allowed:
		return certain
	}
	return no
}

func delegating(account string) *policy.Document {
	d, err := policy.Parse("the policy of the resource", fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"*","Resource":"*"}}`, account))
	if err != nil {
		return nil
	}
	return d
}
