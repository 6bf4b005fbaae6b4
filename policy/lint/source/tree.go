package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// form is what a node is.
type form uint8

const (
	text    form = iota // a string
	literal             // a number or a boolean, as it is written
	object
	list
	nothing // null
)

// node is a value of a JSON or YAML file with its place.
type node struct {
	form         form
	text         string
	members      []member
	items        []*node
	line, column int
}

// member is a named value. Of members with the same name all are kept.
type member struct {
	name         string
	line, column int
	value        *node
}

// Bounds of what is read: templates are below a megabyte, and nest a dozen
// levels.
const (
	maxDepth = 200
	maxNodes = 20_000_000
)

var (
	errDeep = fmt.Errorf("nested deeper than %d levels", maxDepth)
	errMany = fmt.Errorf("more than %d values, aliases followed", maxNodes)
)

// get returns the first member of this name; nil if there is none.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := range n.members {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

// str returns the text of a member, "" if it has none.
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && (v.form == text || v.form == literal) {
		return v.text
	}
	return ""
}

// parseJSON reads a JSON file. Errors say where.
func parseJSON(name string, data []byte) (*node, error) {
	p := jsonParser{dec: jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true)), data: data, lines: []int{0}}
	for i, b := range data {
		if b == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	n, err := p.value(0)
	if err == nil {
		if begin := p.next(); begin < len(data) {
			line, column := p.place(begin)
			return nil, fmt.Errorf("%s:%d:%d: there is more text after the value", name, line, column)
		}
		return n, nil
	}
	at := len(data)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at = int(syntax.ByteOffset)
		err = syntax.Err
	}
	if at >= len(data) {
		line, column := p.place(len(data))
		return nil, fmt.Errorf("%s:%d:%d: the JSON ends too early; is the file cut off, or a bracket missing?", name, line, column)
	}
	line, column := p.place(at)
	return nil, fmt.Errorf("%s:%d:%d: not valid JSON: %w", name, line, column, err)
}

type jsonParser struct {
	dec   *jsontext.Decoder
	data  []byte
	lines []int
}

// next is where the next token begins.
func (p *jsonParser) next() int {
	at := int(p.dec.InputOffset())
	for at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *jsonParser) place(at int) (line, column int) {
	i := sort.SearchInts(p.lines, at+1) - 1
	return i + 1, at - p.lines[i] + 1
}

func (p *jsonParser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	n := &node{}
	n.line, n.column = p.place(p.next())
	tok, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case '"':
		n.text = tok.String()
	case '{':
		n.form = object
		for p.dec.PeekKind() != '}' {
			var m member
			m.line, m.column = p.place(p.next())
			tok, err := p.dec.ReadToken()
			if err != nil {
				return nil, err
			}
			m.name = tok.String()
			if m.value, err = p.value(depth + 1); err != nil {
				return nil, err
			}
			n.members = append(n.members, m)
		}
		_, err = p.dec.ReadToken()
	case '[':
		n.form = list
		for p.dec.PeekKind() != ']' {
			item, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err = p.dec.ReadToken()
	case 'n':
		n.form = nothing
	default:
		n.form, n.text = literal, tok.String()
	}
	return n, err
}

// parseYAML reads the documents of a YAML file. CloudFormation's short tags
// become their long forms.
func parseYAML(name string, data []byte) ([]*node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*node
	for {
		var y yaml.Node
		err := dec.Decode(&y)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return docs, nil
			}
			return nil, fmt.Errorf("%s: not valid YAML: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		p := yamlParser{}
		n, err := p.value(&y, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		docs = append(docs, n)
	}
}

type yamlParser struct{ nodes int }

func (p *yamlParser) value(y *yaml.Node, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	if p.nodes++; p.nodes > maxNodes/20 {
		return nil, errMany
	}
	n := &node{line: y.Line, column: y.Column}
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) == 0 {
			return &node{form: nothing, line: 1, column: 1}, nil
		}
		return p.value(y.Content[0], depth)
	case yaml.AliasNode:
		return p.value(y.Alias, depth+1)
	case yaml.MappingNode:
		n.form = object
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			v, err := p.value(y.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			if k.Tag == "!!merge" && v.form == object {
				n.members = append(n.members, v.members...)
				continue
			}
			n.members = append(n.members, member{k.Value, k.Line, k.Column, v})
		}
	case yaml.SequenceNode:
		n.form = list
		for _, c := range y.Content {
			v, err := p.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
	case yaml.ScalarNode:
		n.text = y.Value
		switch y.Tag {
		case "!!bool":
			n.form, n.text = literal, strings.ToLower(y.Value)
			if n.text != "true" && n.text != "false" {
				n.form = text // YAML 1.1 takes yes and on for truth
			}
		case "!!null":
			n.form = nothing
		}
	}
	if strings.HasPrefix(y.Tag, "!") && !strings.HasPrefix(y.Tag, "!!") {
		name := "Fn::" + y.Tag[1:]
		if y.Tag == "!Ref" || y.Tag == "!Condition" {
			name = y.Tag[1:]
		}
		return &node{form: object, line: n.line, column: n.column, members: []member{{name, n.line, n.column, n}}}, nil
	}
	return n, nil
}
