package escalation

import (
	"slices"
	"strings"

	"warden/account/authorize"
	"warden/policy"
	"warden/policy/catalog"
)

// freeing is whether a class has what a path needs on Something.
type freeing struct {
	state    authorize.State
	evidence []Evidence
}

// frees asks for what the path needs on resources that the caller chooses.
// Needs on the same type of resource must hold on the same one.
func (s *search) frees(c *class, p *Path) *freeing {
	if f := c.free[p]; f != nil {
		return f
	}
	out := &freeing{state: authorize.Allowed}
	c.free[p] = out
	var forms []string
	together := map[string][]Need{}
	for _, n := range p.Needs {
		if n.On != Something {
			continue
		}
		form := s.form(n)
		if together[form] == nil {
			forms = append(forms, form)
		}
		together[form] = append(together[form], n)
	}
	for _, form := range forms {
		best := freeing{state: authorize.Denied}
		for _, arn := range s.choices(c, form, together[form]) {
			x := freeing{state: authorize.Allowed}
			for _, n := range together[form] {
				a := s.ask(c.members[0], authorize.Request{Action: n.Action, Resource: arn}, "")
				x.state = worst(x.state, a.State)
				if x.state == authorize.Denied {
					break
				}
				x.evidence = append(x.evidence, evidence(a))
			}
			if rank(x.state) < rank(best.state) {
				best = x
			}
			if best.state == authorize.Allowed {
				break
			}
		}
		out.state = worst(out.state, best.state)
		out.evidence = append(out.evidence, best.evidence...)
		if out.state == authorize.Denied {
			break
		}
	}
	return out
}

// form is the form of the ARN that a need is about, "*" for none.
func (s *search) form(n Need) string {
	if strings.HasPrefix(n.Type, "arn:") {
		return n.Type
	}
	a := catalog.Lookup(n.Action)
	if a == nil || len(a.Resources) == 0 {
		return "*"
	}
	for _, u := range a.Resources {
		if n.Type == u.Type.Name || n.Type == "" && u.Required {
			return u.Type.ARN
		}
	}
	return a.Resources[0].Type.ARN
}

// choices are ARNs of that form: any at all, and one for each pattern of the
// policies that grant the actions.
func (s *search) choices(c *class, form string, needs []Need) []string {
	if form == "*" {
		return []string{"*"}
	}
	fill := func(region string) string {
		here := strings.NewReplacer("${Partition}", s.snapshot.Partition, "${Account}", s.snapshot.Account, "${Region}", region).Replace(form)
		for {
			before, after, found := strings.Cut(here, "${")
			if !found {
				return here
			}
			_, rest, _ := strings.Cut(after, "}")
			here = before + "any" + rest
		}
	}
	var out []string
	for _, r := range c.regions {
		if arn := fill(r); !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	parts, ok := policy.SplitARN(form)
	head, _, open := strings.Cut(parts[5], "${")
	if !ok || !open {
		return out // there is but one
	}
	rep := c.members[0]
	for _, d := range rep.Documents() {
		for i := range d.Statements {
			st := &d.Statements[i]
			if st.Effect != "Allow" || !slices.ContainsFunc(needs, func(n Need) bool { return lists(st, n.Action) }) {
				continue
			}
			for _, r := range st.Resources {
				arn, ok := s.instance(rep, r, fill("us-east-1"))
				if parts, _ := policy.SplitARN(arn); ok && strings.HasPrefix(parts[5], head) && parts[5] != head && !slices.Contains(out, arn) {
					out = append(out, arn)
				}
			}
		}
	}
	return out
}

// instance is an ARN that matches the pattern of a policy: what the pattern
// leaves open is as in the other ARN.
func (s *search) instance(n *node, pattern, other string) (string, bool) {
	pattern = strings.NewReplacer("${aws:username}", n.Name, "${aws:userid}", n.ID, "${aws:PrincipalAccount}", s.snapshot.Account).Replace(pattern)
	p, ok := policy.SplitARN(pattern)
	o, also := policy.SplitARN(other)
	if !ok || !also || strings.Contains(pattern, "${") {
		return "", false
	}
	for i := range 5 {
		if strings.ContainsAny(p[i], "*?") {
			p[i] = o[i]
		}
	}
	if p[2] != o[2] {
		return "", false
	}
	p[5] = strings.NewReplacer("*", "any", "?", "a").Replace(p[5])
	return strings.Join(p[:], ":"), true
}
