package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/account"
	"warden/policy"
)

// state is an account while the twin runs: the facts of a Snapshot with what
// is needed to decide and to answer quickly. It has no lock of its own; the
// twin holds one around every operation.
//
// There may be several: the account as IAM shows it, and the account as
// authorization sees it, to which each change comes later (onChange).
type state struct {
	account, partition, alias string
	collectedAt               time.Time
	gaps                      []account.Gap

	users    table[user]
	groups   table[group]
	roles    table[role]
	policies table[managed] // by ARN, AWS-managed ones too

	keyOwner map[string]string // access key id → user name
	arns     map[string]string // unique id of a user or role → ARN
	ids      map[string]string // ARN of a user or role → unique id

	// peers are the other accounts of the organization, as IAM shows them or
	// as authorization sees them, like this one.
	peers []*state

	// onChange, if set, is told every change that has reached this state;
	// apply repeats it on another one.
	onChange func(apply func(*state))

	// What follows exists once, in the state that IAM shows.
	next       *identifiers
	secrets    secrets
	sessions   map[string]*session // by access key id
	belongings *belongings
	keyUse     map[string]account.KeyUse
	roleUse    map[string]account.RoleUse // by role id
	quotas     quotas
}

// secrets are kept apart from the account's facts, which may be shown.
type secrets struct {
	keys      map[string]string // access key id → secret access key
	passwords map[string]string // user id → password
}

// The entities carry the facts of a Snapshot and their parsed policies.
// Values in a table are never changed; see table.
type (
	user struct {
		account.User
		inline []*policy.Document // parallel to Inline
	}
	group struct {
		account.Group
		inline []*policy.Document
	}
	role struct {
		account.Role // Trust names users and roles by their unique ids
		inline       []*policy.Document
	}
	managed struct {
		account.ManagedPolicy
		document *policy.Document // the default version
		next     int              // the number of the next version
		saved    bool             // belongs in a Snapshot
	}
)

// emptyState has the AWS-managed policies and nothing else.
func emptyState(accountID, partition string) *state {
	return &state{
		account:   accountID,
		partition: partition,
		users:     newTable[user](),
		groups:    newTable[group](),
		roles:     newTable[role](),
		policies:  newTable[managed](),
		keyOwner:  map[string]string{},
		arns:      map[string]string{},
		ids:       map[string]string{},
	}
}

// loadState reads a snapshot. Its secrets are made with the given function
// (one call for each access key), because a Snapshot holds none.
func loadState(s *account.Snapshot, seed int64, secret func() string) (*state, error) {
	if s.Version > account.Version {
		return nil, fmt.Errorf("snapshot version %d is newer than %d, the newest that this twin reads", s.Version, account.Version)
	}
	st := emptyState(s.Account, s.Partition)
	if st.partition == "" {
		st.partition = "aws"
	}
	st.alias, st.collectedAt, st.gaps = s.Alias, s.CollectedAt, slices.Clone(s.Gaps)
	st.next = newIdentifiers(seed, s.Account)
	st.secrets = secrets{keys: map[string]string{}, passwords: map[string]string{}}
	st.sessions = map[string]*session{}
	st.keyUse = map[string]account.KeyUse{}
	st.roleUse = map[string]account.RoleUse{}
	st.quotas = defaultQuotas()
	st.belongings = newBelongings()

	aws, err := awsManaged(st.partition)
	if err != nil {
		return nil, err
	}
	for _, p := range aws {
		st.putPolicy(p)
	}
	for _, p := range s.Policies {
		if old := st.policies.get(p.ARN); old != nil && old.saved {
			return nil, fmt.Errorf("policy %s appears twice", p.ARN)
		}
		m, err := newManaged(p)
		if err != nil {
			return nil, err
		}
		m.saved = true
		st.next.used[p.ID] = true
		st.policies.remove(p.ARN) // the snapshot's order holds
		st.putPolicy(m)
	}
	for _, g := range s.Groups {
		if st.groups.get(g.Name) != nil {
			return nil, fmt.Errorf("group %s appears twice (names differ in more than case)", g.Name)
		}
		v := &group{Group: g}
		if err := st.loaded("group", g.ARN, g.ID, g.Inline, g.Attached, "", &v.inline); err != nil {
			return nil, err
		}
		st.putGroup(v)
	}
	for _, u := range s.Users {
		if st.users.get(u.Name) != nil {
			return nil, fmt.Errorf("user %s appears twice (names differ in more than case)", u.Name)
		}
		v := &user{User: u}
		if err := st.loaded("user", u.ARN, u.ID, u.Inline, u.Attached, u.Boundary, &v.inline); err != nil {
			return nil, err
		}
		for _, g := range u.Groups {
			if st.groups.get(g) == nil {
				return nil, fmt.Errorf("user %s is a member of group %q, which the snapshot does not have", u.ARN, g)
			}
		}
		for _, k := range u.AccessKeys {
			if st.next.used[k.ID] {
				return nil, fmt.Errorf("access key %s of user %s appears twice", k.ID, u.ARN)
			}
			st.next.used[k.ID] = true
			st.secrets.keys[k.ID] = secret()
		}
		st.putUser(v)
	}
	for _, r := range s.Roles {
		if st.roles.get(r.Name) != nil {
			return nil, fmt.Errorf("role %s appears twice (names differ in more than case)", r.Name)
		}
		v := &role{Role: r}
		if err := st.loaded("role", r.ARN, r.ID, r.Inline, r.Attached, r.Boundary, &v.inline); err != nil {
			return nil, err
		}
		st.putRole(v)
	}
	// Only now are all ARNs known that a trust policy may name.
	for _, r := range st.roles.all() {
		v := *r
		var err error
		if v.Trust, err = st.trustWithIDs(r.Trust); err != nil {
			return nil, fmt.Errorf("trust policy of %s: %w", r.ARN, err)
		}
		if trust, err := policy.ParseStored(r.ARN, v.Trust); err == nil {
			st.adopt(trust)
		}
		st.putRole(&v)
	}
	for _, r := range s.Roles {
		for _, arn := range r.Profiles {
			st.knowProfile(arn, r.Name)
		}
	}
	st.loadFacts(s)
	return st, nil
}

