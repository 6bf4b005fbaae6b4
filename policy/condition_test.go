package policy

import (
	"strings"
	"testing"
)

// conditionCase is one operator with the policy's values against the value of
// the request; a nil value is a key that is absent.
type conditionCase struct {
	operator string
	values   []string
	request  *Value
	want     bool
}

func one(s string) *Value     { v := One(s); return &v }
func many(s ...string) *Value { v := Many(s...); return &v }
func is(s ...string) []string { return s }

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, tc := range []conditionCase{
		{"StringEquals", is("a"), one("a"), true},
		{"StringEquals", is("a"), one("A"), false},
		{"StringEquals", is("b", "a"), one("a"), true},
		{"StringEquals", is("a*"), one("ab"), false},
		{"StringEquals", is("a*"), one("a*"), true},
		{"StringEquals", is("a"), nil, false},
		{"StringEqualsIfExists", is("a"), nil, true},
		{"StringEqualsIfExists", is("a"), one("b"), false},
		{"StringEquals", is(), one("a"), false},
		{"stringequals", is("a"), one("a"), true},
		{"StringNotEquals", is("a"), one("b"), true},
		{"StringNotEquals", is("a", "b"), one("b"), false},
		{"StringNotEquals", is("a"), nil, true},
		{"StringNotEqualsIfExists", is("a"), nil, true},
		{"StringEqualsIgnoreCase", is("HTTP://X"), one("http://x"), true},
		{"StringNotEqualsIgnoreCase", is("A"), one("a"), false},
		{"StringLike", is("a*c?"), one("abbcd"), true},
		{"StringLike", is("A*"), one("abc"), false},
		{"StringNotLike", is("a*"), one("abc"), false},
		{"StringNotLike", is("a*"), one("xbc"), true},
		// Policy variables with no value: nothing equals null.
		{"StringEquals", is("${aws:none}"), one(""), false},
		{"StringNotEquals", is("${aws:none}"), one("a"), true},
		{"StringNotLike", is("${aws:none}*"), one("a"), true},

		{"NumericEquals", is("10"), one("10.0"), true},
		{"NumericEquals", is("10"), one("010"), true},
		{"NumericEquals", is("10"), one("10abc"), false},
		{"NumericEquals", is("1000"), one("1e3"), false},
		{"NumericNotEquals", is("10"), one("11"), true},
		{"NumericNotEquals", is("10"), one("x"), true},
		{"NumericLessThan", is("10"), one("9.99"), true},
		{"NumericLessThan", is("10"), one("10"), false},
		{"NumericLessThanEquals", is("10"), one("10"), true},
		{"NumericGreaterThan", is("-5"), one("-4"), true},
		{"NumericGreaterThan", is("-0"), one("0"), false},
		{"NumericGreaterThanEquals", is("9007199254740993"), one("9007199254740992"), false},
		{"NumericGreaterThanEqualsIfExists", is("1"), nil, true},
		{"NumericLessThan", is("x", "5"), one("4"), true},

		{"DateEquals", is("2024-06-15T12:00:00Z"), one("1718452800"), true},
		{"DateEquals", is("2024-06-15T14:00:00+02:00"), one("2024-06-15T12:00:00Z"), true},
		{"DateEquals", is("2024-06-15"), one("2024-06-15T00:00:00Z"), true},
		{"DateEquals", is("2024-06-15T12:00Z"), one("2024-06-15T12:00:00.000Z"), true},
		{"DateNotEquals", is("2024-06-15"), one("2024-06-16"), true},
		{"DateLessThan", is("2024-06-15T12:00:00Z"), one("2024-06-15T11:59:59.999Z"), true},
		{"DateLessThan", is("2024-06-15"), one("not a date"), false},
		{"DateLessThanEquals", is("2024-06"), one("2024-06-01T00:00:00Z"), true},
		{"DateGreaterThan", is("2024"), one("2024-01-01T00:00:01Z"), true},
		{"DateGreaterThanEquals", is("0"), one("-1"), false},
		{"DateGreaterThan", is("2024-02-30"), one("2025-01-01"), false},

		{"Bool", is("true"), one("TRUE"), true},
		{"Bool", is("true"), one("false"), false},
		{"Bool", is("true"), one("1"), false},
		{"Bool", is("true", "false"), one("false"), true},
		{"Bool", is("true"), nil, false},
		{"BoolIfExists", is("true"), nil, true},
		{"BinaryEquals", is("QmluYXJ5"), one("QmluYXJ5"), true},
		{"BinaryEquals", is("QmluYXJ5"), one("qmluyxj5"), false},

		{"IpAddress", is("10.0.0.0/8"), one("10.1.2.3"), true},
		{"IpAddress", is("10.1.2.3"), one("10.1.2.3"), true},
		{"IpAddress", is("10.255.0.1/8"), one("10.1.2.3"), true}, // host bits do not count
		{"IpAddress", is("0.0.0.0/0"), one("203.0.113.7"), true},
		{"IpAddress", is("0.0.0.0/0"), one("2001:db8::1"), false},
		{"IpAddress", is("::/0"), one("203.0.113.7"), false},
		{"IpAddress", is("2001:DB8::1"), one("2001:db8:0::1"), true},
		{"IpAddress", is("10.0.0.0/33"), one("10.0.0.1"), false},
		{"NotIpAddress", is("10.0.0.0/8", "192.168.0.0/16"), one("192.168.1.1"), false},
		{"NotIpAddress", is("10.0.0.0/8"), one("203.0.113.7"), true},
		{"NotIpAddress", is("10.0.0.0/8"), nil, true},

		{"ArnLike", is("arn:aws:iam::*:role/*"), one("arn:aws:iam::1:role/x"), true},
		{"ArnEquals", is("arn:aws:iam::*:role/*"), one("arn:aws:iam::1:role/x"), true},
		{"ArnLike", is("arn:aws:iam:*:role/*"), one("arn:aws:iam::1:role/x"), false},
		{"ArnNotLike", is("arn:aws:iam::*:role/*"), one("arn:aws:iam::1:user/x"), true},
		{"ArnNotEquals", is("arn:aws:iam::1:role/x"), one("arn:aws:iam::1:role/x"), false},
		{"ArnLike", is("*"), one("arn:aws:iam::1:role/x"), true},
		{"ArnLike", is("*"), one("text"), false},
		{"ArnNotLike", is("arn:aws:iam::*:role/*"), nil, true},

		{"Null", is("true"), nil, true},
		{"Null", is("false"), nil, false},
		{"Null", is("false"), one("x"), true},
		{"Null", is("true"), one("x"), false},
		{"Null", is("true"), many(), true},
		{"Null", is("false"), many("x"), true},
		{"Null", is("true", "false"), one("x"), true},

		{"ForAllValues:StringEquals", is("a", "b"), many("a"), true},
		{"ForAllValues:StringEquals", is("a", "b"), many("a", "c"), false},
		{"ForAllValues:StringEquals", is("a"), many(), true},
		{"ForAllValues:StringEquals", is("a"), nil, true},
		{"ForAllValues:StringEquals", is("a"), one("a"), true},
		{"ForAllValues:StringNotLike", is("a*"), many("b", "c"), true},
		{"ForAllValues:StringNotLike", is("a*"), many("b", "ab"), false},
		{"ForAnyValue:StringEquals", is("a", "b"), many("c", "b"), true},
		{"ForAnyValue:StringEquals", is("a"), many(), false},
		{"ForAnyValue:StringEquals", is("a"), nil, false},
		{"ForAnyValue:StringEqualsIfExists", is("a"), nil, false},
		{"ForAnyValue:StringNotLike", is("a*"), many("ab", "b"), true},
		{"ForAnyValue:StringNotLike", is("a*"), many("ab"), false},
		{"ForAnyValue:StringNotLike", is("a*"), nil, false},
		{"StringEquals", is("a"), many("a"), false},
		{"StringNotEquals", is("b"), many("a"), false},
	} {
		c := compileCondition(&Condition{Operator: tc.operator, Key: "Test:Key", Values: tc.values}, true)
		ctx := Context{}
		if tc.request != nil {
			ctx.Set("test:KEY", *tc.request)
		}
		if got := c.holds(&evaluation{req: &Request{Context: ctx}}); got != tc.want {
			t.Errorf("%s %q with %+v: %v, want %v", tc.operator, tc.values, tc.request, got, tc.want)
		}
	}
}

// TestOperatorNames compares the table with the documented spellings.
func TestOperatorNames(t *testing.T) {
	t.Parallel()
	if len(operatorNames) != len(operators) {
		t.Errorf("%d names, %d operators", len(operatorNames), len(operators))
	}
	for _, name := range operatorNames {
		for _, spelling := range []string{name, strings.ToUpper(name)} {
			if _, ok := parseOperator(spelling); !ok {
				t.Errorf("%s is not known", spelling)
			}
		}
		_, ok := parseOperator("ForAnyValue:" + name + "IfExists")
		if want := name != "Null"; ok != want {
			t.Errorf("ForAnyValue:%sIfExists: %v, want %v", name, ok, want)
		}
	}
}
