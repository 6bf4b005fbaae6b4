package escalation

import (
	"slices"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// search finds the ways. It goes backwards from the administrators: whoever
// can become one of those that are reached is reached in one step more. So
// the engine is asked only about targets that matter, of those that are not
// reached yet and whose policies speak of what is needed.
type search struct {
	snapshot   *account.Snapshot
	authorizer *authorize.Authorizer
	nodes      []*node
	byARN      map[string]*node
	classes    []*class
	all        *policy.Document // allows everything

	policies map[string]*account.ManagedPolicy
	groups   map[string]*account.Group
	strong   []*strongGroup
	callers  map[*node]*callers

	// Whether the snapshot tells of passwords and of instance profiles.
	profilesKnown, instanceProfilesKnown bool

	// limit is the state that an edge must have at least; firm leaves out
	// paths that take something which no snapshot shows.
	limit authorize.State
	firm  bool

	// unsure: something was unknown, so that a look at what is may pay.
	unsure bool

	inARN     map[*node][]*node
	first     *authorize.Question
	questions map[asked]*authorize.Question
}

// Find answers for every user and role of the snapshot that a was made from.
func Find(a *authorize.Authorizer, snapshot *account.Snapshot) Report {
	return find(a, snapshot, nil)
}

func find(a *authorize.Authorizer, snapshot *account.Snapshot, only map[string]bool) Report {
	s := newSearch(a, snapshot, only)
	s.run()
	return s.report()
}

// newSearch reads the snapshot. If only is not nil the others are no sources.
func newSearch(a *authorize.Authorizer, snapshot *account.Snapshot, only map[string]bool) *search {
	s := &search{snapshot: snapshot, authorizer: a, byARN: map[string]*node{}, policies: map[string]*account.ManagedPolicy{},
		groups: map[string]*account.Group{}, callers: map[*node]*callers{}, inARN: map[*node][]*node{}, questions: map[asked]*authorize.Question{}, first: a.Question(authorize.Request{Action: anything, Resource: "*"})}
	// The text is a constant that tests read.
	s.all, _ = policy.Parse("AdministratorAccess", []byte(everything))
	for i := range snapshot.Policies {
		s.policies[snapshot.Policies[i].ARN] = &snapshot.Policies[i]
	}
	for i := range snapshot.Groups {
		s.groups[snapshot.Groups[i].Name] = &snapshot.Groups[i]
	}
	users, roles := map[string]*account.User{}, map[string]*account.Role{}
	for i := range snapshot.Users {
		u := &snapshot.Users[i]
		users[u.ARN] = u
		s.profilesKnown = s.profilesKnown || u.LoginProfile != nil
	}
	for i := range snapshot.Roles {
		r := &snapshot.Roles[i]
		roles[r.ARN] = r
		s.instanceProfilesKnown = s.instanceProfilesKnown || len(r.Profiles) > 0
	}
	for _, p := range a.Principals() {
		n := &node{Principal: p, user: users[p.ARN], role: roles[p.ARN]}
		if n.user == nil && n.role == nil {
			continue
		}
		s.nodes = append(s.nodes, n)
		s.byARN[p.ARN] = n
	}
	s.classes = classify(s.nodes)
	for _, c := range s.classes {
		x := s.mayEverything(c.members[0], nil)
		for _, n := range c.members {
			n.admin = x
			if only == nil || only[n.ARN] {
				c.open = append(c.open, n)
			}
		}
	}
	s.findStrongGroups()
	return s
}

// rounds are those of run.
var rounds = []struct {
	limit authorize.State
	firm  bool
}{{authorize.Allowed, true}, {authorize.Depends, true}, {authorize.Depends, false}, {authorize.Unknown, false}}

// run goes over the graph with sure edges first, then with those that depend
// on conditions, on what no snapshot shows, and then with those of which
// nothing is known: a way is as good as it can be, and then as short as it can
// be.
func (s *search) run() {
	for _, round := range rounds {
		s.limit, s.firm = round.limit, round.firm
		if s.limit == authorize.Unknown && !s.unsure {
			return
		}
		for _, n := range s.nodes {
			if !n.reached && s.good(n.admin.State) {
				n.reached, n.state = true, n.admin.State
			}
		}
		s.sweep()
		s.alone()
		able := s.able(slices.Concat(principalPaths, servicePaths))
		for dist, last := 0, s.farthest(); dist <= last; dist, last = dist+1, s.farthest() {
			for _, t := range s.nodes {
				if t.reached && t.dist == dist {
					for _, p := range s.pathsTo(t) {
						s.toward(t, t, p, able[p])
					}
				}
			}
		}
	}
}

func (s *search) good(x authorize.State) bool {
	s.unsure = s.unsure || x == authorize.Unknown
	return x != authorize.Denied && rank(x) <= rank(s.limit)
}

func (s *search) farthest() int {
	far := 0
	for _, n := range s.nodes {
		if n.reached {
			far = max(far, n.dist)
		}
	}
	return far
}

// sweep takes those that are reached off the lists.
func (s *search) sweep() {
	for _, c := range s.classes {
		c.sweep()
	}
}

func (c *class) sweep() {
	c.open = slices.DeleteFunc(c.open, func(n *node) bool { return n.reached })
}

// reach notes that n gets to an administrator by the step.
func (s *search) reach(n *node, step *Step, to *node) {
	n.reached, n.dist, n.state, n.via, n.to = true, 1, step.State, step, to
	if to != nil {
		n.dist, n.state = to.dist+1, worst(step.State, to.state)
	}
}

// alone tries the paths after which the caller is an administrator, whoever
// else there is.
func (s *search) alone() {
	for _, p := range selfPaths {
		for _, c := range s.classes {
			if len(c.open) == 0 || !s.plausible(c, p) {
				continue
			}
			for _, n := range c.open {
				if p.Of != "" && p.Of != n.Kind {
					break
				}
				if step := s.prove(n, p, n); step != nil {
					s.reach(n, step, nil)
				}
			}
			c.sweep()
		}
	}
	able := s.able(raisePaths)
	for _, t := range s.nodes {
		for _, p := range raisePaths {
			if p.Of == t.Kind && len(able[p]) > 0 && s.applies(p, t) {
				s.toward(t, nil, p, able[p])
			}
		}
	}
}

// plausible tells whether the policies of the class speak of all that the path
// needs. Who is named by a trust policy needs nothing to assume the role.
func (s *search) plausible(c *class, p *Path) bool {
	for _, n := range p.Needs {
		if n.Action != "sts:AssumeRole" && !c.speaks(n.Action) {
			return false
		}
	}
	return true
}

// able are the classes whose policies speak of what the paths need.
func (s *search) able(paths []*Path) map[*Path][]*class {
	out := map[*Path][]*class{}
	for _, p := range paths {
		for _, c := range s.classes {
			if len(c.open) > 0 && s.plausible(c, p) && (p.Service == "" || s.good(s.frees(c, p).state)) {
				out[p] = append(out[p], c)
			}
		}
	}
	return out
}

// toward finds out who of the classes can go the path over t; then he is to,
// or an administrator if that is nil.
func (s *search) toward(t, to *node, p *Path, classes []*class) {
	for _, c := range classes {
		if len(c.open) == 0 {
			continue
		}
		found := false
		for _, u := range s.units(c, p, t) {
			if step := s.prove(u.asked, p, t); step != nil {
				s.give(c, u, p, t, to)
				found = true
			}
		}
		if found {
			c.sweep()
		}
	}
}

// pathsTo are the paths by which somebody could become t at all.
func (s *search) pathsTo(t *node) []*Path {
	var out []*Path
	for _, p := range principalPaths {
		if p.Of == t.Kind && s.applies(p, t) {
			out = append(out, p)
		}
	}
	if t.Kind != role {
		return out
	}
	trusted := map[string]bool{}
	for _, p := range servicePaths {
		yes, asked := trusted[p.Service]
		if !asked {
			yes = s.good(s.authorizer.ServiceMayAssume(t.ARN, p.Service).State)
			trusted[p.Service] = yes
		}
		if yes && s.applies(p, t) {
			out = append(out, p)
		}
	}
	return out
}

// applies leaves out what cannot be, or not as surely as is asked.
func (s *search) applies(p *Path, t *node) bool {
	if p.If != "" && s.firm {
		return false
	}
	if p.applies == nil {
		return true
	}
	ok, hangs := p.applies(s, t)
	return ok && (hangs == "" || !s.firm)
}

// unit is somebody who is asked, and those for whom the answer is the same.
type unit struct {
	asked *node
	// alike is nil for everybody of the class who is not reached yet.
	alike []*node
}

// units returns who of a class has to be asked about a target.
func (s *search) units(c *class, p *Path, t *node) []unit {
	if slices.ContainsFunc(p.Needs, func(n Need) bool { return n.Action == "sts:AssumeRole" }) {
		return s.assuming(c, t)
	}
	if touches := s.touches(c, p, t); c.named && !touches {
		var out []unit
		for _, n := range s.namesakes(t) {
			if n.class == c && !n.reached && n != t {
				out = append(out, unit{n, []*node{n}})
			}
		}
		return out
	} else if !touches {
		return nil
	} else if c.named {
		return c.apart(t, func(n *node) bool { return n.isIn(t.ARN) })
	}
	for _, n := range c.open {
		if n != t {
			return []unit{{asked: n}}
		}
	}
	return nil
}

// touches tells whether statements may allow what the path needs on t, leaving
// aside resources that are named after the caller.
func (s *search) touches(c *class, p *Path, t *node) bool {
	for _, n := range p.Needs {
		if n.On == Target && !c.touches(n.Action, t.ARN) {
			return false
		}
	}
	return true
}

// namesakes are those whose name, or a tag, is in the ARN of t: variables in
// their policies may stand for it.
func (s *search) namesakes(t *node) []*node {
	out, known := s.inARN[t]
	if !known {
		for _, n := range s.nodes {
			if n.class.named && n.isIn(t.ARN) {
				out = append(out, n)
			}
		}
		s.inARN[t] = out
	}
	return out
}

// apart makes a unit of each of the class that stands alone, and one of the
// rest.
func (c *class) apart(t *node, alone func(*node) bool) []unit {
	var out []unit
	var rest []*node
	for _, n := range c.open {
		switch {
		case n == t:
		case alone(n):
			out = append(out, unit{n, []*node{n}})
		default:
			rest = append(rest, n)
		}
	}
	if len(rest) > 0 {
		out = append(out, unit{rest[0], rest})
	}
	return out
}

// give notes the step for everybody in the unit, with the evidence of each.
func (s *search) give(c *class, u unit, p *Path, t, to *node) {
	if u.alike == nil {
		u.alike = c.open
	}
	for _, n := range u.alike {
		if n.reached || n == t {
			continue
		}
		if step := s.prove(n, p, t); step != nil {
			s.reach(n, step, to)
		}
	}
}

// ask answers a request. Questions about one target come one after the other.
func (s *search) ask(n *node, r authorize.Request, service string) authorize.Answer {
	key := asked{r.Action, r.Resource, service}
	q := s.questions[key]
	if q == nil {
		if len(s.questions) > 100 {
			clear(s.questions)
		}
		q = s.first.Also(r)
		s.questions[key] = q
	}
	if a, ok := q.Ask(n.Principal); ok {
		return a
	}
	return authorize.Answer{Principal: n.Principal, Request: r, State: authorize.Denied}
}

// asked tells questions apart.
type asked struct{ action, resource, service string }
