package reason_test

import (
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/reason"
)

const (
	account1 = `"Principal":{"AWS":"111122223333"}`
	anyone   = `"Principal":"*"`
)

// TestResourcePolicies: who is named, and how firmly.
func TestResourcePolicies(t *testing.T) {
	t.Parallel()
	type list = []string
	for _, tt := range []struct {
		name string
		a, b list
		want reason.Relation
	}{
		{"the root ARN is the account", list{`"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`}, list{account1}, equivalent},
		{"anyone and AWS anyone", list{anyone}, list{`"Principal":{"AWS":"*"}`}, equivalent},
		{"anyone is more than an account", list{anyone}, list{account1}, aMore},
		{"an account delegates, a user is granted", list{account1}, list{`"Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"}`}, incomparable},
		{"an account and its user", list{`"Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}`}, list{account1}, aMore},
		{"a role and its session", list{`"Principal":{"AWS":"arn:aws:iam::111122223333:role/r"}`},
			list{`"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"}`}, incomparable},
		{"a role, and one of its sessions more firmly",
			list{`"Principal":{"AWS":["arn:aws:iam::111122223333:role/r","arn:aws:sts::111122223333:assumed-role/r/s"]},` + when("ArnEquals", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/r"`)},
			list{`"Principal":{"AWS":"arn:aws:iam::111122223333:role/r"},` + when("ArnEquals", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/r"`)}, aMore},
		{"a session may be of a role with a path", list{`"Principal":{"AWS":["arn:aws:iam::111122223333:role/r","arn:aws:sts::111122223333:assumed-role/r/s"]}`},
			list{`"Principal":{"AWS":"arn:aws:iam::111122223333:role/r"}`}, aMore},
		{"anonymous callers have no organization", list{anyone + "," + `"Condition":{"StringLike":{"aws:PrincipalOrgID":"*"},"StringNotEquals":{"aws:PrincipalAccount":"anonymous"}}`},
			list{anyone + "," + when("StringLike", "aws:PrincipalOrgID", `"*"`)}, equivalent},
		{"everyone of an account directly, or by its own policies", list{anyone + "," + when("StringEquals", "aws:PrincipalAccount", `"111122223333"`)}, list{account1}, aMore},
		{"a denial does not ask how firmly", list{anyone, `"Effect":"Deny",` + account1},
			list{anyone + "," + when("StringNotEquals", "aws:PrincipalAccount", `"111122223333"`)}, equivalent},
		{"services", list{`"Principal":{"Service":["a.amazonaws.com","b.amazonaws.com"]}`}, list{`"Principal":{"Service":"a.amazonaws.com"}`}, aMore},
		{"providers", list{`"Principal":{"Federated":"p"}`}, list{`"Principal":{"Service":"p"}`}, incomparable},
		{"canonical users", list{`"Principal":{"CanonicalUser":"abc"}`}, list{anyone}, bMore},
		{"NotPrincipal", list{`"NotPrincipal":{"AWS":"111122223333"}`}, list{anyone}, bMore},
		{"the principal's ARN in a condition", list{anyone + "," + when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/admin-*"`)},
			list{anyone + "," + when("StringEquals", "aws:PrincipalAccount", `"111122223333"`)}, bMore},
		{"the same account by its ARN", list{anyone + "," + `"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/*"},"StringEquals":{"aws:PrincipalAccount":"444455556666"},"StringLike":{"aws:PrincipalOrgID":"*"}}`},
			list{anyone + "," + when("StringEquals", "aws:PrincipalAccount", `"444455556666"`)}, bMore},
		{"trust policies name no resource", list{`"Action":"sts:AssumeRole",` + account1}, list{`"Action":"sts:*",` + account1}, bMore},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := document(t, "a", tt.a...), document(t, "b", tt.b...)
			got := reason.Compare(a, b, reason.Options{})
			if got.Relation != tt.want {
				t.Errorf("got %v, want %v: %q\nonly a: %+v\nonly b: %+v", got.Relation, tt.want, got.Reasons, got.OnlyA, got.OnlyB)
			}
		})
	}
}

// TestGrant: the witness says that a grant became firmer.
func TestGrant(t *testing.T) {
	t.Parallel()
	before := document(t, "before", account1)
	after := document(t, "after", `"Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/r"]}`)
	got := reason.NoNewAccess(before, after, reason.Options{})
	if got.Verdict != reason.No || !strings.Contains(got.Witness.Grant, "role") {
		t.Errorf("%+v, %+v", got, got.Witness)
	}
}

// TestLinkedKeys: identity policies are not told apart by requests that AWS
// never sends.
func TestLinkedKeys(t *testing.T) {
	t.Parallel()
	impossible := document(t, "a", `"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"},"StringEquals":{"aws:PrincipalAccount":"444455556666"}}`)
	nothing := document(t, "b", `"NotAction":"*"`)
	if got := reason.Compare(impossible, nothing, reason.Options{}); got.Relation != equivalent {
		t.Errorf("got %+v", got)
	}
	if got := reason.Compare(impossible, nothing, reason.Options{AnyContext: true}); got.Relation != aMore {
		t.Errorf("in any context: got %+v", got)
	}
	part := document(t, "a", when("StringLike", "aws:PrincipalAccount", `"1111*"`))
	if got := reason.Compare(part, nothing, reason.Options{}); got.Relation == equivalent {
		t.Errorf("part of an account id: got %+v", got)
	}
}

// TestIsPublic: the examples of the page "Blocking public access to your Amazon
// S3 storage" of the Amazon S3 User Guide, and what it says around them.
func TestIsPublic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		bodies []string
		want   reason.Verdict
	}{
		{"anyone", []string{anyone}, reason.Yes},
		{"a VPC by wildcard", []string{anyone + "," + when("StringLike", "aws:SourceVpc", `"vpc-*"`)}, reason.Yes},
		{"a fixed VPC", []string{anyone + "," + when("StringEquals", "aws:SourceVpc", `"vpc-91237329"`)}, reason.No},
		{"a fixed VPC by StringLike", []string{anyone + "," + when("StringLike", "aws:SourceVpc", `"vpc-91237329"`)}, reason.No},
		{"any other VPC", []string{anyone + "," + when("StringNotEquals", "aws:SourceVpc", `"vpc-91237329"`)}, reason.Yes},
		{"a service", []string{`"Principal":{"Service":"cloudtrail.amazonaws.com"}`}, reason.No},
		{"an account", []string{account1}, reason.No},
		{"an account and anyone", []string{account1, anyone}, reason.Yes},
		{"an organization", []string{anyone + "," + when("StringEquals", "aws:PrincipalOrgID", `"o-abc"`)}, reason.No},
		{"any organization", []string{anyone + "," + when("StringLike", "aws:PrincipalOrgID", `"o-*"`)}, reason.Yes},
		{"an organizational unit", []string{anyone + "," + when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", `"o-abc/r-x/ou-1/*"`)}, reason.No},
		{"the hole of ForAllValues", []string{anyone + "," + when("ForAllValues:StringLike", "aws:PrincipalOrgPaths", `"o-abc/*"`)}, reason.Yes},
		{"addresses", []string{anyone + "," + when("IpAddress", "aws:SourceIp", `["203.0.113.0/24","2001:db8::/32"]`)}, reason.No},
		{"very broad addresses", []string{anyone + "," + when("IpAddress", "aws:SourceIp", `"0.0.0.0/1"`)}, reason.Yes},
		{"very broad addresses of version 6", []string{anyone + "," + when("IpAddress", "aws:SourceIp", `"2000::/3"`)}, reason.Yes},
		{"a private range", []string{anyone + "," + when("IpAddress", "aws:SourceIp", `"10.0.0.0/8"`)}, reason.No},
		{"all but addresses are denied", []string{anyone, `"Effect":"Deny",` + anyone + "," + when("NotIpAddress", "aws:SourceIp", `"203.0.113.0/24"`)}, reason.No},
		{"a key anyone can send", []string{anyone + "," + when("StringLike", "aws:Referer", `"https://example.com/*"`)}, reason.Yes},
		{"a fixed role id", []string{anyone + "," + when("StringLike", "aws:userid", `"AROAEXAMPLEID:*"`)}, reason.No},
		{"a session of any role", []string{anyone + "," + when("StringLike", "aws:userid", `"*:ci"`)}, reason.Yes},
		{"access points of an account", []string{anyone + "," + when("ArnLike", "s3:DataAccessPointArn", `"arn:aws:s3:us-west-2:123456789012:accesspoint/*"`)}, reason.No},
		{"access points of any account", []string{anyone + "," + when("ArnLike", "s3:DataAccessPointArn", `"arn:aws:s3:us-west-2:*:accesspoint/*"`)}, reason.Yes},
		{"roles of an account", []string{anyone + "," + when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::111122223333:role/*"`)}, reason.No},
		{"a role of that name in any account", []string{anyone + "," + when("ArnLike", "aws:PrincipalArn", `"arn:aws:iam::*:role/deploy"`)}, reason.Yes},
		{"all but one", []string{`"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"}`}, reason.Yes},
		{"if it exists", []string{anyone + "," + when("StringEqualsIfExists", "aws:SourceAccount", `"111122223333"`)}, reason.Yes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := reason.IsPublic(document(t, "p", tt.bodies...)[0], reason.Options{})
			if got.Verdict != tt.want {
				t.Errorf("got %+v %+v", got, got.Witness)
			}
		})
	}
}

func TestNotGranted(t *testing.T) {
	t.Parallel()
	role := document(t, "role", `"Action":["s3:*","iam:Get*"],"Resource":"arn:aws:s3:::a/*"`, `"Effect":"Deny","Action":"s3:Delete*"`)
	for _, tt := range []struct {
		actions, resources string
		want               reason.Verdict
	}{
		{"s3:DeleteObject", "", reason.Yes},
		{"s3:deleteobject iam:CreateUser", "", reason.Yes},
		{"s3:Delete?*", "", reason.Yes},
		{"s3:?e*", "", reason.No},
		{"iam:CreateUser s3:PutObject", "", reason.No},
		{"s3:PutObject", "arn:aws:s3:::b arn:aws:s3:::b/*", reason.Yes},
		{"s3:PutObject", "arn:aws:s3:::b/* arn:aws:s3:::?/x", reason.No},
		{"*", "arn:aws:s3:::b/*", reason.Yes},
		{"sts:GetSessionToken", "", reason.No},
		{"sts:GetCallerIdentity", "", reason.No},
	} {
		var resources []string
		if tt.resources != "" {
			resources = strings.Fields(tt.resources)
		}
		got := reason.NotGranted(role, strings.Fields(tt.actions), resources, reason.Options{})
		if got.Verdict != tt.want || (got.Verdict == reason.No) != (got.Witness != nil) {
			t.Errorf("%s on %s: got %+v", tt.actions, tt.resources, got)
		}
	}
}

func TestIntersects(t *testing.T) {
	t.Parallel()
	a := document(t, "a", `"Action":"s3:*"`, `"Effect":"Deny","Action":"s3:Put*"`)
	if got := reason.Intersects(a, document(t, "b", `"Action":"s3:P*"`, `"Effect":"Deny","NotAction":"s3:Put*"`), reason.Options{}); got.Verdict != reason.No {
		t.Errorf("got %+v", got.Witness)
	}
	if got := reason.Intersects(a, document(t, "b", `"Action":"s3:Put*"`), reason.Options{}); got.Verdict != reason.No {
		t.Errorf("got %+v", got)
	}
	if got := reason.Intersects(a, document(t, "b", `"Action":"s3:GetObject"`), reason.Options{}); got.Verdict != reason.Yes || got.Witness.Request.Action != "s3:GetObject" {
		t.Errorf("got %+v", got)
	}
}

// TestDefects: of a policy that nobody can be sure of nothing is claimed.
func TestDefects(t *testing.T) {
	t.Parallel()
	good := document(t, "good", ``)
	for name, text := range map[string]string{
		"an element twice":    `{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Resource":"arn:aws:s3:::a"}}`,
		"no Resource":         `{"Statement":{"Effect":"Allow","Action":"s3:Get*"}}`,
		"an unknown operator": `{"Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*","Condition":{"StringIs":{"a":"b"}}}}`,
	} {
		d, err := policy.ParseStored("stored", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := reason.Compare([]*policy.Document{d}, good, reason.Options{})
		if got.Relation != undecided || len(got.Reasons) == 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	named := document(t, "named", anyone)
	if got := reason.Compare(good, named, reason.Options{}); got.Relation != undecided || !strings.Contains(strings.Join(got.Reasons, " "), "Principal") {
		t.Errorf("kinds mixed: got %+v", got)
	}
}
