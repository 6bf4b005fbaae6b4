package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// condition is one operator on one key, compiled.
type condition struct {
	op  operator
	key string // lower case
	// values are the policy's, read as the operator needs them: a slice of
	// string, pattern, arnPattern, number, instant or netip.Prefix, or
	// truths. Text that is no value of the operator's type is left out,
	// because nothing matches it.
	values any
}

// truths are values of Bool and Null.
type truths struct{ yes, no bool }

// compileCondition reads the values of c. Variables have a meaning only for
// string and ARN operators (IAM User Guide, "Where you can use policy
// variables").
func compileCondition(c *Condition, variables bool) condition {
	op, _ := parseOperator(c.Operator)
	out := condition{op: op, key: strings.ToLower(c.Key)}
	switch op.family {
	case stringEquals:
		out.values = c.Values
		if variables && slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(v, "${") }) {
			out.values = compileText(c.Values, false, variables)
		}
	case stringEqualsFold:
		out.values = compileText(c.Values, false, variables)
	case stringLike:
		out.values = compileText(c.Values, true, variables)
	case binary:
		out.values = c.Values
	case arnLike:
		arns := make([]arnPattern, len(c.Values))
		for i, v := range c.Values {
			arns[i] = compileARN(v, variables)
		}
		out.values = arns
	case numeric:
		out.values = readAll(c.Values, parseNumber)
	case date:
		out.values = readAll(c.Values, parseInstant)
	case ipAddress:
		out.values = readAll(c.Values, parsePrefix)
	case boolean, null:
		var t truths
		for _, b := range readAll(c.Values, parseBool) {
			t.yes, t.no = t.yes || b, t.no || !b
		}
		out.values = t
	}
	return out
}

func compileText(values []string, wildcards, variables bool) []pattern {
	out := make([]pattern, len(values))
	for i, v := range values {
		out[i] = compilePattern(v, wildcards, variables)
	}
	return out
}

// readAll returns the values that read accepts.
func readAll[T any](values []string, read func(string) (T, bool)) []T {
	out := make([]T, 0, len(values))
	for _, v := range values {
		if t, ok := read(v); ok {
			out = append(out, t)
		}
	}
	return out
}

// holds tells whether the request satisfies the condition.
//
// IAM User Guide, "IAM JSON policy elements: Condition operators": a key that
// is absent does not match, and so satisfies the negated operators and those
// with IfExists; several values are alternatives, and for a negated operator
// none of them may match ("Multiple values in a condition": AND of keys, OR of
// values, NOR of values of a negated operator).
func (c *condition) holds(e *evaluation) bool {
	v, given := e.req.Context[c.key]
	if !given {
		e.sawAbsent = true
	}
	present := v.present()
	if c.op.family == null {
		return c.null(v, present)
	}
	switch c.op.quantifier {
	case forAllValues:
		// "Returns true if there are no context keys in the request or if
		// the context key value resolves to a null dataset."
		for _, s := range v.Values {
			if c.matches(e, s) == c.op.negated {
				return false
			}
		}
		return true
	case forAnyValue:
		// "For no matching context key or if the key does not exist, the
		// condition returns false": also with IfExists, as AWS was seen to do,
		// and when negated.
		for _, s := range v.Values {
			if c.matches(e, s) != c.op.negated {
				return true
			}
		}
		return false
	}
	if !present {
		return c.op.negated || c.op.ifExists
	}
	// Without a set operator a multivalued key matches nothing, negated or
	// not: the page on "Single-valued vs. multivalued context keys" requires
	// one; the outcome was observed on AWS, not documented.
	if v.Multi || len(v.Values) != 1 {
		return false
	}
	return c.matches(e, v.Values[0]) != c.op.negated
}

// null is the operator Null: "true" asks that the key be absent or its value
// null, "false" that it be there with a value. A multivalued key without
// values is null ("the key value resolves to a null dataset").
func (c *condition) null(v Value, present bool) bool {
	t, _ := c.values.(truths)
	if !present || len(v.Values) == 0 {
		return t.yes
	}
	return t.no
}

// matches tells whether the request's value s matches one of the policy's.
func (c *condition) matches(e *evaluation, s string) bool {
	switch values := c.values.(type) {
	case []string:
		return slices.Contains(values, s)
	case []pattern:
		for i := range values {
			if values[i].matchIn(e, s, c.op.family == stringEqualsFold) {
				return true
			}
		}
	case []arnPattern:
		if arn, ok := splitARN(s); ok {
			for i := range values {
				if values[i].match(e, s, &arn) {
					return true
				}
			}
		}
	case truths:
		b, ok := parseBool(s)
		return ok && (b && values.yes || !b && values.no)
	case []number:
		if n, ok := parseNumber(s); ok {
			for i := range values {
				if c.op.compare.holds(n.compare(values[i])) {
					return true
				}
			}
		}
	case []instant:
		if t, ok := parseInstant(s); ok {
			for i := range values {
				if c.op.compare.holds(t.compare(values[i])) {
					return true
				}
			}
		}
	case []netip.Prefix:
		// An IPv4 address never lies in an IPv6 block, however it is spelt.
		if a, err := netip.ParseAddr(s); err == nil {
			for i := range values {
				if values[i].Contains(a) {
					return true
				}
			}
		}
	}
	return false
}
