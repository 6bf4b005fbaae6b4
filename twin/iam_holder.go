package twin

import (
	"encoding/json"
	"slices"
	"strings"

	"warden/account"
	"warden/policy"
)

// holder is a user, group or role as the owner of policies. It points into a
// clone; put makes the clone the entity.
type holder struct {
	kind string // "user", "group", "role"
	name string

	attached *[]string
	inline   *[]account.InlinePolicy
	parsed   *[]*policy.Document
	put      func()

	attachedQuota string // its name in errors
	maxAttached   int
	maxInline     int // characters, all inline policies together
}

func (c *call) userHolder(name *string) (*holder, error) {
	old, err := c.user(name)
	if err != nil {
		return nil, err
	}
	u, q := old.clone(), c.state.quotas
	return &holder{"user", u.Name, &u.Attached, &u.Inline, &u.inline, func() { c.state.putUser(u) }, "PoliciesPerUser", q.attachedPerUser, q.inlineUser}, nil
}

func (c *call) groupHolder(name *string) (*holder, error) {
	old, err := c.group(name)
	if err != nil {
		return nil, err
	}
	g, q := old.clone(), c.state.quotas
	return &holder{"group", g.Name, &g.Attached, &g.Inline, &g.inline, func() { c.state.putGroup(g) }, "PoliciesPerGroup", q.attachedPerGroup, q.inlineGroup}, nil
}

// roleHolder is for reading; changes use modifiableRoleHolder.
func (c *call) roleHolder(name *string) (*holder, error) {
	old, err := c.role(name)
	if err != nil {
		return nil, err
	}
	r, q := old.clone(), c.state.quotas
	return &holder{"role", r.Name, &r.Attached, &r.Inline, &r.inline, func() { c.state.putRole(r) }, "PoliciesPerRole", q.attachedPerRole, q.inlineRole}, nil
}

func (c *call) modifiableRoleHolder(name *string) (*holder, error) {
	if _, err := c.modifiableRole(name); err != nil {
		return nil, err
	}
	return c.roleHolder(name)
}

// attach attaches a managed policy; a second time changes nothing.
// IAM API Reference, AttachUserPolicy.
func (c *call) attach(h *holder, err error, arn *string) error {
	if err != nil {
		return err
	}
	p, err := c.attachable(text(arn))
	if err != nil {
		return err
	}
	if slices.Contains(*h.attached, p.ARN) {
		return nil
	}
	if p.AWSManaged() && strings.HasPrefix(p.Path, "/aws-service-role/") {
		return fail(400, "PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
	}
	if len(*h.attached) >= h.maxAttached {
		return exceeded(h.attachedQuota, h.maxAttached)
	}
	c.state.keep(p)
	*h.attached = append(*h.attached, p.ARN)
	h.put()
	return nil
}

// keep makes sure that a saved snapshot holds p.
func (s *state) keep(p *managed) {
	if !p.saved {
		m := p.clone()
		m.saved = true
		s.putPolicy(m)
	}
}

func (c *call) detach(h *holder, err error, arn *string) error {
	if err != nil {
		return err
	}
	at := slices.Index(*h.attached, text(arn))
	if p := c.state.policies.get(text(arn)); p != nil {
		at = slices.Index(*h.attached, p.ARN)
	}
	if at < 0 {
		return fail(404, "NoSuchEntity", "Policy %s was not found.", text(arn))
	}
	*h.attached = slices.Delete(*h.attached, at, at+1)
	h.put()
	return nil
}

// putInline adds or replaces an inline policy. Names differ in more than
// case.
func (c *call) putInline(h *holder, err error, name, document *string) error {
	if err != nil {
		return err
	}
	d, err := parseIdentity(text(name), text(document))
	if err != nil {
		return err
	}
	at := h.find(text(name))
	total := size(text(document))
	for i, p := range *h.inline {
		if i != at {
			total += size(string(p.Document))
		}
	}
	if total > h.maxInline {
		return fail(409, "LimitExceeded", "Maximum policy size of %d bytes exceeded for %s %s", h.maxInline, h.kind, h.name)
	}
	p := account.InlinePolicy{Name: text(name), Document: json.RawMessage(text(document))}
	if at >= 0 {
		(*h.inline)[at].Document, (*h.parsed)[at] = p.Document, d
	} else {
		*h.inline, *h.parsed = append(*h.inline, p), append(*h.parsed, d)
	}
	h.put()
	return nil
}

// find gives the index of an inline policy, -1 when there is none.
func (h *holder) find(name string) int {
	return slices.IndexFunc(*h.inline, func(p account.InlinePolicy) bool { return fold(p.Name) == fold(name) })
}

func (h *holder) getInline(name *string) (*account.InlinePolicy, error) {
	at := h.find(text(name))
	if at < 0 {
		return nil, fail(404, "NoSuchEntity", "The %s policy with name %s cannot be found.", h.kind, text(name))
	}
	return &(*h.inline)[at], nil
}

func (c *call) deleteInline(h *holder, err error, name *string) error {
	if err != nil {
		return err
	}
	if _, err := h.getInline(name); err != nil {
		return err
	}
	at := h.find(text(name))
	*h.inline, *h.parsed = slices.Delete(*h.inline, at, at+1), slices.Delete(*h.parsed, at, at+1)
	h.put()
	return nil
}

// inlineNames lists the names of inline policies, a page of them.
func (c *call) inlineNames(h *holder, marker *string, max *int32) ([]string, *string, bool, error) {
	names := []string{}
	for _, p := range *h.inline {
		names = append(names, p.Name)
	}
	return page(c, names, fold, marker, max)
}

// attachedARNs lists attached policies below a path, a page of them.
func (c *call) attachedARNs(h *holder, prefix, marker *string, max *int32) ([]string, *string, bool, error) {
	arns := []string{}
	for _, arn := range *h.attached {
		p := c.state.policies.get(arn)
		if p != nil && len(listed([]*managed{p}, prefix, func(p *managed) string { return p.Path })) > 0 {
			arns = append(arns, arn)
		}
	}
	return page(c, arns, func(arn string) string { return fold(nameOf(arn)) + "/" + arn[:min(len(arn), 40)] }, marker, max)
}
