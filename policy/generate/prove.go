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
	// Denied are observations that the new policies do not allow for certain.
	Denied []Observation `json:"denied,omitempty"`
	// New says whether the new policies allow something that the old did not:
	// "no", "yes" or "unknown"; "" where there are no old ones.
	New string `json:"newAccess,omitempty"`
	// Witness is a request that only the new ones allow, where there is one.
	Witness string `json:"witness,omitempty"`
}

// Holds tells whether everything observed stays allowed and nothing new is.
func (p Proof) Holds() bool { return len(p.Denied) == 0 && (p.New == "" || p.New == "no") }

// Prove decides every observation under the new policies, and compares them
// with the old ones, if there are any. An observation of which old policies
// decide otherwise, by a Deny, is not counted.
func Prove(after, before []*policy.Document, observed []Observation, by policy.Principal) Proof {
	var p Proof
	for _, x := range observed {
		if len(before) > 0 && !allows(before, x, by) {
			continue
		}
		if !allows(after, x, by) {
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

// allows tells whether policies allow an observation, or may: they are asked
// only for what they say themselves. Of an observation whose resource is not
// known it is enough that the action is allowed on something.
func allows(docs []*policy.Document, x Observation, by policy.Principal) bool {
	if x.Resource == "" {
		for _, d := range docs {
			for _, s := range d.Statements {
				if s.Effect != "Allow" {
					continue
				}
				for _, a := range s.Actions {
					if catalog.Like(a, x.Action) {
						return true
					}
				}
				if s.NotActions != nil && !slices.ContainsFunc(s.NotActions, func(a string) bool { return catalog.Like(a, x.Action) }) {
					return true
				}
			}
		}
		return false
	}
	account := by.Account
	if f := strings.SplitN(x.Resource, ":", 6); len(f) == 6 && f[4] != "" {
		account = f[4]
	}
	r := policy.Evaluate(policy.Request{Principal: by, Action: x.Action, Resource: policy.Resource{ARN: x.Resource, Account: account}, Context: x.Context},
		policy.Policies{Identity: docs})
	// A resource of another account needs that account's word too, which is
	// not the question here.
	for _, l := range r.Layers {
		if l.Layer == policy.LayerIdentity {
			return l.Decision == policy.Allowed || l.Decision != policy.ExplicitlyDenied && r.Depends()
		}
	}
	return r.Decision == policy.Allowed || r.Depends()
}
