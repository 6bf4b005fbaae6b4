package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxSize is the size of the largest policy that is read, in bytes. AWS's own
// limits are far below (IAM User Guide, "IAM and AWS STS quotas").
const MaxSize = 10 << 20

// Parse reads a policy that a person wrote. What AWS would refuse, or what is
// likely to be a slip of the pen, is an error that names the place: bad JSON,
// duplicate keys, unknown elements and operators, both Action and NotAction.
// The grammar is that of the IAM User Guide, "Grammar of the IAM JSON policy
// language". Because Parse does not know what the policy is for, Principal and
// Resource may be absent.
//
// An error reads "NAME:LINE:COLUMN: what is wrong".
func Parse(name string, data []byte) (*Document, error) {
	return parse(name, data, true)
}

// ParseStored reads a policy that AWS returned. What Parse refuses, and AWS
// might hold all the same, becomes a [Defect]: a defective statement never
// allows, denies where it may, and makes the result Unknown where it matters.
// The error tells of data that is no JSON or no policy at all.
func ParseStored(name string, data []byte) (*Document, error) {
	return parse(name, data, false)
}

func parse(name string, data []byte, strict bool) (*Document, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%s: the policy has %d bytes, more than %d are not read", name, len(data), MaxSize)
	}
	p := &parser{name: name, data: data, strict: strict, statement: -1, doc: &Document{Name: name}}
	// Duplicate names are found here, not by the decoder, so that they can
	// be told with their place and kept in stored policies.
	p.dec = jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	if err := p.document(); err != nil {
		return nil, err
	}
	p.doc.compiled = make([]statement, len(p.doc.Statements))
	for i := range p.doc.Statements {
		p.doc.compiled[i] = compile(p.doc, i, p.doubts[i])
	}
	return p.doc, nil
}

// parser turns the tokens of one policy into its document.
type parser struct {
	name      string
	data      []byte
	dec       *jsontext.Decoder
	strict    bool
	lines     []int // offsets of the beginnings of lines, made when needed
	statement int   // index of the statement being read
	doc       *Document
	doubts    []element // by statement: the elements with defects
}

// document reads the top level.
func (p *parser) document() error {
	if p.kind() != '{' {
		return p.unexpected("a policy, which is a JSON object")
	}
	hasStatement := false
	err := p.object("the policy", inWhole, func(key string, at int) error {
		switch key {
		case "Version":
			v, ok, err := p.text("Version")
			if err != nil || !ok {
				return err
			}
			if v != "2012-10-17" && v != "2008-10-17" {
				if err := p.problem(at, 0, "Version %q is not 2012-10-17 or 2008-10-17", v); err != nil {
					return err
				}
			}
			p.doc.Version = v
			return nil
		case "Id":
			v, _, err := p.text("Id")
			p.doc.ID = v
			return err
		case "Statement":
			hasStatement = true
			return p.statements()
		}
		if err := p.problem(at, 0, "unknown element %q%s", key, suggest(key, "Version", "Id", "Statement")); err != nil {
			return err
		}
		return p.skip()
	})
	if err != nil {
		return err
	}
	end := p.here()
	if _, err := p.dec.ReadToken(); err == nil {
		return p.errorf(end, "there is more text after the policy")
	} else if !errors.Is(err, io.EOF) {
		return p.syntax(err)
	}
	if !hasStatement {
		return p.errorf(0, "no policy: there is no Statement")
	}
	if p.doc.doubtful() {
		// A defect of the whole document leaves every statement in doubt.
		for i := range p.doubts {
			p.doubts[i] |= inWhole
		}
	}
	return nil
}

// doubtful tells whether the document as a whole has a defect.
func (d *Document) doubtful() bool {
	for _, f := range d.Defects {
		if f.Statement < 0 {
			return true
		}
	}
	return false
}

func (p *parser) statements() error {
	switch p.kind() {
	case '{':
		return p.oneStatement()
	case '[':
		if err := p.begin(); err != nil {
			return err
		}
		for p.kind() != ']' {
			if p.kind() != '{' {
				return p.unexpected("a statement, which is a JSON object")
			}
			if err := p.oneStatement(); err != nil {
				return err
			}
		}
		return p.begin()
	}
	return p.unexpected("a statement or a list of statements")
}

