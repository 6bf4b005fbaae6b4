package generate

import (
	"fmt"
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// Reduction says how far Reduce may go.
type Reduction struct {
	Options
	// Principal is who holds the policies; its type matters to policies that
	// speak of the caller.
	Principal policy.Principal
	Coverage  Coverage
	// DropUnseen removes also what the trail cannot have seen.
	DropUnseen bool
	// SizeOf is the most characters of one policy, by the policy that is cut
	// down; nil means MaxSize for all.
	SizeOf func(*policy.Document) int
}

// Removed is a grant that was cut away, or kept because nobody can know.
type Removed struct {
	Policy    string `json:"policy"`
	Statement int    `json:"statement"`
	Sid       string `json:"sid,omitempty"`
	What      string `json:"what"` // an action or a resource
}

// Reduced is what Reduce returns.
type Reduced struct {
	Result
	// Removed lists what went, NotObserved what stayed although nothing was
	// seen of it, because a trail like this one does not record it.
	Removed, NotObserved []Removed
}

// Reduce cuts existing policies down to what was used. Statements that deny,
// conditions, and statements of which nobody can tell stay as they are. An
// action with wildcards becomes the actions that were used, unless all that it
// stands for were; a resource stays if something that was used needs it.
//
// Each policy is reduced on its own: what two of them allow both keep.
func Reduce(existing []*policy.Document, observed []Observation, o Reduction) (Reduced, error) {
	var out Reduced
	for _, d := range existing {
		if len(d.Defects) > 0 {
			return out, fmt.Errorf("%s:%d:%d: %s: nobody can be sure how AWS reads it, so it is not reduced", d.Name, d.Defects[0].Line, d.Defects[0].Column, d.Defects[0].Message)
		}
		var statements []policy.Statement
		for i := range d.Statements {
			r := reducer{o: o, out: &out, doc: d, index: i, observed: observed}
			if s, ok := r.reduce(); ok {
				statements = append(statements, s)
			}
		}
		allows := slices.ContainsFunc(statements, func(s policy.Statement) bool { return s.Effect == "Allow" })
		if !allows && !slices.ContainsFunc(statements, func(s policy.Statement) bool { return s.Effect == "Deny" }) {
			out.note("%s: nothing of it was used; it can be detached", d.Name)
			continue
		}
		limit := o.MaxSize
		if o.SizeOf != nil {
			limit = o.SizeOf(d)
		}
		docs, err := frame{d.Name, d.Version, d.ID}.build(statements, limit)
		if err != nil {
			return out, fmt.Errorf("%s: %w", d.Name, err)
		}
		out.Documents = append(out.Documents, docs...)
	}
	return out, nil
}

// reducer reduces one statement.
type reducer struct {
	o        Reduction
	out      *Reduced
	doc      *policy.Document
	index    int
	observed []Observation
}

func (r *reducer) removed(what string) {
	r.out.Removed = append(r.out.Removed, Removed{r.doc.Name, r.index, r.doc.Statements[r.index].Sid, what})
}

func (r *reducer) kept(what string) {
	r.out.NotObserved = append(r.out.NotObserved, Removed{r.doc.Name, r.index, r.doc.Statements[r.index].Sid, what})
}

func (r *reducer) reduce() (policy.Statement, bool) {
	s := r.doc.Statements[r.index]
	if s.Effect != "Allow" || s.Principals != nil || s.NotPrincipals != nil {
		return s, true
	}
	served := r.served(s)
	var actions []string
	switch {
	case s.NotActions != nil:
		actions = r.ofNotAction(s, served)
	default:
		for _, pattern := range s.Actions {
			actions = append(actions, r.action(pattern, served)...)
		}
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	if len(actions) == 0 {
		return s, false
	}
	s.Actions, s.NotActions = actions, nil
	s.Resources = r.resources(s, served)
	return s, true
}

// served are the observations that the statement allows, or may allow.
func (r *reducer) served(s policy.Statement) []Observation {
	var out []Observation
	doc := r.single(s)
	if doc == nil {
		return r.observed // on doubt it serves everything
	}
	for _, x := range r.observed {
		if r.mayAllow(doc, s, x) {
			out = append(out, x)
		}
	}
	return out
}

// mayAllow asks the engine. Where the resource is not known, whatever the
// statement names may have been it.
func (r *reducer) mayAllow(doc *policy.Document, s policy.Statement, x Observation) bool {
	resource := x.Resource
	if resource == "" {
		if resource = "*"; x.Pattern != "" {
			resource = unknown(x.Pattern)
		}
		s.Resources, s.NotResources = []string{"*"}, nil
		if doc = r.single(s); doc == nil {
			return true
		}
	}
	return decide([]*policy.Document{doc}, x, resource, r.o.Principal) != no
}

// single compiles one statement as a policy; nil if that cannot be.
func (r *reducer) single(s policy.Statement) *policy.Document {
	docs, err := frame{"statement", r.doc.Version, ""}.build([]policy.Statement{s}, 1<<30)
	if err != nil || len(docs) != 1 {
		return nil
	}
	return docs[0]
}

// action returns what stays of an action or a pattern of actions.
func (r *reducer) action(pattern string, served []Observation) []string {
	used := usedBy(pattern, served)
	known := catalog.Matching(pattern)
	if !strings.ContainsAny(pattern, "*?") || len(known) == 0 {
		switch {
		case len(used) > 0:
			return []string{pattern}
		case !r.o.DropUnseen && r.unseen(pattern):
			r.kept(pattern)
			return []string{pattern}
		}
		r.removed(pattern)
		return nil
	}
	keep := r.known(known, used, strings.HasPrefix(pattern, "*"))
	if len(keep) == len(known) {
		return []string{pattern}
	}
	if len(keep) == 0 {
		r.removed(fmt.Sprintf("%s (%d actions)", pattern, len(known)))
		return nil
	}
	r.removed(fmt.Sprintf("%s but for %d of its %d actions", pattern, len(keep), len(known)))
	return readable(keep, pattern)
}

// known keeps of these actions what was used, and what leaves no trace. Of all
// services together only those have such actions of which something was used:
// others would keep every data event there is.
func (r *reducer) known(all []*catalog.Action, used []string, everything bool) []string {
	if everything && !r.o.DropUnseen {
		r.out.note("%s statement %d was for all services: of those that were not used nothing stays, also not what leaves no trace (such as iam:PassRole); add by hand what is missing", r.doc.Name, r.index)
	}
	var keep []string
	for _, a := range all {
		name := a.String()
		switch {
		case slices.ContainsFunc(used, func(u string) bool { return strings.EqualFold(u, name) }):
			keep = append(keep, name)
		case r.o.DropUnseen || !r.unseen(name):
		case !everything || service(used, a.Service.Prefix):
			r.kept(name)
			keep = append(keep, name)
		}
	}
	return keep
}

func service(used []string, prefix string) bool {
	return slices.ContainsFunc(used, func(u string) bool { return strings.EqualFold(serviceOf(u), prefix) })
}

// usedBy are the actions of observations that a pattern stands for.
func usedBy(pattern string, served []Observation) []string {
	var out []string
	for _, x := range served {
		if catalog.Like(pattern, x.Action) && !slices.Contains(out, x.Action) {
			out = append(out, x.Action)
		}
	}
	return out
}

// ofNotAction turns NotAction into the actions that were used, and those of the
// same services that leave no trace: everything else that it allowed is what
// nobody used.
func (r *reducer) ofNotAction(s policy.Statement, served []Observation) []string {
	var used []string
	for _, x := range served {
		if names(s, x.Action) && !slices.Contains(used, x.Action) {
			used = append(used, x.Action)
		}
	}
	var all []*catalog.Action
	for _, a := range catalog.Matching("*") {
		if names(s, a.String()) {
			all = append(all, a)
		}
	}
	keep := r.known(all, used, true)
	for _, u := range used {
		if catalog.Lookup(u) == nil {
			keep = append(keep, u)
		}
	}
	r.removed(fmt.Sprintf("everything but %s, of which %d actions were used", strings.Join(s.NotActions, ", "), len(used)))
	return keep
}

// readable shortens a list of actions by patterns that stand for nothing else:
// "s3:Get*" where every action of that beginning is in the list. They stay
// within the pattern that was there, also for actions that do not exist yet.
func readable(actions []string, within string) []string {
	if len(actions) < 4 || strings.Contains(within, "?") {
		return actions
	}
	in := map[string]bool{}
	for _, a := range actions {
		in[strings.ToLower(a)] = true
	}
	all := func(pattern string) (n int, ok bool) {
		for _, a := range catalog.Matching(pattern) {
			if !in[strings.ToLower(a.String())] {
				return 0, false
			}
			n++
		}
		return n, n > 2
	}
	var out []string
	done := map[string]bool{}
	for _, a := range actions {
		if done[strings.ToLower(a)] {
			continue
		}
		best := a
		svc, name, _ := strings.Cut(a, ":")
		for _, end := range append([]int{0}, words(name)...) {
			pattern := svc + ":" + name[:end] + "*"
			if _, ok := all(pattern); ok && catalog.Like(within, pattern) {
				best = pattern
				break
			}
		}
		if best != a {
			for _, covered := range catalog.Matching(best) {
				done[strings.ToLower(covered.String())] = true
			}
		}
		out = append(out, best)
	}
	return out
}

// words are the ends of the words of a name: of GetBucketPolicy 3, 9 and 15.
func words(name string) []int {
	var ends []int
	for i := 1; i < len(name); i++ {
		if name[i] >= 'A' && name[i] <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			ends = append(ends, i)
		}
	}
	return append(ends, len(name))
}

// resources keeps the patterns that something observed needs. Where an action
// that stays was not observed, or on an unknown resource, all of them stay.
func (r *reducer) resources(s policy.Statement, served []Observation) []string {
	if len(s.Resources) < 2 {
		return s.Resources
	}
	if r.hidden(s) {
		return s.Resources
	}
	for _, a := range s.Actions {
		if len(usedBy(a, served)) == 0 {
			return s.Resources
		}
	}
	if slices.ContainsFunc(served, func(x Observation) bool { return x.Resource == "" }) {
		return s.Resources
	}
	var keep []string
	for _, pattern := range s.Resources {
		one := s
		one.Resources = []string{pattern}
		doc := r.single(one)
		if doc == nil || slices.ContainsFunc(served, func(x Observation) bool { return r.mayAllow(doc, one, x) }) {
			keep = append(keep, pattern)
			continue
		}
		r.removed(pattern)
	}
	if len(keep) == 0 {
		return s.Resources
	}
	return keep
}
