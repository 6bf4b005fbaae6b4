package source

import (
	"strings"

	"warden/policy/lint"
)

// plan finds the policies of a Terraform plan, as "terraform show -json" prints
// it: those of the planned values. What is only known after the apply is not in
// it.
func (f *finder) plan(n *node) {
	if values := n.get("planned_values"); values != nil {
		f.module(values.get("root_module"), 0)
		return
	}
	if changes := n.get("resource_changes"); changes != nil {
		for _, r := range changes.items {
			if after := r.get("change").get("after"); after != nil {
				f.planned(r, after)
			}
		}
	}
}

func (f *finder) module(m *node, depth int) {
	if m == nil || depth > maxDepth {
		return
	}
	if resources := m.get("resources"); resources != nil {
		for _, r := range resources.items {
			if values := r.get("values"); values != nil && r.str("mode") != "data" {
				f.planned(r, values)
			}
		}
	}
	if children := m.get("child_modules"); children != nil {
		for _, child := range children.items {
			f.module(child, depth+1)
		}
	}
}

// planned looks at one resource.
func (f *finder) planned(r, values *node) {
	address := r.str("address")
	for i := range values.members {
		m := &values.members[i]
		f.walk(m.value, []string{address, m.name}, inPlan(r.str("type"), values, m.name, address))
	}
}

// inPlan says what the policies of an attribute are for.
func inPlan(resource string, values *node, attribute, address string) context {
	c := context{owner: address}
	switch {
	case attribute == "assume_role_policy":
		c.kind = lint.Trust
	case resource == "aws_iam_policy":
		c.kind, c.holder = lint.Identity, lint.Managed
	case resource == "aws_iam_role_policy":
		c.kind, c.holder, c.owner = lint.Identity, lint.InlineRole, owner(values, "role", address)
	case resource == "aws_iam_user_policy":
		c.kind, c.holder, c.owner = lint.Identity, lint.InlineUser, owner(values, "user", address)
	case resource == "aws_iam_group_policy":
		c.kind, c.holder, c.owner = lint.Identity, lint.InlineGroup, owner(values, "group", address)
	case resource == "aws_iam_role":
		c.kind, c.holder = lint.Identity, lint.InlineRole
	case resource == "aws_ssoadmin_permission_set_inline_policy":
		c.kind = lint.Identity
	case resource == "aws_vpc_endpoint" || resource == "aws_vpc_endpoint_policy":
		c.kind = lint.Endpoint
	case resource == "aws_organizations_policy":
		c.kind = organizationKind(values.str("type"))
		if values.get("type") == nil {
			c.kind = lint.SCP // the provider's default
		}
	case strings.HasPrefix(resource, "aws_"):
		c.kind = lint.Auto
	}
	return c
}

func owner(values *node, key, address string) string {
	if v := values.str(key); v != "" {
		return key + " " + v
	}
	return address
}