func (p *parser) oneStatement() error {
	at := p.here()
	p.statement = len(p.doc.Statements)
	defer func() { p.statement = -1 }()
	p.doubts = append(p.doubts, 0)
	s := Statement{}
	s.Line, s.Column = p.position(at)
	err := p.object("the statement", 0, func(key string, at int) error {
		return p.element(&s, key, at)
	})
	if err != nil {
		return err
	}
	p.doc.Statements = append(p.doc.Statements, s)
	switch {
	case s.Effect == "":
		err = p.problem(at, inEffect, "the statement has no Effect")
	case s.Actions == nil && s.NotActions == nil:
		err = p.problem(at, inAction, "the statement has no Action and no NotAction")
	case s.Actions != nil && s.NotActions != nil:
		err = p.problem(at, inAction, "the statement has both Action and NotAction")
	case s.Resources != nil && s.NotResources != nil:
		err = p.problem(at, inResource, "the statement has both Resource and NotResource")
	case s.Principals != nil && s.NotPrincipals != nil:
		err = p.problem(at, inPrincipal, "the statement has both Principal and NotPrincipal")
	}
	return err
}

var statementElements = []string{
	"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}

// elements says which part of a statement is in doubt if a name comes twice.
var elements = map[string]element{
	"Effect": inEffect, "Principal": inPrincipal, "NotPrincipal": inPrincipal, "Action": inAction,
	"NotAction": inAction, "Resource": inResource, "NotResource": inResource, "Condition": inCondition,
}

// element reads the value of one element of a statement.
func (p *parser) element(s *Statement, key string, at int) (err error) {
	switch key {
	case "Sid":
		s.Sid, _, err = p.text("Sid")
	case "Effect":
		var ok bool
		s.Effect, ok, err = p.text("Effect")
		if err == nil && ok && s.Effect != "Allow" && s.Effect != "Deny" {
			err = p.problem(at, inEffect, "Effect %q is not Allow or Deny%s", s.Effect, suggest(s.Effect, "Allow", "Deny"))
		}
	case "Action":
		err = p.list(&s.Actions, key, inAction, checkAction)
	case "NotAction":
		err = p.list(&s.NotActions, key, inAction, checkAction)
	case "Resource":
		err = p.list(&s.Resources, key, inResource, p.checkResource)
	case "NotResource":
		err = p.list(&s.NotResources, key, inResource, p.checkResource)
	case "Principal":
		err = p.principals(&s.Principals, key)
	case "NotPrincipal":
		err = p.principals(&s.NotPrincipals, key)
	case "Condition":
		err = p.conditions(s)
	default:
		if err = p.problem(at, inWhole, "unknown element %q%s", key, suggest(key, statementElements...)); err == nil {
			err = p.skip()
		}
	}
	return err
}

// list reads a string or an array of strings, adding to what is there.
func (p *parser) list(into *[]string, key string, in element, check func(string) string) error {
	if *into == nil {
		*into = []string{}
	}
	at := p.here()
	err := p.oneOrMore(func() error {
		at := p.here()
		if p.kind() != '"' {
			if err := p.problem(at, in, "%s must hold text, not %s", key, p.kindName()); err != nil {
				return err
			}
			return p.skip()
		}
		v, _, err := p.text(key)
		if err != nil {
			return err
		}
		*into = append(*into, v)
		if bad := check(v); bad != "" {
			return p.problem(at, in, "%s %q: %s", key, v, bad)
		}
		return nil
	})
	if err == nil && len(*into) == 0 {
		err = p.problem(at, in, "%s is empty", key)
	}
	return err
}

func (p *parser) principals(into *[]PrincipalEntry, key string) error {
	if *into == nil {
		*into = []PrincipalEntry{}
	}
	at := p.here()
	switch p.kind() {
	case '"':
		v, _, err := p.text(key)
		if err != nil {
			return err
		}
		if v != "*" {
			return p.problem(at, inPrincipal, `%s %q: text may only be "*"; write {"AWS": %q}`, key, v, v)
		}
		*into = append(*into, PrincipalEntry{"*", "*"})
		return nil
	case '{':
		err := p.object("the "+key, inPrincipal, func(kind string, at int) error {
			switch kind {
			case "AWS", "Service", "Federated", "CanonicalUser":
			default:
				hint := suggest(kind, "AWS", "Service", "Federated", "CanonicalUser")
				if err := p.problem(at, inPrincipal, "unknown kind of principal %q%s", kind, hint); err != nil {
					return err
				}
				return p.skip()
			}
			var values []string
			err := p.list(&values, key, inPrincipal, func(v string) string { return checkPrincipal(kind, v) })
			for _, v := range values {
				*into = append(*into, PrincipalEntry{kind, v})
			}
			return err
		})
		if err == nil && len(*into) == 0 {
			err = p.problem(at, inPrincipal, "%s is empty", key)
		}
		return err
	}
	if err := p.problem(at, inPrincipal, `%s must be "*" or an object, not %s`, key, p.kindName()); err != nil {
		return err
	}
	return p.skip()
}

func (p *parser) conditions(s *Statement) error {
	if p.kind() != '{' {
		if err := p.problem(p.here(), inCondition, "Condition must be an object, not %s", p.kindName()); err != nil {
			return err
		}
		return p.skip()
	}
	return p.object("the Condition", inCondition, func(operator string, at int) error {
		if _, ok := parseOperator(operator); !ok {
			if err := p.problem(at, inCondition, "unknown condition operator %q%s", operator, suggestOperator(operator)); err != nil {
				return err
			}
			return p.skip()
		}
		if p.kind() != '{' {
			if err := p.problem(p.here(), inCondition, "%s must hold an object of keys, not %s", operator, p.kindName()); err != nil {
				return err
			}
			return p.skip()
		}
		var seen names
		return p.object(operator, inCondition, func(key string, at int) error {
			// Keys that differ in case alone are the same key.
			if !seen.add(strings.ToLower(key)) {
				if err := p.problem(at, inCondition, "%s has the key %q twice, in whatever case", operator, key); err != nil {
					return err
				}
			}
			values, err := p.conditionValues(key)
			s.Conditions = append(s.Conditions, Condition{Operator: operator, Key: key, Values: values})
			return err
		})
	})
}

// conditionValues reads strings, numbers and booleans, alone or in an array;
// IAM User Guide, "Grammar of the IAM JSON policy language":
// <condition_value> = "string" | "number" | "boolean".
func (p *parser) conditionValues(key string) ([]string, error) {
	values := []string{}
	err := p.oneOrMore(func() error {
		switch p.kind() {
		case '"', '0', 't', 'f':
			tok, err := p.dec.ReadToken()
			if err != nil {
				return p.syntax(err)
			}
			values = append(values, tok.String())
			return nil
		}
		if err := p.problem(p.here(), inCondition, "the key %q must hold text, numbers or booleans, not %s", key, p.kindName()); err != nil {
			return err
		}
		return p.skip()
	})
	return values, err
}

// problem refuses, or records, what AWS's grammar does not allow.
func (p *parser) problem(at int, in element, format string, args ...any) error {
	if p.strict {
		return p.errorf(at, format, args...)
	}
	line, column := p.position(at)
	p.doc.Defects = append(p.doc.Defects, Defect{line, column, p.statement, fmt.Sprintf(format, args...)})
	if p.statement >= 0 {
		p.doubts[p.statement] |= in
	}
	return nil
}

func (p *parser) errorf(at int, format string, args ...any) error {
	line, column := p.position(at)
	return fmt.Errorf("%s:%d:%d: %s", p.name, line, column, fmt.Sprintf(format, args...))
}

// position turns an offset into a line and a column, both counted from 1;
// columns count bytes, as compilers do.
func (p *parser) position(at int) (line, column int) {
	if p.lines == nil {
		p.lines = make([]int, 1, 1+bytes.Count(p.data, []byte{'\n'}))
		for i, b := range p.data {
			if b == '\n' {
				p.lines = append(p.lines, i+1)
			}
		}
	}
	i := sort.SearchInts(p.lines, at+1) - 1
	return i + 1, at - p.lines[i] + 1
}

// suggest names the one of words that differs from got in case alone.
func suggest(got string, words ...string) string {
	for _, w := range words {
		if strings.EqualFold(got, w) {
			return fmt.Sprintf(" (did you mean %q?)", w)
		}
	}
	return ""
}
