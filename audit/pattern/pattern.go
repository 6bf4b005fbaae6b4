// Package pattern reads the filter patterns of CloudWatch Logs that are about
// JSON events, and compares them by what they match.
//
// People write the same filter in many ways: in another order, with and
// without quotes, split over several filters, with more clauses. Their text
// says little. [Missed] therefore looks for an event that should be seen and
// is not: if there is one, it is the proof that the filter is too narrow.
//
// Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric
// filters", "Using filter patterns to match terms in JSON log events" and
// "Supported regular expressions (regex) syntax".
package pattern

import (
	"slices"
	"strconv"
	"strings"
)

// Event is a JSON event as far as a pattern looks at it: the text of each
// selector ("eventName", "userIdentity.type"). A selector that is not there is
// absent.
type Event map[string]string

// Expr is a pattern that was read.
type Expr interface {
	// Matches tells whether the filter counts the event. Where AWS does not
	// say what a comparison with an absent field gives, the answer is false.
	Matches(e Event) bool
	// String writes the pattern in its normal form: nested operators of the
	// same kind joined, operands sorted and each once, blanks and quotes as
	// everywhere, regular expressions as they stand. Equal normal forms mean
	// the same.
	String() string
	walk(func(*test))
}

// Any returns an expression that matches what one of the expressions matches.
func Any(list ...Expr) Expr { return join("||", list) }

// group is a list of expressions under one operator.
type group struct {
	op   string // "&&" or "||"
	list []Expr
}

func (g *group) Matches(e Event) bool {
	for _, x := range g.list {
		if x.Matches(e) == (g.op == "||") {
			return g.op == "||"
		}
	}
	return g.op == "&&"
}

func (g *group) String() string {
	parts := make([]string, len(g.list))
	for i, x := range g.list {
		parts[i] = x.String()
		if _, nested := x.(*group); nested {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), " "+g.op+" ")
}

func (g *group) walk(f func(*test)) {
	for _, x := range g.list {
		x.walk(f)
	}
}

// join puts expressions under an operator and takes those apart that are
// under the same one.
func join(op string, list []Expr) Expr {
	var flat []Expr
	seen := map[string]bool{}
	for _, x := range list {
		parts := []Expr{x}
		if g, ok := x.(*group); ok && g.op == op {
			parts = g.list
		}
		for _, p := range parts {
			if text := p.String(); !seen[text] {
				seen[text] = true
				flat = append(flat, p)
			}
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return &group{op, flat}
}

// all matches every event: the empty pattern.
type all struct{}

func (all) Matches(Event) bool { return true }
func (all) String() string     { return "" }
func (all) walk(func(*test))   {}

// test is one comparison of a selector.
type test struct {
	selector string // without "$."
	op       string // = != < > <= >= or a word of words
	value    string
	regex    *expression // in place of value
	number   float64     // of value, for the operators of order
}

// The operators that are words; each takes no value.
const (
	exists    = "EXISTS"
	notExists = "NOT EXISTS"
	isNull    = "IS NULL"
	isTrue    = "IS TRUE"
	isFalse   = "IS FALSE"
)

func (t *test) Matches(e Event) bool {
	v, ok := e[t.selector]
	switch t.op {
	case exists:
		return ok
	case notExists:
		return !ok
	case isNull:
		return ok && v == "null"
	case isTrue:
		return ok && v == "true"
	case isFalse:
		return ok && v == "false"
	case "=":
		return ok && t.same(v)
	case "!=":
		return ok && !t.same(v)
	}
	n, err := strconv.ParseFloat(v, 64)
	if !ok || err != nil {
		return false
	}
	switch t.op {
	case "<":
		return n < t.number
	case ">":
		return n > t.number
	case "<=":
		return n <= t.number
	default:
		return n >= t.number
	}
}

// same compares as CloudWatch Logs does: with regard to case, * for any text,
// a regular expression anywhere in the value.
func (t *test) same(v string) bool {
	if t.regex != nil {
		return t.regex.re.MatchString(v)
	}
	return glob(t.value, v)
}

func (t *test) String() string {
	switch t.op {
	case exists, notExists, isNull, isTrue, isFalse:
		return "$." + t.selector + " " + t.op
	}
	if t.regex != nil {
		return "$." + t.selector + " " + t.op + " " + t.regex.String()
	}
	return "$." + t.selector + " " + t.op + " " + quote(t.value)
}

func (t *test) walk(f func(*test)) { f(t) }

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// glob matches with * for any text, in time linear in both for each star.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
