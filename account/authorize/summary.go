package authorize

import (
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// Abilities are what a principal may do in one service.
type Abilities struct {
	Service *catalog.Service
	Grants  []Grant // by action, in the catalog's order
}

// Grant is an action that is allowed, or may be, on some resources.
type Grant struct {
	Action *catalog.Action
	State  State // Allowed, Depends or Unknown
	// Resources are "*" for all of them, or the resources and patterns that
	// the policies name, on at least one example of which it is so. A Deny
	// for some of the resources does not show here.
	Resources []string
	DependsOn []string
	Why       []string
}

// Everywhere tells whether the grant is for every resource.
func (g Grant) Everywhere() bool { return len(g.Resources) == 1 && g.Resources[0] == "*" }

// Can asks for every action of the catalog whether the principal may do it on
// every resource, or else on one that his policies name: for a pattern, on an
// example that it and the action's type of resource have in common. Roles are
// asked one by one whether they can be assumed. Services without an answer
// other than Denied are left out. given is the context, as in [Request].
//
// Where two patterns must both match, of a policy and its boundary for
// example, and neither's example matches the other, a grant may be missed.
func (a *Authorizer) Can(p *Principal, given policy.Context) []Abilities {
	c := canvass{asker: a.newAsker(), p: p, given: given, patterns: patterns(p), queries: map[string]*query{}, examples: map[exampleKey]string{}}
	for _, role := range a.principals {
		if role.Kind == Role {
			c.roles = append(c.roles, role.ARN)
		}
	}
	var out []Abilities
	for _, s := range catalog.Services() {
		if !c.speaksOf(s.Prefix) {
			continue
		}
		x := Abilities{Service: s}
		for _, action := range s.Actions() {
			x.Grants = append(x.Grants, c.action(action)...)
		}
		if len(x.Grants) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// patterns returns the resources that the principal's policies name, but *.
func patterns(p *Principal) []string {
	var out []string
	for _, d := range p.Documents() {
		for i := range d.Statements {
			for _, r := range slices.Concat(d.Statements[i].Resources, d.Statements[i].NotResources) {
				if r != "*" && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// canvass asks for all actions of one principal.
type canvass struct {
	*asker
	p        *Principal
	given    policy.Context
	patterns []string
	roles    []string
	examples map[exampleKey]string
	queries  map[string]*query // by resource, of the action that is asked
}

type exampleKey struct {
	pattern string
	kind    *catalog.ResourceType
}

// speaksOf tells whether a statement may be about the service. STS always
// may: a role that trusts the principal by name needs no statement.
func (c *canvass) speaksOf(prefix string) bool {
	if prefix == "sts" || len(c.p.Doubts) > 0 {
		return true
	}
	for _, d := range c.p.Documents() {
		if len(d.Defects) > 0 {
			return true
		}
		for i := range d.Statements {
			s := &d.Statements[i]
			if s.NotActions != nil {
				return true
			}
			for _, action := range s.Actions {
				service, _, _ := strings.Cut(action, ":")
				if service == "*" || strings.EqualFold(service, prefix) {
					return true
				}
			}
		}
	}
	return false
}

// action returns up to one grant for each state.
func (c *canvass) action(x *catalog.Action) []Grant {
	clear(c.queries)
	if x.Service.Prefix == "sts" && actsOn(x.String(), "role") {
		grants := collector{}
		c.collect(&grants, x, c.roles, func(arn string) string { return arn })
		c.collect(&grants, x, c.patterns, func(pattern string) string { return c.example(x, pattern) })
		return grants
	}
	var everywhere, some collector
	c.collect(&everywhere, x, []string{"*"}, func(string) string { return "*" })
	if len(everywhere) > 0 && everywhere[0].State == Allowed {
		return everywhere
	}
	c.collect(&some, x, c.patterns, func(pattern string) string { return c.example(x, pattern) })
	for _, g := range everywhere {
		// What holds everywhere need not be said again of some.
		some = slices.DeleteFunc(some, func(s Grant) bool { return s.State == g.State })
	}
	return append(everywhere, some...)
}

// actsOn tells whether the action acts on that type of resource.
func actsOn(action, kind string) bool {
	x := catalog.Lookup(action)
	return x != nil && slices.ContainsFunc(x.Resources, func(u catalog.Use) bool { return u.Type.Name == kind })
}

// collector gathers the grants of one action.
type collector []Grant

// collect asks for an example of each resource; "" stands for none.
func (c *canvass) collect(into *collector, x *catalog.Action, resources []string, example func(string) string) {
	name := x.String()
	for _, r := range resources {
		arn := example(r)
		if arn == "" {
			continue
		}
		q := c.queries[arn]
		if q == nil {
			q = c.a.prepare(Request{Action: name, Resource: arn, Context: c.given})
			c.queries[arn] = q
		}
		if c.denied(c.p, q) {
			continue
		}
		if a := c.ask(c.p, q); a.State != Denied {
			into.add(x, r, a)
		}
	}
}

func (g *collector) add(x *catalog.Action, resource string, a Answer) {
	i := slices.IndexFunc(*g, func(have Grant) bool { return have.State == a.State })
	if i < 0 {
		i = len(*g)
		*g = append(*g, Grant{Action: x, State: a.State})
	}
	have := &(*g)[i]
	if !slices.Contains(have.Resources, resource) {
		have.Resources = append(have.Resources, resource)
	}
	for _, k := range a.DependsOn {
		if !slices.Contains(have.DependsOn, k) {
			have.DependsOn = append(have.DependsOn, k)
		}
	}
	for _, w := range a.Why {
		if !slices.Contains(have.Why, w) {
			have.Why = append(have.Why, w)
		}
	}
}

// example is an ARN that matches the pattern and is of a type that the action
// acts on, in this account if there is one; "" if there is none.
func (c *canvass) example(x *catalog.Action, pattern string) string {
	for _, u := range x.Resources {
		key := exampleKey{pattern, u.Type}
		arn, seen := c.examples[key]
		if !seen {
			arn = c.a.example(c.p, pattern, u.Type.ARN)
			c.examples[key] = arn
		}
		if arn != "" {
			return arn
		}
	}
	return ""
}

func (a *Authorizer) example(p *Principal, pattern, template string) string {
	pattern = strings.NewReplacer("${aws:username}", p.Name, "${aws:PrincipalAccount}", a.account, "${aws:userid}", p.ID).Replace(pattern)
	here := strings.NewReplacer("${Partition}", a.partition, "${Account}", a.account, "${Region}", "us-east-1").Replace(template)
	for _, t := range []string{here, template} {
		if arn, ok := common(policyTokens(pattern), templateTokens(t)); ok {
			return arn
		}
	}
	return ""
}
