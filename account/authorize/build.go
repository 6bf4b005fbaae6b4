package authorize

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"warden/account"
	"warden/policy"
)

// builder puts an Authorizer together.
type builder struct {
	a        *Authorizer
	snapshot *account.Snapshot
	defined  map[string]*account.ManagedPolicy // by ARN in lower case
	managed  map[string]*document              // compiled, by ARN in lower case
	groups   map[string]*group                 // by name
	broken   map[string]string                 // why a document cannot be used, by name
}

// group is what a group gives to its members.
type group struct {
	holder
	arn string
}

// holder collects the policies of a user, role or group.
type holder struct {
	docs   []*document
	doubts []string
}

func (b *builder) build() {
	s, a := b.snapshot, b.a
	for i := range s.Policies {
		p := &s.Policies[i]
		b.defined[strings.ToLower(p.ARN)] = p
		a.targets[p.ARN] = target{tags: p.Tags}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		out := &group{arn: g.ARN}
		b.inline(&out.holder, "group/"+g.Name, g.Inline)
		b.attached(&out.holder, g.Attached)
		b.groups[g.Name] = out
	}
	b.guardrails()
	gaps := b.sortGaps()
	a.principals = make([]*Principal, 0, len(s.Users)+len(s.Roles))
	for i := range s.Users {
		b.user(&s.Users[i], gaps)
	}
	for i := range s.Roles {
		b.role(&s.Roles[i], gaps)
	}
	a.incomplete = gaps.incomplete()
}

func (b *builder) user(u *account.User, gaps *gaps) {
	p := &Principal{Kind: User, Name: u.Name, ARN: u.ARN, ID: u.ID}
	var own, fromGroups holder
	b.inline(&own, "user/"+u.Name, u.Inline)
	b.attached(&own, u.Attached)
	subjects := []string{u.ARN, u.Name, u.ID}
	for _, name := range u.Groups {
		g := b.groups[name]
		if g == nil {
			fromGroups.doubts = append(fromGroups.doubts, fmt.Sprintf("the group %s is not in the snapshot", name))
			continue
		}
		fromGroups.docs = append(fromGroups.docs, g.docs...)
		fromGroups.doubts = append(fromGroups.doubts, g.doubts...)
		subjects = append(subjects, g.arn, name)
	}
	b.holds(p, own, fromGroups, u.Boundary)
	subjects = append(subjects, u.Attached...)
	p.Doubts = append(p.Doubts, gaps.of(User, append(subjects, u.Boundary))...)
	b.a.identify(p, u.Path, u.Tags)
	b.add(p, target{tags: u.Tags, boundary: u.Boundary})
}

func (b *builder) role(r *account.Role, gaps *gaps) {
	p := &Principal{Kind: Role, Name: r.Name, ARN: r.ARN, ID: r.ID}
	var own holder
	b.inline(&own, "role/"+r.Name, r.Inline)
	b.attached(&own, r.Attached)
	b.holds(p, own, holder{}, r.Boundary)
	p.Doubts = append(p.Doubts, gaps.of(Role, append([]string{r.ARN, r.Name, r.ID, r.Boundary}, r.Attached...))...)
	b.a.identify(p, r.Path, r.Tags)
	t := target{tags: r.Tags, boundary: r.Boundary}
	if t.trust = b.compile("the trust policy of role "+r.Name, r.Trust); t.trust == nil {
		t.noTrust = b.broken["the trust policy of role "+r.Name]
	}
	b.add(p, t)
}

func (b *builder) add(p *Principal, t target) {
	b.a.principals = append(b.a.principals, p)
	b.a.byARN[p.ARN] = p
	b.a.targets[p.ARN] = t
}

// holds gives the principal its policies.
func (b *builder) holds(p *Principal, own, groups holder, boundary string) {
	take := func(h holder) []*policy.Document {
		p.Doubts = append(p.Doubts, h.doubts...)
		docs := make([]*policy.Document, len(h.docs))
		for i, d := range h.docs {
			docs[i] = d.Document
			p.numbers = append(p.numbers, d.number)
			p.userIDs = append(p.userIDs, d.userIDs...)
		}
		return docs
	}
	p.policies.Identity, p.policies.Group = take(own), take(groups)
	if boundary != "" {
		var h holder
		b.attached(&h, []string{boundary})
		p.policies.Boundary = take(h)
	}
	p.policies.SCPs, p.policies.RCPs = b.a.scps, b.a.rcps
	p.Doubts = append(p.Doubts, b.a.unread...)
}

func (b *builder) inline(h *holder, owner string, policies []account.InlinePolicy) {
	for _, p := range policies {
		name := owner + "/" + p.Name
		if d := b.compile(name, p.Document); d != nil {
			h.docs = append(h.docs, d)
		} else {
			h.doubts = append(h.doubts, b.broken[name])
		}
	}
}

// attached adds managed policies, each of which is compiled once.
func (b *builder) attached(h *holder, arns []string) {
	for _, arn := range arns {
		key := strings.ToLower(arn)
		d, seen := b.managed[key]
		if !seen {
			d = b.fromManaged(arn)
			b.managed[key] = d
		}
		if d != nil {
			h.docs = append(h.docs, d)
		} else {
			h.doubts = append(h.doubts, b.broken[arn])
		}
	}
}

func (b *builder) fromManaged(arn string) *document {
	p := b.defined[strings.ToLower(arn)]
	if p == nil || p.Default() == nil {
		p = cmp.Or(account.AdministratorAccess(arn), p)
	}
	if p == nil {
		return b.fail(arn, fmt.Sprintf("the policy %s is attached and not in the snapshot", arn))
	}
	v := p.Default()
	if v == nil || len(v.Document) == 0 {
		return b.fail(arn, fmt.Sprintf("the snapshot has no version in force of the policy %s", arn))
	}
	return b.compile(arn, v.Document)
}

// compile reads a document that AWS returned; nil, and a reason in broken, for
// one that is no policy at all.
func (b *builder) compile(name string, data json.RawMessage) *document {
	if len(data) == 0 {
		return b.fail(name, name+": the snapshot does not hold the document")
	}
	d, err := policy.ParseStored(name, data)
	if err != nil {
		return b.fail(name, err.Error())
	}
	out := inspect(d, b.a.tagKeys)
	out.number = len(b.a.documents)
	b.a.documents = append(b.a.documents, out)
	return out
}

func (b *builder) fail(name, why string) *document {
	if b.broken == nil {
		b.broken = map[string]string{}
	}
	b.broken[name] = why
	return nil
}
