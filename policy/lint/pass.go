package lint

import (
	"fmt"
	"strconv"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// pass is one run over one policy: what the checks share.
type pass struct {
	doc        *policy.Document
	kind       Kind
	options    Options
	statements []statement
	check      *Check
	findings   []Finding
	located    *located
	// budget bounds the comparisons of values with each other, which grow
	// with the square of their number.
	budget int

	actions map[string][]*catalog.Action // by pattern
	types   map[typeQuestion]bool
	arns    map[string][2]string
}

const (
	// budget is enough for policies a hundred times as large as AWS allows,
	// and used up in a fraction of a second.
	budget = 20_000_000
	// mostFindings of one check are reported; a policy with more has one
	// cause.
	mostFindings = 200
)

// statement is one statement with its place in the policy.
type statement struct {
	*policy.Statement
	index       int
	allow, deny bool
}

func newPass(doc *policy.Document, o Options) *pass {
	p := &pass{doc: doc, kind: o.Kind, options: o, budget: budget, actions: map[string][]*catalog.Action{}, types: map[typeQuestion]bool{}, arns: map[string][2]string{}}
	if p.kind == Auto {
		p.kind = Detect(doc)
	}
	p.statements = make([]statement, len(doc.Statements))
	for i := range doc.Statements {
		s := &doc.Statements[i]
		p.statements[i] = statement{s, i, s.Effect == "Allow", s.Effect == "Deny"}
	}
	return p
}

// spend takes n units of work; false when there are none left.
func (p *pass) spend(n int) bool {
	p.budget -= n
	return p.budget > 0
}

// matching returns the catalog's actions for a value of Action.
func (p *pass) matching(pattern string) []*catalog.Action {
	found, ok := p.actions[pattern]
	if !ok {
		found = catalog.Matching(pattern)
		p.actions[pattern] = found
	}
	return found
}

// place is where a finding points to: a statement and an element in it.
type place struct {
	statement int // -1 for the whole policy
	steps     []string
	index     int // in the element's list, -1 for the element
}

func whole(steps ...string) place { return place{-1, steps, -1} }

// at points to an element of a statement, or to one value of it.
func (s *statement) at(index int, steps ...string) place { return place{s.index, steps, index} }

// condition points to a key of a statement's conditions, or to one value.
func (s *statement) condition(c *policy.Condition, index int) place {
	return place{s.index, []string{"Condition", c.Operator, c.Key}, index}
}

// path writes a place as people read it.
func (l place) path() string {
	var b strings.Builder
	if l.statement >= 0 {
		b.WriteString("Statement[" + strconv.Itoa(l.statement) + "]")
	}
	for _, s := range l.steps {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	if l.index >= 0 {
		b.WriteString("[" + strconv.Itoa(l.index) + "]")
	}
	return b.String()
}

// report adds a finding of the check that runs.
func (p *pass) report(l place, format string, args ...any) {
	p.reportAs(p.check.Severity, l, format, args...)
}

// reportAs is report with another severity than the check's own.
func (p *pass) reportAs(severity Severity, l place, format string, args ...any) {
	n := len(p.findings)
	if n >= mostFindings && p.findings[n-mostFindings].Check == p.check.ID {
		return
	}
	f := Finding{
		Check: p.check.ID, Severity: severity, Message: fmt.Sprintf(format, args...), Fix: p.check.Fix,
		Statement: l.statement, Path: l.path(),
	}
	f.Line, f.Column = p.position(l)
	if l.statement >= 0 {
		f.Sid = p.doc.Statements[l.statement].Sid
	}
	p.findings = append(p.findings, f)
}

// fixable marks the last finding as one that Fix takes care of.
func (p *pass) fixable() {
	if n := len(p.findings); n > 0 {
		p.findings[n-1].Fixable = true
	}
}

// position finds the line and column of a place: of the element if the source
// is known, of the statement otherwise.
func (p *pass) position(l place) (line, column int) {
	if p.options.Source != nil {
		if p.located == nil {
			p.located = locate(p.options.Source)
		}
		if at, ok := p.located.find(l); ok {
			return p.located.position(at.begin)
		}
	}
	if l.statement >= 0 {
		s := &p.doc.Statements[l.statement]
		return s.Line, s.Column
	}
	return 1, 1
}

// isOpen tells whether a value has a part that only a deployment knows.
func isOpen(v string) bool { return strings.Contains(v, Unknown) }

// hasVariable tells whether a value has a policy variable.
func hasVariable(v string) bool { return strings.Contains(v, "${") }

// hasWildcard tells whether a value has a wildcard outside of variables such
// as ${*}.
func hasWildcard(v string) bool {
	for {
		i := strings.IndexAny(v, "*?$")
		if i < 0 {
			return false
		}
		if v[i] != '$' {
			return true
		}
		if end := strings.IndexByte(v[i:], '}'); end > 0 && strings.HasPrefix(v[i:], "${") {
			v = v[i+end+1:]
			continue
		}
		v = v[i+1:]
	}
}

// short cuts a long value for a message, at a character.
func short(v string) string {
	const most = 120
	v = strings.ReplaceAll(v, Unknown, "<unknown>")
	if len(v) <= most {
		return v
	}
	cut := most
	for cut > 0 && v[cut]&0xc0 == 0x80 {
		cut--
	}
	return v[:cut] + "…"
}
