package escalation

import (
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// node is a user or role.
type node struct {
	*authorize.Principal
	class *class
	user  *account.User
	role  *account.Role

	admin   authorize.Answer // how far he may do everything, and why not surely
	reached bool
	dist    int // steps to an administrator
	state   authorize.State
	via     *Step // nil for administrators
	to      *node // nil where via makes an administrator
}

// class are the principals for whom the engine answers alike, but for
// resources that are named after them: they have the same policies, and the
// same values of the keys about the caller that these ask for. So it is asked
// once for all of them.
type class struct {
	members []*node
	// open are those that are not reached yet.
	open []*node
	// named tells that a policy names resources after the caller, as
	// user/${aws:username} does. For a target whose ARN contains such a
	// value of somebody, he is asked himself.
	named bool
	// doubts: nobody knows all of their policies.
	doubts bool

	can     map[string]bool     // actions that a statement may allow; see speaks
	spans   map[string][]string // resources of these statements; see touches
	regions []string            // that the policies name, and us-east-1
	free    map[*Path]*freeing  // what the path needs beside the target
	lift    *lifting
}

// personal is what of a document is about the caller.
type personal struct {
	keys  []string // condition keys whose value makes the difference
	named bool
}

func inspect(d *policy.Document) personal {
	var out personal
	note := func(key string) {
		key = strings.ToLower(strings.TrimSpace(key))
		if aboutCaller(key) && !slices.Contains(out.keys, key) {
			out.keys = append(out.keys, key)
		}
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, c := range s.Conditions {
			note(c.Key)
			for _, v := range c.Values {
				variables(v, note)
			}
		}
		for _, r := range slices.Concat(s.Resources, s.NotResources) {
			variables(r, func(key string) { out.named = out.named || aboutCaller(strings.ToLower(strings.TrimSpace(key))) })
		}
	}
	return out
}

// aboutCaller tells whether a condition key is about who calls. IAM User Guide,
// "AWS global condition context keys: Properties of the principal".
func aboutCaller(key string) bool {
	return strings.HasPrefix(key, "aws:principal") || strings.HasPrefix(key, "aws:user") && key != "aws:useragent"
}

// variables calls note with the keys of ${key} and ${key, 'default'}.
func variables(s string, note func(string)) {
	for {
		_, after, found := strings.Cut(s, "${")
		if !found {
			return
		}
		name, rest, _ := strings.Cut(after, "}")
		name, _, _ = strings.Cut(name, ",")
		note(name)
		s = rest
	}
}

// tags are the node's.
func (n *node) tags() map[string]string {
	if n.user != nil {
		return n.user.Tags
	}
	return n.role.Tags
}

// value is what a condition key about the caller says of him.
func (n *node) value(key string) string {
	switch key {
	case "aws:principaltype", "aws:principalaccount", "aws:principalorgid", "aws:principalisawsservice":
		return "" // the same for all of a kind
	case "aws:username":
		return n.Name
	}
	if tag, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
		for k, v := range n.tags() {
			if strings.EqualFold(k, tag) {
				return v
			}
		}
		return ""
	}
	return n.ARN
}

// isIn tells whether the ARN contains what variables may stand for.
func (n *node) isIn(arn string) bool {
	if strings.Contains(arn, n.Name) || strings.Contains(arn, n.ID) {
		return true
	}
	for _, v := range n.tags() {
		if strings.Contains(arn, v) {
			return true
		}
	}
	return false
}

