package escalation

import (
	"slices"
	"strings"

	"warden/account"
	"warden/policy"
)

// callers are those whom the trust policy of a role may be about.
type callers struct {
	named map[string]bool // ARNs of users and roles
	list  []*node         // the same
	// account: whoever his own policies allow. anybody: everybody in the
	// account, whatever his policies.
	account, anybody bool
	// each: the answer may be another one for each of them.
	each bool
}

// assuming returns who of a class has to be asked whether he may assume t.
func (s *search) assuming(c *class, t *node) []unit {
	x := s.callersOf(t)
	if x.anybody || x.account && c.speaks("sts:AssumeRole") && c.touches("sts:AssumeRole", t.ARN) {
		return c.apart(t, func(n *node) bool { return x.each || x.named[n.ARN] || c.named && n.isIn(t.ARN) })
	}
	list := x.list
	if x.account && c.named {
		list = append(slices.Clone(list), s.namesakes(t)...)
	}
	var out []unit
	for _, n := range list {
		if n.class == c && !n.reached && n != t {
			out = append(out, unit{n, []*node{n}})
		}
	}
	return out
}

func (s *search) callersOf(t *node) *callers {
	x := s.callers[t]
	if x != nil {
		return x
	}
	x = &callers{named: map[string]bool{}}
	s.callers[t] = x
	d, _ := s.authorizer.Trust(t.ARN)
	if d == nil || len(d.Defects) > 0 {
		x.account, x.anybody, x.each = true, true, true
		return x
	}
	x.each = len(inspect(d).keys) > 0
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Principals == nil {
			x.account, x.anybody, x.each = true, true, true
		}
		for _, p := range st.Principals {
			s.note(x, st, p)
		}
	}
	for arn := range x.named {
		if n := s.byARN[arn]; n != nil {
			x.list = append(x.list, n)
		}
	}
	return x
}

// note reads one value of a Principal element.
func (s *search) note(x *callers, st *policy.Statement, p policy.PrincipalEntry) {
	if p.Type == "Service" || p.Type == "Federated" {
		return
	}
	arn, err := account.ParseARN(p.Value)
	switch {
	case p.Type == "*" || p.Value == "*":
		x.anybody = x.anybody || st.Effect == "Allow"
	case p.Value == s.snapshot.Account || err == nil && arn.Account == s.snapshot.Account && arn.Resource == "root":
		x.account = x.account || st.Effect == "Allow"
	case err == nil && arn.Service == "sts" && arn.Type() == "assumed-role":
		name := strings.Split(arn.Resource, "/")[1]
		for _, n := range s.nodes {
			if n.role != nil && n.Name == name {
				x.named[n.ARN] = true
			}
		}
	case err == nil:
		x.named[p.Value] = true
	}
}
