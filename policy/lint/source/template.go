package source

import (
	"strings"

	"warden/policy/lint"
)

// template finds the policies of a CloudFormation or SAM template. AWS
// CloudFormation User Guide, "AWS resource and property types reference" and
// "Intrinsic function reference".
func (f *finder) template(resources *node) {
	for i := range resources.members {
		m := &resources.members[i]
		kind := m.value.str("Type")
		properties := m.value.get("Properties")
		if properties == nil {
			f.walk(m.value, []string{"Resources", m.name}, context{template: true}) // Fn::ForEach
			continue
		}
		for j := range properties.members {
			property := &properties.members[j]
			c := inTemplate(kind, properties, property.name)
			c.owner = m.name
			f.walkTemplate(property.value, []string{"Resources", m.name, property.name}, c)
		}
	}
}

// walkTemplate is walk for values that may be functions.
func (f *finder) walkTemplate(n *node, path []string, c context) {
	if n = resolve(n); n == nil {
		return
	}
	if n.form == list {
		n = &node{form: list, items: resolveItems(n.items, 0), line: n.line, column: n.column}
		for i := range n.items {
			n.items[i] = resolve(n.items[i])
		}
	}
	f.walk(n, path, c)
}

// inTemplate says what the policies of a property are for.
func inTemplate(resource string, properties *node, property string) context {
	c := context{template: true}
	switch {
	case property == "AssumeRolePolicyDocument":
		c.kind = lint.Trust
	case resource == "AWS::IAM::Role" || resource == "AWS::IAM::RolePolicy" || strings.HasPrefix(resource, "AWS::Serverless::"):
		c.kind, c.holder = lint.Identity, lint.InlineRole
	case resource == "AWS::IAM::User" || resource == "AWS::IAM::UserPolicy":
		c.kind, c.holder = lint.Identity, lint.InlineUser
	case resource == "AWS::IAM::Group" || resource == "AWS::IAM::GroupPolicy":
		c.kind, c.holder = lint.Identity, lint.InlineGroup
	case resource == "AWS::IAM::ManagedPolicy":
		c.kind, c.holder = lint.Identity, lint.Managed
	case resource == "AWS::IAM::Policy":
		c.kind = lint.Identity
		switch {
		case properties.get("Users") != nil:
			c.holder = lint.InlineUser
		case properties.get("Groups") != nil:
			c.holder = lint.InlineGroup
		case properties.get("Roles") != nil:
			c.holder = lint.InlineRole
		}
	case resource == "AWS::SSO::PermissionSet":
		c.kind = lint.Identity
	case resource == "AWS::EC2::VPCEndpoint":
		c.kind = lint.Endpoint
	case resource == "AWS::Organizations::Policy":
		c.kind = organizationKind(properties.str("Type"))
	case strings.HasSuffix(resource, "Policy") || resource == "AWS::KMS::Key" || resource == "AWS::KMS::ReplicaKey":
		c.kind = lint.Resource
	}
	return c
}

func organizationKind(name string) lint.Kind {
	switch name {
	case "SERVICE_CONTROL_POLICY":
		return lint.SCP
	case "RESOURCE_CONTROL_POLICY":
		return lint.RCP
	}
	return lint.Auto
}

// resolve turns a function into what it gives, as far as the template says:
// text with [lint.Unknown] in it. It returns nil for AWS::NoValue.
func resolve(n *node) *node { return resolveAt(n, 0) }

func resolveAt(n *node, depth int) *node {
	if n.form != object || len(n.members) != 1 || depth > maxDepth {
		return n
	}
	m := &n.members[0]
	known := func(s string) *node { return &node{form: text, text: s, line: n.line, column: n.column} }
	switch {
	case m.name == "Ref":
		if m.value.text == "AWS::NoValue" {
			return nil
		}
		return known(lint.Unknown)
	case m.name == "Fn::Sub":
		t := m.value
		if t.form == list && len(t.items) > 0 {
			t = t.items[0]
		}
		return known(substitute(t.text))
	case m.name == "Fn::Join" && m.value.form == list && len(m.value.items) == 2:
		return known(join(m.value.items[0].text, m.value.items[1], depth))
	case m.name == "Fn::If" && m.value.form == list && len(m.value.items) == 3:
		return either(n, m.value.items[1], m.value.items[2], depth)
	case m.name == "Fn::Transform" || strings.HasPrefix(m.name, "Fn::ForEach::"):
		return n
	case strings.HasPrefix(m.name, "Fn::"):
		return known(lint.Unknown)
	}
	return n
}

// substitute replaces ${Name} by what is unknown, and ${!name} by ${name},
// which is how a template writes a policy variable.
func substitute(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, rest, closed := strings.Cut(after, "}")
		switch {
		case !closed:
			b.WriteString("${" + after)
			return b.String()
		case strings.HasPrefix(name, "!"):
			b.WriteString("${" + name[1:] + "}")
		default:
			b.WriteString(lint.Unknown)
		}
		s = rest
	}
}

// join joins what is known; a list that is not written out is unknown.
func join(separator string, items *node, depth int) string {
	if items.form != list {
		return lint.Unknown
	}
	var parts []string
	for _, item := range items.items {
		switch v := resolveAt(item, depth+1); {
		case v == nil:
		case v.form == text || v.form == literal:
			parts = append(parts, v.text)
		default:
			parts = append(parts, lint.Unknown)
		}
	}
	return strings.Join(parts, separator)
}

// either is a choice that the deployment makes: of lists and texts both, since
// either may come about; of other values the first.
func either(n, a, b *node, depth int) *node {
	a, b = resolveAt(a, depth+1), resolveAt(b, depth+1)
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.form == object || b.form == object:
		return a
	}
	both := &node{form: list, line: n.line, column: n.column}
	for _, v := range []*node{a, b} {
		if v.form == list {
			both.items = append(both.items, v.items...)
		} else {
			both.items = append(both.items, v)
		}
	}
	return both
}

// resolveItems resolves the elements of a list: a choice of several values, or
// a list in a list, becomes elements, and AWS::NoValue none.
func resolveItems(items []*node, depth int) []*node {
	var out []*node
	for _, item := range items {
		v := item
		if item.form == object && len(item.members) == 1 && item.members[0].name == "Fn::If" && item.members[0].value.form == list && len(item.members[0].value.items) == 3 && depth < maxDepth {
			out = append(out, resolveItems(item.members[0].value.items[1:], depth+1)...)
			continue
		}
		if v = resolve(v); v == nil {
			continue
		}
		if v.form == list && v != item {
			out = append(out, v.items...)
			continue
		}
		out = append(out, v)
	}
	return out
}
