package policy

import (
	"github.com/go-json-experiment/json/jsontext"
)

// MarshalJSON prints the policy. What Parse accepts is printed so that parsing
// it again gives an equal document: lists keep their order, a list of one value
// becomes that value, numbers and booleans become text, which AWS reads alike.
// Unknown elements of a stored policy are not reproduced.
func (d *Document) MarshalJSON() ([]byte, error) {
	p := printer{out: []byte{'{'}}
	if d.Version != "" {
		p.name("Version")
		p.text(d.Version)
	}
	if d.ID != "" {
		p.name("Id")
		p.text(d.ID)
	}
	p.name("Statement")
	p.open('[')
	for i := range d.Statements {
		p.comma()
		p.statement(&d.Statements[i])
	}
	p.close(']')
	p.close('}')
	return p.out, nil
}

// printer appends JSON to out.
type printer struct{ out []byte }

func (p *printer) open(b byte)  { p.out = append(p.out, b) }
func (p *printer) close(b byte) { p.out = append(p.out, b) }

// comma separates from what stands before, unless that is an opening bracket.
func (p *printer) comma() {
	switch p.out[len(p.out)-1] {
	case '{', '[', ':':
	default:
		p.out = append(p.out, ',')
	}
}

func (p *printer) name(s string) {
	p.comma()
	p.text(s)
	p.out = append(p.out, ':')
}

func (p *printer) text(s string) {
	// The text came out of valid JSON, so that quoting it cannot fail; in a
	// document that was built otherwise bad UTF-8 is replaced.
	p.out, _ = jsontext.AppendQuote(p.out, s)
}

// list prints one value as itself, others as an array; nothing for nil.
func (p *printer) list(name string, values []string) {
	if values == nil {
		return
	}
	p.name(name)
	if len(values) == 1 {
		p.text(values[0])
		return
	}
	p.open('[')
	for _, v := range values {
		p.comma()
		p.text(v)
	}
	p.close(']')
}

func (p *printer) statement(s *Statement) {
	p.open('{')
	if s.Sid != "" {
		p.name("Sid")
		p.text(s.Sid)
	}
	if s.Effect != "" {
		p.name("Effect")
		p.text(s.Effect)
	}
	p.principals("Principal", s.Principals)
	p.principals("NotPrincipal", s.NotPrincipals)
	p.list("Action", s.Actions)
	p.list("NotAction", s.NotActions)
	p.list("Resource", s.Resources)
	p.list("NotResource", s.NotResources)
	p.conditions(s.Conditions)
	p.close('}')
}

func (p *printer) principals(name string, entries []PrincipalEntry) {
	if entries == nil {
		return
	}
	p.name(name)
	if len(entries) == 1 && entries[0].Type == "*" {
		p.text("*")
		return
	}
	p.open('{')
	var kinds names
	for _, e := range entries {
		if !kinds.add(e.Type) {
			continue
		}
		var values []string
		for _, f := range entries {
			if f.Type == e.Type {
				values = append(values, f.Value)
			}
		}
		kind := e.Type
		if kind == "*" {
			kind = "AWS"
		}
		p.list(kind, values)
	}
	p.close('}')
}

// conditions prints each operator with its keys; they follow each other in the
// document.
func (p *printer) conditions(conditions []Condition) {
	if len(conditions) == 0 {
		return
	}
	p.name("Condition")
	p.open('{')
	for i := 0; i < len(conditions); {
		operator := conditions[i].Operator
		p.name(operator)
		p.open('{')
		for ; i < len(conditions) && conditions[i].Operator == operator; i++ {
			p.list(conditions[i].Key, conditions[i].Values)
		}
		p.close('}')
	}
	p.close('}')
}