// loaded checks and parses what users, groups and roles have in common.
func (s *state) loaded(kind, arn, id string, inline []account.InlinePolicy, attached []string, boundary string, docs *[]*policy.Document) error {
	if s.next.used[id] {
		return fmt.Errorf("%s %s: the id %s appears twice", kind, arn, id)
	}
	s.next.used[id] = true
	for _, p := range inline {
		d, err := policy.ParseStored(p.Name, p.Document)
		if err != nil {
			return fmt.Errorf("inline policy %s of %s %s: %w", p.Name, kind, arn, err)
		}
		*docs = append(*docs, d)
	}
	for _, p := range append(slices.Clone(attached), boundary) {
		if p != "" && s.policies.get(p) == nil {
			return fmt.Errorf("%s %s uses policy %s, whose document the snapshot does not have: the twin could not decide", kind, arn, p)
		}
	}
	return nil
}

// newManaged parses the default version of p.
func newManaged(p account.ManagedPolicy) (*managed, error) {
	v := p.Default()
	if v == nil {
		return nil, fmt.Errorf("policy %s has no default version", p.ARN)
	}
	d, err := policy.ParseStored(p.ARN, v.Document)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.ARN, err)
	}
	m := &managed{ManagedPolicy: p, document: d}
	for _, v := range p.Versions {
		if n, err := strconv.Atoi(strings.TrimPrefix(v.ID, "v")); err == nil && n >= m.next {
			m.next = n + 1
		}
	}
	return m, nil
}

// snapshot saves the account. The result shares nothing with the state.
func (s *state) snapshot() *account.Snapshot {
	out := &account.Snapshot{
		Version: account.Version, Account: s.account, Partition: s.partition,
		Alias: s.alias, CollectedAt: s.collectedAt, Gaps: slices.Clone(s.gaps),
		Users: []account.User{}, Groups: []account.Group{}, Roles: []account.Role{}, Policies: []account.ManagedPolicy{},
	}
	for _, u := range s.users.saved() {
		v := u.clone().User
		for i, k := range v.AccessKeys {
			if use, ok := s.keyUse[k.ID]; ok {
				v.AccessKeys[i].LastUsed = &use
			}
		}
		s.saveFacts(&v)
		out.Users = append(out.Users, v)
	}
	for _, g := range s.groups.saved() {
		out.Groups = append(out.Groups, g.clone().Group)
	}
	for _, r := range s.roles.saved() {
		v := r.clone().Role
		v.Trust = s.trustWithARNs(r.Trust)
		if use, ok := s.roleUse[r.ID]; ok {
			v.LastUsed = &use
		}
		v.Profiles = nil
		for _, p := range s.belongings.profilesOf(r) {
			v.Profiles = append(v.Profiles, p.arn)
		}
		out.Roles = append(out.Roles, v)
	}
	for _, p := range s.policies.saved() {
		if p.saved {
			out.Policies = append(out.Policies, p.clone().ManagedPolicy)
		}
	}
	return out
}

