package twin

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"warden/policy"
)

// tree is the structure of an organization and what is attached where. A tree
// that has been published is never changed: every change makes a new one.
type tree struct {
	nodes    map[string]*node
	policies map[string]*controlPolicy
	// enabled tells whether service control policies are in force.
	enabled bool
	// delegated holds since when an account is the delegated administrator
	// of a service, by account and service principal.
	delegated map[string]map[string]time.Time

	// What is derived, by account id: the levels of policies from the root
	// to the account, and the path as aws:PrincipalOrgPaths has it.
	levels map[string][]policy.Level
	paths  map[string]string
}

// nodeKind is what a node of the tree is.
type nodeKind uint8

const (
	rootNode nodeKind = iota + 1
	unitNode
	accountNode
)

// node is the root, a unit or an account. Values in a tree are never changed.
type node struct {
	kind                  nodeKind
	id, arn, name, parent string
	attached              []string // ids of policies, in the order of attachment
	email                 string   // of accounts
	invited               bool     // accounts that existed before they joined
	joined                time.Time
}

// controlPolicy is a service control policy. Values in a tree are never
// changed.
type controlPolicy struct {
	id, arn, name, description, content string
	managed                             bool // by AWS
	document                            *policy.Document
}

// fullAccessID is the policy that AWS attaches to everything (AWS
// Organizations User Guide, "Service control policies (SCPs)").
const (
	fullAccessID      = "p-FullAWSAccess"
	fullAccessContent = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// clone copies t so that the copy may be changed and published.
func (t *tree) clone() *tree {
	c := *t
	c.nodes, c.policies, c.delegated = maps.Clone(t.nodes), maps.Clone(t.policies), maps.Clone(t.delegated)
	return &c
}

// edited is a copy of a node, which stands in the tree from now on.
func (t *tree) edited(id string) *node {
	n := *t.nodes[id]
	n.attached = slices.Clone(n.attached)
	t.nodes[id] = &n
	return &n
}

// children are the nodes of one kind below a parent, by id.
func (t *tree) children(parent string, kind nodeKind) []*node {
	var out []*node
	for _, n := range t.nodes {
		if n.parent == parent && n.kind == kind {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b *node) int { return strings.Compare(a.id, b.id) })
	return out
}

// all are the nodes of one kind, by id.
func (t *tree) all(kind nodeKind) []*node {
	var out []*node
	for _, n := range t.nodes {
		if n.kind == kind {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b *node) int { return strings.Compare(a.id, b.id) })
	return out
}

// depth counts the units above and with a unit; the root has none.
func (t *tree) depth(id string) int {
	n := 0
	for ; t.nodes[id] != nil && t.nodes[id].kind == unitNode; id = t.nodes[id].parent {
		n++
	}
	return n
}

// targets are the nodes that a policy is attached to, by id.
func (t *tree) targets(policyID string) []*node {
	var out []*node
	for _, id := range slices.Sorted(maps.Keys(t.nodes)) {
		if slices.Contains(t.nodes[id].attached, policyID) {
			out = append(out, t.nodes[id])
		}
	}
	return out
}

// derive fills in levels and paths.
func (t *tree) derive(organization string) {
	t.levels, t.paths = map[string][]policy.Level{}, map[string]string{}
	for id, n := range t.nodes {
		if n.kind != accountNode {
			continue
		}
		var up []*node
		for ; n != nil; n = t.nodes[n.parent] {
			up = append(up, n)
		}
		slices.Reverse(up)
		path := organization + "/"
		var levels []policy.Level
		for _, n := range up {
			if n.kind != accountNode {
				path += n.id + "/"
			}
			level := policy.Level{Name: n.id}
			for _, p := range n.attached {
				level.Policies = append(level.Policies, t.policies[p].document)
			}
			levels = append(levels, level)
		}
		t.paths[id] = path
		if t.enabled {
			t.levels[id] = levels
		}
	}
}

// treeView is the tree by which requests are judged. It follows changes with
// a random part of Faults.Propagation, like the view of an account.
type treeView struct {
	tree    *tree
	pending []pendingTree
	random  *rand.Rand
	longest time.Duration
}

type pendingTree struct {
	due  time.Time
	tree *tree
}

// follow takes over a new tree after a while, in order.
func (v *treeView) follow(t *tree, now time.Time) {
	if v.longest <= 0 {
		v.tree = t
		return
	}
	due := now.Add(time.Duration(v.random.Int64N(int64(v.longest) + 1)))
	if n := len(v.pending); n > 0 && due.Before(v.pending[n-1].due) {
		due = v.pending[n-1].due
	}
	v.pending = append(v.pending, pendingTree{due, t})
}

// at is the tree by which a request is judged now.
func (v *treeView) at(now time.Time) *tree {
	for len(v.pending) > 0 && !v.pending[0].due.After(now) {
		v.tree = v.pending[0].tree
		v.pending = v.pending[1:]
	}
	return v.tree
}

// edit changes the tree; f works on a copy, which is dropped if it fails.
func (o *Organization) edit(now time.Time, f func(t *tree) error) error {
	next := o.tree.clone()
	if err := f(next); err != nil {
		return err
	}
	next.derive(o.id)
	o.tree = next
	o.judged.follow(next, now)
	return nil
}

// plant makes the first tree.
func (o *Organization) plant(cfg OrganizationConfig) error {
	t := &tree{nodes: map[string]*node{}, policies: map[string]*controlPolicy{}, delegated: map[string]map[string]time.Time{}, enabled: true}
	full, err := newControlPolicy(fullAccessID, "arn:"+o.partition+":organizations::aws:policy/service_control_policy/"+fullAccessID, fullAccessContent)
	if err != nil {
		return err
	}
	full.name, full.description, full.managed = "FullAWSAccess", "Allows access to every operation", true
	t.policies[fullAccessID] = full
	t.nodes[o.rootID] = &node{kind: rootNode, id: o.rootID, name: "Root", arn: o.named("root/" + o.id + "/" + o.rootID), attached: []string{fullAccessID}}

	for _, u := range cfg.Units {
		if u.Parent == "" {
			u.Parent = o.rootID
		}
		if t.nodes[u.Parent] == nil {
			return fmt.Errorf("unit %s: its parent %s does not come before it", u.ID, u.Parent)
		}
		if t.nodes[u.ID] != nil || !unitID.MatchString(u.ID) {
			return fmt.Errorf("unit %q: the id is taken or no id of a unit", u.ID)
		}
		t.nodes[u.ID] = o.newUnit(u.ID, u.Name, u.Parent)
	}
	now := o.now()
	for i, a := range cfg.Accounts {
		id := a.Snapshot.Account
		n := &node{
			kind: accountNode, id: id, arn: o.named("account/" + o.id + "/" + id), name: a.Name, email: a.Email, parent: a.Unit,
			invited: a.Invited || i == 0, joined: now.AddDate(-2, 0, i), attached: []string{fullAccessID},
		}
		if n.email == "" {
			n.email = "aws+" + strings.ToLower(strings.ReplaceAll(a.Name, " ", "-")) + "@example.com"
		}
		if n.parent == "" {
			n.parent = o.rootID
		}
		if p := t.nodes[n.parent]; p == nil || p.kind == accountNode {
			return fmt.Errorf("account %s: there is no unit %s", id, n.parent)
		}
		t.nodes[id] = n
	}
	for _, p := range cfg.Policies {
		if t.policies[p.ID] != nil || !policyID.MatchString(p.ID) {
			return fmt.Errorf("policy %q: the id is taken or no id of a policy", p.ID)
		}
		made, err := newControlPolicy(p.ID, o.policyARN(p.ID), p.Content)
		if err != nil {
			return fmt.Errorf("policy %s: %w", p.ID, err)
		}
		made.name, made.description = p.Name, p.Description
		t.policies[p.ID] = made
		for _, target := range p.Targets {
			if t.nodes[target] == nil {
				return fmt.Errorf("policy %s: there is no target %s", p.ID, target)
			}
			n := t.edited(target)
			n.attached = append(n.attached, p.ID)
		}
	}
	t.derive(o.id)
	o.tree = t
	longest := cfg.Faults.Propagation
	o.judged = &treeView{tree: t, longest: longest, random: rand.New(rand.NewPCG(uint64(cfg.Seed), 0x736370))}
	return nil
}

func (o *Organization) newUnit(id, name, parent string) *node {
	return &node{kind: unitNode, id: id, arn: o.named("ou/" + o.id + "/" + id), name: name, parent: parent, attached: []string{fullAccessID}}
}

func (o *Organization) policyARN(id string) string {
	return o.named("policy/" + o.id + "/service_control_policy/" + id)
}

// newControlPolicy parses the text of a policy. Since 2025 it may use the whole
// policy language but principals (AWS Organizations User Guide, "SCP syntax").
func newControlPolicy(id, arn, content string) (*controlPolicy, error) {
	d, err := policy.Parse(arn, []byte(content))
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(d); err != nil {
		return nil, err
	}
	return &controlPolicy{id: id, arn: arn, content: content, document: d}, nil
}
