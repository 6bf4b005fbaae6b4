package reason_test

import (
	"fmt"
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/reason"
)

// one statement, of an identity policy unless body names a Principal.
func statement(body string) string {
	for _, d := range []struct{ element, value string }{{"Effect", "Allow"}, {"Action", "s3:GetObject"}, {"Resource", "*"}} {
		if !strings.Contains(body, `"`+d.element+`"`) && !strings.Contains(body, `"Not`+d.element+`"`) {
			body += fmt.Sprintf(`,"%s":%q`, d.element, d.value)
		}
	}
	return "{" + strings.TrimPrefix(body, ",") + "}"
}

func document(t fatal, name string, bodies ...string) []*policy.Document {
	t.Helper()
	for i, b := range bodies {
		bodies[i] = statement(b)
	}
	d, err := policy.Parse(name, []byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(bodies, ",")+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	return []*policy.Document{d}
}

// when is a statement with one condition.
func when(operator, key, values string) string {
	return fmt.Sprintf(`"Condition":{%q:{%q:%s}}`, operator, key, values)
}

const (
	equivalent   = reason.Equivalent
	aMore        = reason.AMore
	bMore        = reason.BMore
	incomparable = reason.Incomparable
	undecided    = reason.Undecided
)

// TestRelations: one row for each thing that can be told apart.
func TestRelations(t *testing.T) {
	t.Parallel()
	type list = []string
	for _, tt := range []struct {
		name string
		a, b list
		want reason.Relation
	}{
		// Actions.
		{"case of actions", list{`"Action":"S3:getobject"`}, list{`"Action":"s3:GetObject"`}, equivalent},
		{"star of actions", list{`"Action":"s3:Get*"`}, list{`"Action":"s3:GetObject"`}, aMore},
		{"question mark", list{`"Action":"s3:GetObjec?"`}, list{`"Action":"s3:GetObject*"`}, incomparable},
		{"split by first letter", list{`"Action":"s3:G*"`}, list{`"Action":["s3:GetObject*","s3:G*"]`}, equivalent},
		{"two halves", list{`"Action":["a:x*","a:y*"]`}, list{`"Action":"a:x*"`, `"Action":"a:y*"`}, equivalent},
		{"NotAction", list{`"NotAction":"s3:*"`}, list{`"Action":"iam:*"`}, aMore},
		{"NotAction of all", list{`"NotAction":"*"`}, list{`"Effect":"Deny"`}, equivalent},
		{"the other action that cannot be denied", list{`"Action":"sts:GetSessionToken"`}, list{`"Effect":"Deny"`}, equivalent},
		{"the action that cannot be denied", list{`"Action":"sts:GetCallerIdentity"`}, list{`"Effect":"Deny"`}, equivalent},
		{"an action without a colon", list{`"Action":"*"`}, list{`"NotAction":["s3:*"]`, `"Action":"s3:*"`}, equivalent},
		// Resources.
		{"bucket and objects", list{`"Resource":"arn:aws:s3:::b*"`}, list{`"Resource":"arn:aws:s3:::b/*"`}, aMore},
		{"a star keeps to its part", list{`"Resource":"arn:aws:sqs:*:111122223333:q"`}, list{`"Resource":"arn:aws:sqs:us-east-1:111122223333:q"`}, aMore},
		{"a star at the end of a short ARN goes on", list{`"Resource":"arn:aws:s3*"`}, list{`"Resource":"arn:aws:s3*:*:*:*"`}, equivalent},
		{"all ARNs are not all resources", list{`"Resource":"*"`}, list{`"Resource":"arn:*:*:*:*:*"`}, aMore},
		{"case of resources", list{`"Resource":"arn:aws:s3:::B"`}, list{`"Resource":"arn:aws:s3:::b"`}, incomparable},
		{"NotResource", list{`"NotResource":"arn:aws:s3:::b"`, `"Resource":"arn:aws:s3:::b"`}, list{``}, equivalent},
		{"an escaped star", list{`"Resource":"arn:aws:s3:::b/${*}"`}, list{`"Resource":"arn:aws:s3:::b/*"`}, bMore},
		// Effects.
		{"a denial of part", list{`"Action":"s3:*"`, `"Effect":"Deny","Action":"s3:Put*"`}, list{`"Action":"s3:*"`}, bMore},
		{"a denial of nothing that is allowed", list{``, `"Effect":"Deny","Action":"iam:*"`}, list{``}, equivalent},
		{"denied by condition, allowed by its opposite",
			list{``, `"Effect":"Deny",` + when("StringNotEquals", "t:k", `"a"`)}, list{when("StringEquals", "t:k", `"a"`)}, aMore},
		{"the same for a key that has one value",
			list{``, `"Effect":"Deny",` + when("StringNotEquals", "aws:sourcevpc", `"a"`)}, list{when("StringEquals", "aws:SourceVpc", `"a"`)}, equivalent},
		// Conditions on text.
		{"more values", list{when("StringEquals", "aws:SourceVpc", `["a","b"]`)}, list{when("StringEquals", "aws:SourceVpc", `"b"`)}, aMore},
		{"NOR of values", list{when("StringNotEquals", "aws:SourceVpc", `["a","b"]`)}, list{when("StringNotEquals", "aws:SourceVpc", `"b"`)}, bMore},
		{"like", list{when("StringLike", "aws:SourceVpc", `"vpc-*"`)}, list{when("StringEquals", "aws:SourceVpc", `"vpc-1"`)}, aMore},
		{"a star is no wildcard in StringEquals", list{when("StringEquals", "aws:SourceVpc", `"v*"`)}, list{when("StringEquals", "aws:SourceVpc", `"vx"`)}, incomparable},
		{"ignore case", list{when("StringEqualsIgnoreCase", "aws:SourceVpc", `"A"`)}, list{when("StringEquals", "aws:SourceVpc", `["a","A"]`)}, equivalent},
		{"ignore case beyond ASCII", list{when("StringEqualsIgnoreCase", "aws:SourceVpc", `"k"`)}, list{when("StringEquals", "aws:SourceVpc", `["k","K"]`)}, aMore},
		{"if it exists", list{when("StringEqualsIfExists", "aws:SourceVpc", `"a"`)}, list{when("StringEquals", "aws:SourceVpc", `"a"`)}, aMore},
		{"if it exists, spelt out", list{when("StringEqualsIfExists", "aws:SourceVpc", `"a"`)},
			list{when("StringEquals", "aws:SourceVpc", `"a"`), when("Null", "aws:SourceVpc", `"true"`)}, equivalent},
		{"negated, a key may be absent", list{when("StringNotLike", "aws:SourceVpc", `"*"`)}, list{when("Null", "aws:SourceVpc", `true`)}, equivalent},
		{"two keys", list{`"Condition":{"StringEquals":{"aws:SourceVpc":"a","aws:SourceVpce":"b"}}`}, list{when("StringEquals", "aws:SourceVpc", `"a"`)}, bMore},
		{"binary", list{when("BinaryEquals", "t:k", `"AA=="`)}, list{when("BinaryEquals", "t:k", `["AA==","AQ=="]`)}, bMore},
		{"ARN by parts", list{when("ArnLike", "aws:SourceArn", `"arn:aws:sns:*:*:*"`)}, list{when("ArnEquals", "aws:SourceArn", `"arn:aws:sns:us-east-1:*:t"`)}, aMore},
		{"a star in StringLike crosses parts", list{when("ArnLike", "aws:SourceArn", `"arn:aws:s3:*"`)}, list{when("StringLike", "aws:SourceArn", `"arn:aws:s3:*"`)}, bMore},
		// Numbers, dates, addresses, truths.
		{"numbers", list{when("NumericLessThan", "s3:max-keys", `"10"`)}, list{when("NumericLessThanEquals", "s3:max-keys", `"10.0"`)}, bMore},
		{"numbers, both sides", list{when("NumericLessThan", "s3:max-keys", `10`), when("NumericGreaterThanEquals", "s3:max-keys", `10`)},
			list{when("Null", "s3:max-keys", `false`)}, equivalent},
		{"numbers are dense", list{when("NumericGreaterThan", "s3:max-keys", `1`)}, list{when("NumericGreaterThanEquals", "s3:max-keys", `2`)}, aMore},
		{"dates", list{when("DateLessThan", "aws:CurrentTime", `"2026-01-01T00:00:00Z"`)}, list{when("DateLessThan", "aws:CurrentTime", `"1767225600"`)}, equivalent},
		{"dates, later", list{when("DateGreaterThan", "aws:CurrentTime", `"2026-01-02"`)}, list{when("DateGreaterThan", "aws:CurrentTime", `"2026-01-01T23:00+00:00"`)}, bMore},
		{"blocks", list{when("IpAddress", "aws:SourceIp", `["10.0.0.0/9","10.128.0.0/9"]`)}, list{when("IpAddress", "aws:SourceIp", `"10.1.2.3/8"`)}, equivalent},
		{"one address less", list{when("IpAddress", "aws:SourceIp", `["10.0.0.0/9","10.128.0.0/10","10.192.0.1"]`)}, list{when("IpAddress", "aws:SourceIp", `"10.0.0.0/8"`)}, bMore},
		{"one address", list{when("IpAddress", "aws:SourceIp", `"10.1.2.3"`)}, list{`"NotAction":"*"`}, aMore},
		{"the address after a block", list{when("IpAddress", "aws:SourceIp", `["10.0.0.0/24","10.0.1.0"]`)}, list{when("IpAddress", "aws:SourceIp", `"10.0.0.0/24"`)}, aMore},
		{"version 6 is not version 4", list{when("NotIpAddress", "aws:SourceIp", `"0.0.0.0/0"`)}, list{when("IpAddress", "aws:SourceIp", `"::/0"`)}, aMore},
		{"version 6 blocks", list{when("IpAddress", "aws:SourceIp", `"2001:DB8::/33"`)}, list{when("IpAddress", "aws:SourceIp", `"2001:db8::/32"`)}, bMore},
		{"Bool and BoolIfExists", list{when("Bool", "aws:MultiFactorAuthPresent", `true`)}, list{when("BoolIfExists", "aws:MultiFactorAuthPresent", `"true"`)}, bMore},
		{"no MFA by denial", list{``, `"Effect":"Deny",` + when("BoolIfExists", "aws:MultiFactorAuthPresent", `false`)},
			list{when("Bool", "aws:MultiFactorAuthPresent", `true`)}, equivalent},
		{"a denial that keys without MFA slip through", list{``, `"Effect":"Deny",` + when("Bool", "aws:MultiFactorAuthPresent", `false`)},
			list{when("Bool", "aws:MultiFactorAuthPresent", `true`)}, aMore},
		// Sets.
		{"ForAllValues lets nothing through", list{when("ForAllValues:StringEquals", "aws:TagKeys", `["a","b"]`)},
			list{when("ForAnyValue:StringEquals", "aws:TagKeys", `["a","b"]`)}, incomparable},
		{"ForAllValues of more", list{when("ForAllValues:StringEquals", "aws:TagKeys", `["a","b"]`)},
			list{when("ForAllValues:StringEquals", "aws:TagKeys", `"a"`)}, aMore},
		{"ForAllValues and Null", list{`"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":false}}`},
			list{`"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}`}, equivalent},
		{"a set without set operator", list{when("StringEquals", "aws:TagKeys", `"a"`)}, list{`"NotAction":"*"`}, equivalent},
		{"negated sets", list{``, `"Effect":"Deny",` + when("ForAnyValue:StringNotEquals", "aws:TagKeys", `"a"`)},
			list{when("ForAllValues:StringEquals", "aws:TagKeys", `"a"`)}, equivalent},
		// Variables.
		{"a variable fits a star", list{`"Resource":"arn:aws:s3:::b/${aws:username}/*"`}, list{`"Resource":"arn:aws:s3:::b/*"`}, bMore},
		{"a variable does not fit a question mark", list{`"Resource":"arn:aws:s3:::b/${aws:username}"`}, list{`"Resource":"arn:aws:s3:::b/?"`}, incomparable},
		{"the same variable", list{`"Resource":"arn:aws:s3:::b/${aws:username}/x*"`}, list{`"Resource":"arn:aws:s3:::b/${aws:UserName}/*"`}, bMore},
		{"another variable", list{`"Resource":"arn:aws:s3:::b/${aws:userid}"`}, list{`"Resource":"arn:aws:s3:::b/${aws:username}"`}, incomparable},
		{"a denied variable", list{``, `"Effect":"Deny","Resource":"arn:aws:s3:::b/${aws:username}"`}, list{``}, bMore},
		{"a variable in a condition", list{when("StringEquals", "s3:prefix", `"${aws:username}"`)}, list{when("StringLike", "s3:prefix", `"${aws:username}*"`)}, bMore},
		{"a variable that is itself", list{when("StringEquals", "aws:username", `"${aws:username}"`)}, list{when("Null", "aws:username", `false`)}, undecided},
		{"a variable of a denial that makes no difference",
			list{`"Resource":"arn:aws:s3:::a"`, `"Effect":"Deny","Resource":"arn:aws:s3:::${aws:username}"`, `"Effect":"Deny","NotResource":"arn:aws:s3:::b"`}, list{`"NotAction":"*"`}, equivalent},
		// One key, compared in two ways.
		{"a number as text", list{when("NumericEquals", "t:n", `1`)}, list{`"Condition":{"NumericEquals":{"t:n":1},"StringLike":{"t:n":"1*"}}`}, aMore},
		{"text that excludes the number", list{`"Condition":{"NumericEquals":{"s3:max-keys":1},"StringLike":{"s3:max-keys":"2*"}}`}, list{`"NotAction":"*"`}, undecided},
		{"a truth as text", list{`"Condition":{"Bool":{"t:b":true},"StringEquals":{"t:b":"false"}}`}, list{`"NotAction":"*"`}, undecided},
		// Defects of ParseStored are in TestDefects.
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := document(t, "a", tt.a...), document(t, "b", tt.b...)
			got := reason.Compare(a, b, reason.Options{})
			if got.Relation != tt.want {
				t.Errorf("got %v, want %v: %q\nonly a: %+v\nonly b: %+v", got.Relation, tt.want, got.Reasons, got.OnlyA, got.OnlyB)
			}
			mirrored := map[reason.Relation]reason.Relation{aMore: bMore, bMore: aMore}
			want, ok := mirrored[tt.want]
			if !ok {
				want = tt.want
			}
			if back := reason.Compare(b, a, reason.Options{}); back.Relation != want {
				t.Errorf("the other way round: got %v, want %v", back.Relation, want)
			}
		})
	}
}