// classify puts the nodes into classes.
func classify(nodes []*node) []*class {
	read := map[*policy.Document]personal{}
	byKey := map[string]*class{}
	var out []*class
	for _, n := range nodes {
		p := n.Policies()
		var key strings.Builder
		fmt.Fprintf(&key, "%s %q", n.Kind, n.Doubts)
		named := false
		for _, docs := range [][]*policy.Document{p.Identity, p.Group, p.Boundary} {
			key.WriteByte('|')
			for _, d := range docs {
				x, seen := read[d]
				if !seen {
					x = inspect(d)
					read[d] = x
				}
				named = named || x.named
				fmt.Fprintf(&key, "%p", d)
				for _, k := range x.keys {
					fmt.Fprintf(&key, "%q", n.value(k))
				}
			}
		}
		if n.role != nil && strings.HasPrefix(n.role.Path, "/aws-service-role/") {
			key.WriteString("linked")
		}
		c := byKey[key.String()]
		if c == nil {
			c = &class{named: named, doubts: len(n.Doubts) > 0, can: map[string]bool{}, spans: map[string][]string{}, free: map[*Path]*freeing{}}
			c.regions = regions(n)
			byKey[key.String()] = c
			out = append(out, c)
		}
		n.class = c
		c.members = append(c.members, n)
	}
	return out
}

// speaks tells whether a statement of his own policies may allow the action,
// and one of the boundary too. The engine remains the judge: this only spares
// it questions.
func (c *class) speaks(action string) bool {
	if c.doubts {
		return true
	}
	known, seen := c.can[action]
	if !seen {
		p := c.members[0].Policies()
		known = (mayAllow(p.Identity, action) || mayAllow(p.Group, action)) && (len(p.Boundary) == 0 || mayAllow(p.Boundary, action))
		c.can[action] = known
	}
	return known
}

// touches tells whether a statement may allow the action on a resource that
// is not named after the caller. Resources that are do not count.
func (c *class) touches(action, arn string) bool {
	if c.doubts {
		return true
	}
	patterns, seen := c.spans[action]
	if !seen {
		p := c.members[0].Policies()
		patterns = spans(slices.Concat(p.Identity, p.Group), action)
		c.spans[action] = patterns
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return p == "*" || like(p, arn) })
}

// spans are the resources of the statements that allow the action, with * for
// what is not known.
func spans(docs []*policy.Document, action string) []string {
	var out []string
	for _, d := range docs {
		if len(d.Defects) > 0 {
			return []string{"*"}
		}
		for i := range d.Statements {
			s := &d.Statements[i]
			if s.Effect != "Allow" || !lists(s, action) {
				continue
			}
			if s.Resources == nil {
				return []string{"*"}
			}
			for _, r := range s.Resources {
				own, other := false, false
				variables(r, func(key string) {
					mine := aboutCaller(strings.ToLower(strings.TrimSpace(key)))
					own, other = own || mine, other || !mine
				})
				switch {
				case r == "*" || other:
					return []string{"*"}
				case !own && !slices.Contains(out, r):
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func mayAllow(docs []*policy.Document, action string) bool {
	for _, d := range docs {
		if len(d.Defects) > 0 {
			return true
		}
		for i := range d.Statements {
			if s := &d.Statements[i]; s.Effect == "Allow" && lists(s, action) {
				return true
			}
		}
	}
	return false
}

func lists(s *policy.Statement, action string) bool {
	if s.NotActions != nil {
		return !slices.ContainsFunc(s.NotActions, func(p string) bool { return like(p, action) })
	}
	return slices.ContainsFunc(s.Actions, func(p string) bool { return like(p, action) })
}

// regions are those in which he could do something: those that his policies
// name, and us-east-1.
func regions(n *node) []string {
	out := []string{"us-east-1"}
	add := func(r string) {
		if strings.Count(r, "-") >= 2 && !strings.ContainsAny(r, "*?$:/") && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	documents := n.Documents()
	for _, level := range n.Policies().SCPs {
		documents = append(documents, level.Policies...)
	}
	for _, d := range documents {
		for i := range d.Statements {
			s := &d.Statements[i]
			for _, c := range s.Conditions {
				if strings.EqualFold(c.Key, "aws:RequestedRegion") {
					for _, v := range c.Values {
						add(v)
					}
				}
			}
			for _, r := range s.Resources {
				if parts, ok := policy.SplitARN(r); ok {
					add(parts[3])
				}
			}
		}
	}
	return out
}
