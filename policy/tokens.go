package policy

import (
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is the deepest nesting that is read; a policy needs six.
const maxDepth = 100

// kind is the kind of the next token; 0 at an error, which the next read tells.
func (p *parser) kind() jsontext.Kind { return p.dec.PeekKind() }

// here is the offset of the next token.
func (p *parser) here() int {
	at := int(p.dec.InputOffset())
	for at < len(p.data) {
		switch p.data[at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			at++
			continue
		}
		break
	}
	return min(at, len(p.data))
}

// begin reads the next token, which the caller knows to be a bracket.
func (p *parser) begin() error {
	if _, err := p.dec.ReadToken(); err != nil {
		return p.syntax(err)
	}
	return nil
}

// object reads an object, calling each with every name and its place. A name
// that comes twice is a problem of the element in; its values are read all the
// same.
func (p *parser) object(what string, in element, each func(key string, at int) error) error {
	if err := p.begin(); err != nil {
		return err
	}
	var seen names
	for {
		at := p.here()
		tok, err := p.dec.ReadToken()
		if err != nil {
			return p.syntax(err)
		}
		if tok.Kind() == '}' {
			return nil
		}
		key := tok.String()
		if !seen.add(key) {
			if err := p.problem(at, in|elements[key], "%s has %q twice", what, key); err != nil {
				return err
			}
		}
		if err := each(key, at); err != nil {
			return err
		}
	}
}

// names is a set of names that is mostly small.
type names struct {
	few  []string
	many map[string]bool
}

// add puts name in and tells whether it is new.
func (n *names) add(name string) bool {
	if n.many[name] || slices.Contains(n.few, name) {
		return false
	}
	if len(n.few) < 16 {
		n.few = append(n.few, name)
		return true
	}
	if n.many == nil {
		n.many = map[string]bool{}
	}
	n.many[name] = true
	return true
}

// oneOrMore calls each once for a single value or for each value of an array.
func (p *parser) oneOrMore(each func() error) error {
	if p.kind() != '[' {
		return each()
	}
	if err := p.begin(); err != nil {
		return err
	}
	for p.kind() != ']' {
		if err := each(); err != nil {
			return err
		}
	}
	return p.begin()
}

// text reads a string; ok is false where something else stood there.
func (p *parser) text(what string) (s string, ok bool, err error) {
	if p.kind() != '"' {
		if p.kind() == 0 {
			return "", false, p.skip()
		}
		if err := p.problem(p.here(), inWhole, "%s must be text, not %s", what, p.kindName()); err != nil {
			return "", false, err
		}
		return "", false, p.skip()
	}
	tok, err := p.dec.ReadToken()
	if err != nil {
		return "", false, p.syntax(err)
	}
	return tok.String(), true, nil
}

// skip passes over the next value.
func (p *parser) skip() error {
	for depth := 0; ; {
		at := p.here()
		tok, err := p.dec.ReadToken()
		if err != nil {
			return p.syntax(err)
		}
		switch tok.Kind() {
		case '{', '[':
			if depth++; p.dec.StackDepth() > maxDepth {
				return p.errorf(at, "the JSON is nested more than %d deep", maxDepth)
			}
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

func (p *parser) unexpected(want string) error {
	if p.kind() == 0 {
		_, err := p.dec.ReadToken()
		return p.syntax(err)
	}
	return p.errorf(p.here(), "expected %s, found %s", want, p.kindName())
}

func (p *parser) kindName() string {
	switch p.kind() {
	case '"':
		return "text"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "the end"
}

// syntax turns an error of the decoder into one with a line and a column.
func (p *parser) syntax(err error) error {
	var bad *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return p.errorf(len(p.data), "the JSON ends in the middle")
	case errors.As(err, &bad):
		return p.errorf(min(int(bad.ByteOffset), len(p.data)), "not JSON: %v", bad.Err)
	}
	return p.errorf(p.here(), "not JSON: %v", err)
}
