// Package source finds the policies in files: a policy by itself, CloudFormation
// and SAM templates in JSON and YAML, Terraform plans in JSON, and any other
// JSON or YAML that has policies somewhere in it, such as the AWS CLI's answers
// and warden's snapshots. It reads no file; it is given their text.
//
// What a template leaves open (references to parameters and to other
// resources) becomes [lint.Unknown], so that nobody complains of it.
package source

import (
	"bytes"
	"fmt"
	"strings"

	"warden/policy/lint"
)

// Policy is one policy that was found.
type Policy struct {
	// Name says where in the file it is: "Resources.Role.AssumeRolePolicyDocument",
	// "aws_iam_policy.admin policy"; "" where it is the file.
	Name   string
	Kind   lint.Kind // Auto where the file does not say
	Holder lint.Holder
	// Owner names the user, group or role that an inline policy is part of.
	Owner string
	// Text is the policy as JSON.
	Text []byte

	places []place // of the lines of Text; nil where Text is the file
}

type place struct{ line, column int }

// Whole tells whether the policy is the file, so that its text can be written
// back.
func (p *Policy) Whole() bool { return p.places == nil }

// Place turns a place in Text into one in the file.
func (p *Policy) Place(line, column int) (int, int) {
	if p.places == nil {
		return line, column
	}
	i := min(max(line, 1), len(p.places)) - 1
	return p.places[i].line, p.places[i].column
}

// Find returns the policies of a file in their order; none where there are
// none. The name appears in errors, which say where the file is broken.
func Find(name string, data []byte) ([]Policy, error) {
	var docs []*node
	first := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(first) == 0:
		return nil, fmt.Errorf("%s: the file is empty", name)
	case first[0] == '{' || first[0] == '[':
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
		n, err := parseJSON(name, data)
		if err != nil {
			return nil, err
		}
		if n.get("Statement") != nil && n.get("Resources") == nil {
			return []Policy{{Text: data}}, nil
		}
		docs = []*node{n}
	default:
		var err error
		if docs, err = parseYAML(name, data); err != nil {
			return nil, err
		}
	}
	f := finder{}
	for _, n := range docs {
		switch {
		case n.get("planned_values") != nil || n.get("resource_changes") != nil:
			f.plan(n)
		case n.get("Resources") != nil && n.get("Resources").form == object:
			f.template(n.get("Resources"))
		default:
			f.walk(n, nil, context{})
		}
	}
	return f.found, nil
}

// finder collects policies.
type finder struct{ found []Policy }

// context is what the way to a value says of the policies below it.
type context struct {
	kind     lint.Kind
	holder   lint.Holder
	owner    string
	template bool // resolve CloudFormation's functions
}

// trustKeys are names under which trust policies are kept.
var trustKeys = map[string]bool{"AssumeRolePolicyDocument": true, "assume_role_policy": true, "trust": true}

// walk looks for policies in a value and below it.
func (f *finder) walk(n *node, path []string, c context) {
	switch n.form {
	case object:
		if s := n.get("Statement"); s != nil && (s.form == list || s.form == object) {
			f.add(n, path, c)
			return
		}
		// Older versions of managed policies, and policies of AWS.
		if n.str("default") == "false" || n.str("IsDefaultVersion") == "false" || strings.HasPrefix(awsARN(n), "aws:") {
			return
		}
		for i := range n.members {
			m := &n.members[i]
			f.walk(m.value, append(path[:len(path):len(path)], m.name), c.in(m.name))
		}
	case list:
		for i, item := range n.items {
			label := label(item)
			if label == "" {
				label = fmt.Sprint(i)
			}
			if c.holder != "" && c.owner == "" {
				c := c
				c.owner = strings.Join(append(path[:len(path):len(path)], label), ".")
				f.walk(item, append(path[:len(path):len(path)], label), c)
				continue
			}
			f.walk(item, append(path[:len(path):len(path)], label), c)
		}
	case text:
		f.text(n, path, c)
	}
}

// awsARN returns the account part of the ARN of an element, as "aws:" for one
// of AWS's managed policies.
func awsARN(n *node) string {
	arn := n.str("arn")
	if arn == "" {
		arn = n.str("Arn")
	}
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[2] == "iam" && parts[4] == "aws" {
		return "aws:" + parts[5]
	}
	return ""
}

// in is the context below a member.
func (c context) in(name string) context {
	switch {
	case trustKeys[name]:
		c.kind, c.holder = lint.Trust, ""
	case name == "users" || name == "UserDetailList":
		c.holder = lint.InlineUser
	case name == "groups" || name == "GroupDetailList":
		c.holder = lint.InlineGroup
	case name == "roles" || name == "RoleDetailList":
		c.holder = lint.InlineRole
	case name == "policies" || name == "PolicyVersionList":
		c.holder, c.owner = lint.Managed, ""
		c.kind = lint.Identity
	}
	return c
}

// label names an element of a list.
func label(n *node) string {
	for _, key := range []string{"name", "Name", "UserName", "GroupName", "RoleName", "PolicyName", "Sid", "address"} {
		if v := n.get(key); v != nil && v.form == text && !strings.Contains(v.text, lint.Unknown) {
			return v.text
		}
	}
	return ""
}

// text looks for a policy that is kept as JSON in a string.
func (f *finder) text(n *node, path []string, c context) {
	trimmed := strings.TrimSpace(n.text)
	if !strings.HasPrefix(trimmed, "{") || !strings.Contains(trimmed, `"Statement"`) {
		return
	}
	inner, err := parseJSON("", []byte(trimmed))
	if err != nil || inner.get("Statement") == nil {
		return
	}
	inner.move(n.line, n.column)
	f.add(inner, path, c)
}

// move puts a value, and all in it, at one place.
func (n *node) move(line, column int) {
	n.line, n.column = line, column
	for i := range n.members {
		m := &n.members[i]
		m.line, m.column = line, column
		m.value.move(line, column)
	}
	for _, item := range n.items {
		item.move(line, column)
	}
}

// add keeps a policy.
func (f *finder) add(n *node, path []string, c context) {
	p := Policy{Name: strings.Join(path, "."), Kind: c.kind, Holder: c.holder, Owner: c.owner}
	if p.Kind == lint.Auto && p.Holder != "" {
		p.Kind = lint.Identity
	}
	w := writer{template: c.template}
	w.value(n)
	p.Text, p.places = w.out, w.places
	if p.places == nil {
		p.places = []place{{n.line, n.column}}
	}
	f.found = append(f.found, p)
}
