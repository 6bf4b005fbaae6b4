package deploy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBody is what a request to CloudFormation holds of a template, in bytes.
// Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas"
// (template body size in a request).
const MaxBody = 51200

// lineWidth is where the compact form of a template breaks its lines.
const lineWidth = 200

// compact writes a template in few bytes: without comments, without the notes
// for linters, and in YAML's flow style what fits on a line and whatever is
// below the properties of a resource.
// CloudFormation makes of it what it makes of the source.
func compact(source string) (string, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(source), &root); err != nil {
		return "", err
	}
	top := root.Content[0]
	remove(top, "Metadata")
	for _, resource := range pairs(member(top, "Resources")) {
		remove(resource, "Metadata")
	}
	w := compactor{}
	w.text.WriteString("# Written for CloudFormation, within the size of a request; with comments: warden deploy template NAME --source\n")
	w.block(top, 0)
	return w.text.String(), w.err
}

func remove(n *yaml.Node, name string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return
		}
	}
}

type compactor struct {
	text   strings.Builder
	column int
	err    error
}

func (c *compactor) put(s string) {
	c.text.WriteString(s)
	c.column += len(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		c.column = len(s) - i - 1
	}
}

// blockDepth is how many levels of mappings have a line for each member: the
// sections, the resources, their attributes, their properties.
const blockDepth = 4

// block writes the members of a mapping, each on a line of its own, and what
// is below it where a line does not hold that.
func (c *compactor) block(n *yaml.Node, depth int) {
	for name, value := range pairs(n) {
		c.put(strings.Repeat(" ", depth) + name + ":")
		if value.Kind == yaml.MappingNode && depth+1 < blockDepth && (depth == 0 || !c.fits(value)) {
			c.put("\n")
			c.block(value, depth+1)
			continue
		}
		c.put(" ")
		if text := c.scalar(value, ""); value.Kind == yaml.ScalarNode {
			c.put(tag(value) + text)
		} else {
			c.flow(value, depth+1)
		}
		c.put("\n")
	}
}

// fits reports whether a value in flow style ends on the line that was begun.
func (c *compactor) fits(n *yaml.Node) bool {
	line := compactor{column: c.column}
	line.flow(n, 0)
	return line.column < lineWidth && !strings.Contains(line.text.String(), "\n")
}

// tag is the short form of an intrinsic function, or nothing.
func tag(n *yaml.Node) string {
	if t := n.ShortTag(); strings.HasPrefix(t, "!") && !strings.HasPrefix(t, "!!") {
		return t + " "
	}
	return ""
}

// special are the characters that end a plain scalar in flow style, for one
// parser or another.
const special = ",[]{}?"

// flow writes a value in flow style, with line breaks after commas only.
func (c *compactor) flow(n *yaml.Node, indent int) {
	c.put(tag(n))
	switch n.Kind {
	case yaml.ScalarNode:
		c.put(c.scalar(n, special))
	case yaml.SequenceNode:
		c.put("[")
		width := lineWidth
		if len(n.Content) > 2 && n.Content[0].Kind == yaml.MappingNode {
			width = 0 // each statement of a policy begins a line
		}
		for i, element := range n.Content {
			c.comma(i, width, indent)
			c.flow(element, indent)
		}
		c.put("]")
	case yaml.MappingNode:
		c.put("{")
		i := 0
		for name, value := range pairs(n) {
			c.comma(i, lineWidth, indent)
			i++
			c.put(c.scalar(&yaml.Node{Kind: yaml.ScalarNode, Value: name}, special) + ": ")
			c.flow(value, indent)
		}
		c.put("}")
	default:
		c.err = fmt.Errorf("line %d: neither a scalar nor a collection", n.Line) // CloudFormation knows no alias
	}
}

func (c *compactor) comma(i, width, indent int) {
	switch {
	case i == 0:
	case c.column < width:
		c.put(",")
	default:
		c.put(",\n" + strings.Repeat(" ", indent))
	}
}

// scalar is a scalar without its tag. The library decides whether it can be
// plain; with one of the characters in ends it cannot.
func (c *compactor) scalar(n *yaml.Node, ends string) string {
	if n.Kind != yaml.ScalarNode {
		return ""
	}
	value := strings.TrimSuffix(n.Value, "\n")
	if strings.HasPrefix(value, "{\n") {
		value = compactJSON(value)
	}
	plain := yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: value}
	if !strings.HasPrefix(n.Tag, "!!") {
		plain.Tag = "!!str" // of an intrinsic function
	}
	data, err := yaml.Marshal(&plain)
	if err != nil {
		c.err = err
	}
	text := strings.TrimSuffix(string(data), "\n")
	if text == value && !strings.ContainsAny(text, ends) {
		return text
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// compactJSON leaves out the white space between the tokens of a text that is
// JSON but for the places where Fn::Sub puts something.
func compactJSON(text string) string {
	var out strings.Builder
	quoted, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(" \n", r):
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}