// clone copies u so that the copy may be changed and put.
func (u *user) clone() *user {
	c := *u
	c.Groups, c.Inline, c.Attached = slices.Clone(u.Groups), slices.Clone(u.Inline), slices.Clone(u.Attached)
	c.AccessKeys, c.Tags, c.inline = slices.Clone(u.AccessKeys), maps.Clone(u.Tags), slices.Clone(u.inline)
	return &c
}

func (g *group) clone() *group {
	c := *g
	c.Inline, c.Attached, c.inline = slices.Clone(g.Inline), slices.Clone(g.Attached), slices.Clone(g.inline)
	return &c
}

func (r *role) clone() *role {
	c := *r
	c.Inline, c.Attached, c.inline = slices.Clone(r.Inline), slices.Clone(r.Attached), slices.Clone(r.inline)
	c.Tags = maps.Clone(r.Tags)
	return &c
}

func (m *managed) clone() *managed {
	c := *m
	c.Versions, c.Tags = slices.Clone(m.Versions), maps.Clone(m.Tags)
	return &c
}

// changed tells onChange what was just done to s.
func (s *state) changed(apply func(*state)) {
	if s.onChange != nil {
		s.onChange(apply)
	}
}

func (s *state) putUser(u *user) {
	if old := s.users.get(u.Name); old != nil {
		s.forgetUser(old)
	}
	s.rememberUser(u)
	s.users.put(u.Name, u)
	s.changed(func(v *state) { v.putUser(u) })
}

func (s *state) renameUser(from string, u *user) {
	if old := s.users.get(from); old != nil {
		s.forgetUser(old)
	}
	s.rememberUser(u)
	s.users.rename(from, u.Name, u)
	s.changed(func(v *state) { v.renameUser(from, u) })
}

func (s *state) removeUser(name string) {
	if old := s.users.get(name); old != nil {
		s.forgetUser(old)
	}
	s.users.remove(name)
	s.changed(func(v *state) { v.removeUser(name) })
}

func (s *state) rememberUser(u *user) {
	s.arns[u.ID], s.ids[u.ARN] = u.ARN, u.ID
	for _, k := range u.AccessKeys {
		s.keyOwner[k.ID] = u.Name
	}
}

func (s *state) forgetUser(u *user) {
	delete(s.arns, u.ID)
	delete(s.ids, u.ARN)
	for _, k := range u.AccessKeys {
		delete(s.keyOwner, k.ID)
	}
}

func (s *state) putGroup(g *group) {
	s.groups.put(g.Name, g)
	s.changed(func(v *state) { v.putGroup(g) })
}

func (s *state) renameGroup(from string, g *group) {
	s.groups.rename(from, g.Name, g)
	s.changed(func(v *state) { v.renameGroup(from, g) })
}

func (s *state) removeGroup(name string) {
	s.groups.remove(name)
	s.changed(func(v *state) { v.removeGroup(name) })
}

func (s *state) putRole(r *role) {
	s.arns[r.ID], s.ids[r.ARN] = r.ARN, r.ID
	s.roles.put(r.Name, r)
	s.changed(func(v *state) { v.putRole(r) })
}

func (s *state) removeRole(name string) {
	if old := s.roles.get(name); old != nil {
		delete(s.arns, old.ID)
		delete(s.ids, old.ARN)
	}
	s.roles.remove(name)
	s.changed(func(v *state) { v.removeRole(name) })
}

func (s *state) putPolicy(p *managed) {
	s.policies.put(p.ARN, p)
	s.changed(func(v *state) { v.putPolicy(p) })
}

func (s *state) removePolicy(arn string) {
	s.policies.remove(arn)
	s.changed(func(v *state) { v.removePolicy(arn) })
}

// arn builds the ARN of an entity; path begins and ends with a slash.
func (s *state) arn(kind, path, name string) string {
	return "arn:" + s.partition + ":iam::" + s.account + ":" + kind + path + name
}
