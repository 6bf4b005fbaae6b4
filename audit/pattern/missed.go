package pattern

import (
	"maps"
	"slices"
	"strings"
)

// Want describes events that must be seen: what it says of each selector. A
// selector that it does not name may have any value, or be absent.
type Want map[string]Values

// Values are those that a selector may have.
type Values struct {
	// Is lists them; "" stands for absent.
	Is []string
	// But, where Is is nil, excludes values from all others.
	But []string
}

// Is returns Values of a list; Is("") says that the field is absent.
func Is(values ...string) Values { return Values{Is: values} }

// But returns all values, and absence, but those listed.
func But(values ...string) Values { return Values{But: values} }

// always are the selectors that every event of CloudTrail has (CloudTrail User
// Guide, "CloudTrail record contents").
var always = map[string]bool{
	"awsRegion": true, "eventID": true, "eventName": true, "eventSource": true, "eventTime": true, "eventType": true, "eventVersion": true,
	"sourceIPAddress": true, "userIdentity.type": true,
}

// strange is a value that no wildcard and no regular expression matches unless
// it matches nearly everything: "other" has letters that they may name.
const strange = "¤"

// maxEvents bounds the events that Missed tries.
const maxEvents = 200_000

// Missed looks for an event that is wanted and that x does not match. For
// every selector it tries each value that makes a difference to x: those that
// x names, with its wildcards filled and empty, another one, and absence. sure
// is false where that would be too many events to try, and where regular
// expressions decide that are not about a list of wanted values: of those it
// tries examples, which show that an event is missed and not that none is.
func Missed(x Expr, want Want) (missed Event, sure bool) {
	candidates := map[string][]string{}
	x.walk(func(t *test) { candidates[t.selector] = append(candidates[t.selector], examples(t)...) })
	if about(x, isWhole) {
		// It looks at every value.
		for s, v := range want {
			if v.Is != nil {
				candidates[s] = nil
			}
		}
	}
	fixed := Event{}
	var open []string
	total := 1
	for s, v := range want {
		if _, tested := candidates[s]; !tested && v.Is != nil {
			set(fixed, s, v.Is[0])
		}
	}
	for s := range candidates {
		v := want[s]
		if v.Is != nil {
			candidates[s] = slices.Clone(v.Is)
		} else {
			list := append(candidates[s], "other")
			if !always[s] {
				list = append(list, "")
			}
			candidates[s] = slices.DeleteFunc(list, func(c string) bool { return slices.Contains(v.But, c) || c == "" && always[s] })
		}
		slices.Sort(candidates[s])
		candidates[s] = slices.Compact(candidates[s])
		if len(candidates[s]) == 0 {
			return nil, true // nothing is wanted
		}
		if total *= len(candidates[s]); total > maxEvents {
			return nil, false
		}
		open = append(open, s)
	}
	slices.Sort(open)
	if !about(x, func(x Expr) bool { return isWhole(x) || isOpen(x, want) || ofWords(x, want) }) {
		return try(x, fixed, open, candidates), true
	}
	// What is doubtful may match less than it seems to, or more. There is no
	// negation around it: an expression that matches with less matches.
	least := replace(x, func(x Expr) Expr {
		if w, ok := x.(whole); ok {
			return whole{w.x, want}
		}
		if isOpen(x, want) || ofWords(x, want) {
			return none{}
		}
		return x
	})
	if try(least, fixed, open, candidates) == nil {
		return nil, true
	}
	most := replace(x, func(x Expr) Expr {
		if isWhole(x) || ofWords(x, want) {
			return all{}
		}
		return x
	})
	missed = try(most, fixed, open, candidates)
	return missed, missed != nil
}

func isWhole(x Expr) bool {
	_, ok := x.(whole)
	return ok
}

// isOpen tells whether x is a regular expression about a field whose wanted
// values are not listed.
func isOpen(x Expr, want Want) bool {
	t, ok := x.(*test)
	return ok && t.regex != nil && want[t.selector].Is == nil
}

// ofWords tells whether x is a regular expression about a field that is true or
// false: what one makes of those is not documented.
func ofWords(x Expr, want Want) bool {
	t, ok := x.(*test)
	is := func(v string) bool { return v == "true" || v == "false" }
	return ok && t.regex != nil && slices.ContainsFunc(want[t.selector].Is, is)
}

// about tells whether any part of x is so.
func about(x Expr, so func(Expr) bool) bool {
	if g, ok := x.(*group); ok {
		return slices.ContainsFunc(g.list, func(x Expr) bool { return about(x, so) })
	}
	return so(x)
}

// replace returns x with other parts.
func replace(x Expr, by func(Expr) Expr) Expr {
	g, ok := x.(*group)
	if !ok {
		return by(x)
	}
	out := &group{op: g.op}
	for _, part := range g.list {
		out.list = append(out.list, replace(part, by))
	}
	return out
}

// none matches no event.
type none struct{}

func (none) Matches(Event) bool { return false }
func (none) String() string     { return "" }
func (none) walk(func(*test))   {}

// try goes through every combination of the candidates.
func try(x Expr, e Event, open []string, candidates map[string][]string) Event {
	if len(open) == 0 {
		if x.Matches(e) {
			return nil
		}
		return maps.Clone(e)
	}
	for _, v := range candidates[open[0]] {
		set(e, open[0], v)
		if missed := try(x, e, open[1:], candidates); missed != nil {
			return missed
		}
	}
	return nil
}

func set(e Event, selector, v string) {
	if v == "" {
		delete(e, selector)
	} else {
		e[selector] = v
	}
}

// examples are values on both sides of a test.
func examples(t *test) []string {
	switch t.op {
	case isNull:
		return []string{"null"}
	case isTrue, isFalse:
		return []string{"true", "false"}
	case exists, notExists:
		return nil
	case "=", "!=":
		if t.regex != nil {
			return append(t.regex.examples(), strange)
		}
		if strings.Contains(t.value, "*") {
			return []string{strings.ReplaceAll(t.value, "*", ""), strings.ReplaceAll(t.value, "*", "other"), strange}
		}
		return []string{t.value}
	}
	return []string{t.value, "-1000000000000", "1000000000000"}
}

// String writes an event for people: selectors in order, absent ones left out.
func (e Event) String() string {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(e)) {
		parts = append(parts, s+"="+e[s])
	}
	return strings.Join(parts, " ")
}
