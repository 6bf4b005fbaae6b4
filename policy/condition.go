package policy

import (
	"net/netip"
	"strings"
)

// condition is one operator on one key, compiled.
type condition struct {
	op       operator
	key      string // lower case
	operands []operand
}

func compileCondition(c *Condition, variables bool) condition {
	op, _ := parseOperator(c.Operator)
	out := condition{op: op, key: strings.ToLower(c.Key), operands: make([]operand, len(c.Values))}
	for i, v := range c.Values {
		out.operands[i] = compileOperand(op, v, variables)
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
	v, present := e.req.Context[c.key]
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
	absent := !present || len(v.Values) == 0
	for i := range c.operands {
		if o := &c.operands[i]; o.valid && o.truth == absent {
			return true
		}
	}
	return false
}

// matches tells whether the request's value s matches one of the policy's.
func (c *condition) matches(e *evaluation, s string) bool {
	switch c.op.family {
	case stringEquals, stringLike:
		for i := range c.operands {
			if c.operands[i].text.matchIn(e, s, false) {
				return true
			}
		}
	case stringEqualsFold:
		for i := range c.operands {
			if c.operands[i].text.matchIn(e, s, true) {
				return true
			}
		}
	case numeric:
		if n, ok := parseNumber(s); ok {
			for i := range c.operands {
				if o := &c.operands[i]; o.valid && c.op.compare.holds(n.compare(o.number)) {
					return true
				}
			}
		}
	case date:
		if t, ok := parseInstant(s); ok {
			for i := range c.operands {
				if o := &c.operands[i]; o.valid && c.op.compare.holds(t.compare(o.time)) {
					return true
				}
			}
		}
	case boolean:
		if b, ok := parseBool(s); ok {
			for i := range c.operands {
				if o := &c.operands[i]; o.valid && o.truth == b {
					return true
				}
			}
		}
	case binary:
		for i := range c.operands {
			if c.operands[i].raw == s {
				return true
			}
		}
	case ipAddress:
		return c.matchesAddress(s)
	case arnLike:
		if arn, ok := splitARN(s); ok {
			for i := range c.operands {
				if c.operands[i].arn.match(e, &arn) {
					return true
				}
			}
		}
	}
	return false
}

// matchesAddress compares numerically: an IPv4 address never lies in an IPv6
// block, however either is spelt.
func (c *condition) matchesAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return false
	}
	for i := range c.operands {
		if o := &c.operands[i]; o.valid && o.prefix.Contains(a) {
			return true
		}
	}
	return false
}
