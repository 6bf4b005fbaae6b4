package escalation

import (
	"encoding/json"
	"slices"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// strongGroup is a group whose policies allow everything, or may.
type strongGroup struct {
	arn       string
	documents []*policy.Document
	makes     map[*class]authorize.State // what a member of the class becomes in it
}

func (s *search) findStrongGroups() {
	for i := range s.snapshot.Groups {
		g := &s.snapshot.Groups[i]
		x := &strongGroup{arn: g.ARN, makes: map[*class]authorize.State{}}
		for _, d := range s.documents(g) {
			if p, err := policy.ParseStored(g.Name, d); err == nil {
				x.documents = append(x.documents, p)
			}
		}
		if mayAllow(x.documents, anything) {
			s.strong = append(s.strong, x)
		}
	}
}

func (s *search) documents(g *account.Group) []json.RawMessage {
	var out []json.RawMessage
	for _, p := range g.Inline {
		out = append(out, p.Document)
	}
	for _, arn := range g.Attached {
		if p := s.policies[arn]; p != nil && p.Default() != nil {
			out = append(out, p.Default().Document)
		}
	}
	return out
}

// joins are the groups in which the user would be an administrator.
func (s *search) joins(n *node) []string {
	var out []string
	for _, g := range s.strong {
		if s.good(s.makes(n, g.arn)) {
			out = append(out, g.arn)
		}
	}
	return out
}

// makes tells how surely the user is an administrator in the group.
func (s *search) makes(n *node, group string) authorize.State {
	i := slices.IndexFunc(s.strong, func(g *strongGroup) bool { return g.arn == group })
	if i < 0 {
		return authorize.Denied
	}
	g := s.strong[i]
	state, known := g.makes[n.class]
	if !known {
		state = s.mayEverything(n, func(p *policy.Policies) { p.Group = append(slices.Clone(p.Group), g.documents...) }).State
		g.makes[n.class] = state
	}
	return state
}
