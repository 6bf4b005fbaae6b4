package policy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	d, err := Parse("p.json", []byte(`{
  "Version": "2012-10-17",
  "Id": "x",
  "Statement": [
    {
      "Sid": "One", "Effect": "Allow", "Action": "s3:Get*",
      "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b/*"],
      "Condition": {"Bool": {"aws:SecureTransport": true}, "NumericLessThan": {"aws:MultiFactorAuthAge": [3600, "7200"]}}
    },
    {"Effect": "Deny", "Principal": "*", "NotAction": ["sts:*"], "NotResource": "*"},
    {"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333", "Service": ["a.amazonaws.com", "b.amazonaws.com"]}, "Action": "*"}
  ]
}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{
			Sid: "One", Effect: "Allow", Actions: []string{"s3:Get*"}, Resources: []string{"arn:aws:s3:::a", "arn:aws:s3:::b/*"},
			Conditions: []Condition{
				{"Bool", "aws:SecureTransport", []string{"true"}},
				{"NumericLessThan", "aws:MultiFactorAuthAge", []string{"3600", "7200"}},
			},
			Line: 5, Column: 5,
		},
		{Effect: "Deny", Principals: []PrincipalEntry{{"*", "*"}}, NotActions: []string{"sts:*"}, NotResources: []string{"*"}, Line: 10, Column: 5},
		{
			Effect:        "Allow",
			NotPrincipals: []PrincipalEntry{{"AWS", "111122223333"}, {"Service", "a.amazonaws.com"}, {"Service", "b.amazonaws.com"}},
			Actions:       []string{"*"}, Line: 11, Column: 5,
		},
	}
	if diff := cmp.Diff(want, d.Statements); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
	if d.Version != "2012-10-17" || d.ID != "x" || d.Name != "p.json" || d.Defects != nil {
		t.Errorf("got %+v", d)
	}
}

// TestDefects: what Parse refuses with its place, ParseStored keeps.
func TestDefects(t *testing.T) {
	t.Parallel()
	statement := func(rest string) string {
		return `{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", ` + rest + `}}`
	}
	for _, tc := range []struct{ text, want string }{
		{`{"Version": "2012-10-17", "Version": "2008-10-17", "Statement": []}`, `p:1:27: the policy has "Version" twice`},
		{`{"Version": "2013-10-17", "Statement": []}`, `p:1:2: Version "2013-10-17" is not 2012-10-17 or 2008-10-17`},
		{`{"version": "2012-10-17", "Statement": []}`, `p:1:2: unknown element "version" (did you mean "Version"?)`},
		{"{\"Statement\": [],\n \"Foo\": {\"a\": [1]}}", `p:2:2: unknown element "Foo"`},
		{`{"Id": 1, "Statement": []}`, `p:1:8: Id must be text, not a number`},
		{statement(`"Effect": "Deny"`), `p:1:70: the statement has "Effect" twice`},
		{statement(`"Conditions": {}`), `p:1:70: unknown element "Conditions"`},
		{statement(`"Condition": {"StringEqual": {}}`), `p:1:84: unknown condition operator "StringEqual" (did you mean StringEquals?)`},
		{statement(`"Condition": {"NullIfExists": {}}`), `p:1:84: unknown condition operator "NullIfExists"`},
		{statement(`"Condition": {"Bool": []}`), `p:1:92: Bool must hold an object of keys, not a list`},
		{statement(`"Condition": {"Bool": {"a:b": null}}`), `p:1:100: the key "a:b" must hold text, numbers or booleans, not null`},
		{statement(`"Condition": {"Bool": {"a:b": "true", "A:B": "true"}}`), `p:1:108: Bool has the key "A:B" twice, in whatever case`},
		{statement(`"Condition": "x"`), `p:1:83: Condition must be an object, not text`},
		{statement(`"NotAction": "*"`), `p:1:15: the statement has both Action and NotAction`},
		{statement(`"NotResource": "*"`), `p:1:15: the statement has both Resource and NotResource`},
		{statement(`"Principal": "*", "NotPrincipal": "*"`), `p:1:15: the statement has both Principal and NotPrincipal`},
		{statement(`"Principal": "111122223333"`), `p:1:83: Principal "111122223333": text may only be "*"; write {"AWS": "111122223333"}`},
		{statement(`"Principal": {"aws": "*"}`), `p:1:84: unknown kind of principal "aws" (did you mean "AWS"?)`},
		{statement(`"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}`), `p:1:91: Principal "arn:aws:iam::111122223333:user/*": a principal takes no wildcard within a name; only "*" alone, for AWS`},
		{statement(`"Principal": {"AWS": "alice"}`), `p:1:91: Principal "alice": an AWS principal is an account id, "*", or an ARN of IAM or STS`},
		{statement(`"Principal": {}`), `p:1:83: Principal is empty`},
		{statement(`"Principal": []`), `p:1:83: Principal must be "*" or an object, not a list`},
		{`{"Statement": {"Action": "*", "Resource": "*"}}`, `p:1:15: the statement has no Effect`},
		{`{"Statement": {"Effect": "allow", "Action": "*"}}`, `p:1:16: Effect "allow" is not Allow or Deny (did you mean "Allow"?)`},
		{`{"Statement": {"Effect": "Deny"}}`, `p:1:15: the statement has no Action and no NotAction`},
		{`{"Statement": {"Effect": "Deny", "Action": []}}`, `p:1:44: Action is empty`},
		{`{"Statement": {"Effect": "Deny", "Action": [1]}}`, `p:1:45: Action must hold text, not a number`},
		{`{"Statement": {"Effect": "Deny", "Action": "s3"}}`, `p:1:44: Action "s3": an action is "*" or "service:Name"`},
		{`{"Statement": {"Effect": "Deny", "Action": "*:Get"}}`, `p:1:44: Action "*:Get": the service prefix takes no wildcard`},
		{`{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "bucket"}}`, `p:1:61: Resource "bucket": a resource is "*" or an ARN`},
		{`{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3"}}`, `p:1:61: Resource "arn:aws:s3": the ARN has fewer than six parts (arn:partition:service:region:account:resource)`},
		{`{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:iam::${aws:PrincipalAccount}:x"}}`, `p:1:61: Resource "arn:aws:iam::${aws:PrincipalAccount}:x": a variable may only stand after the fifth colon`},
	} {
		_, err := Parse("p", []byte(tc.text))
		if err == nil || err.Error() != tc.want {
			t.Errorf("Parse(%s)\n got %v\nwant %s", tc.text, err, tc.want)
		}
		d, err := ParseStored("p", []byte(tc.text))
		if err != nil {
			t.Errorf("ParseStored(%s): %v", tc.text, err)
			continue
		}
		if len(d.Defects) == 0 {
			t.Errorf("ParseStored(%s) found no defect", tc.text)
			continue
		}
		f := d.Defects[0]
		if got := fmt.Sprintf("p:%d:%d: %s", f.Line, f.Column, f.Message); got != tc.want {
			t.Errorf("ParseStored(%s)\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

// TestNoPolicy: what neither function reads.
func TestNoPolicy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		{``, `p:1:1: the JSON ends in the middle`},
		{`[]`, `p:1:1: expected a policy, which is a JSON object, found a list`},
		{`{}`, `p:1:1: no policy: there is no Statement`},
		{`{"Statement": 1}`, `p:1:15: expected a statement or a list of statements, found a number`},
		{`{"Statement": [1]}`, `p:1:16: expected a statement, which is a JSON object, found a number`},
		{`{"Statement": []} x`, `p:1:19: not JSON: `},
		{`{"Statement": []} {}`, `p:1:19: there is more text after the policy`},
		{"{\"Statement\":\n[{\"Effect\": \"Allow\"", `p:2:20: the JSON ends in the middle`},
		{"{\"Statement\":\n[{\"Effect\": \"Allow\",}]}", `p:2:`},
		{"{\"Statement\": [{\"Sid\": \"\xff\"}]}", `p:1:`},
		{`{"Foo": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `, "Statement": []}`, `p:1:`},
	} {
		for name, parse := range map[string]func(string, []byte) (*Document, error){"Parse": Parse, "ParseStored": ParseStored} {
			_, err := parse("p", []byte(tc.text))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%s(%.60s)\n got %v\nwant %s", name, tc.text, err, tc.want)
			}
		}
	}
}

// TestLarge: large input is answered, or refused, in one pass.
func TestLarge(t *testing.T) {
	t.Parallel()
	if _, err := Parse("p", make([]byte, MaxSize+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a policy over the limit: %v", err)
	}
	var b bytes.Buffer
	b.WriteString(`{"Version": "2012-10-17", "Statement": [`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `{"Sid": "S%d", "Effect": "Allow", "Action": "s3:Get%d*", "Resource": "arn:aws:s3:::b%d/*"},`+"\n", i, i, i)
	}
	b.WriteString(`{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}`)
	d, err := Parse("p", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if s := d.Statements[10_000]; s.Line != 10_001 || s.Column != 1 {
		t.Errorf("the last statement is at %d:%d", s.Line, s.Column)
	}
	var keys bytes.Buffer
	keys.WriteString(`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {`)
	for i := range 20_000 {
		fmt.Fprintf(&keys, `"k%d": true,`, i)
	}
	keys.WriteString(`"last": true}}}}`)
	if d, err = Parse("p", keys.Bytes()); err != nil || len(d.Statements[0].Conditions) != 20_001 {
		t.Errorf("many keys: %v", err)
	}
}

func TestMarshal(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"a\"b","Effect":"Allow","Principal":{"AWS":["111122223333","*"],"Service":"s3.amazonaws.com"},"Action":["s3:Get*","s3:Put*"],"Resource":"*","Condition":{"StringLike":{"aws:userid":["a","b"],"aws:x":[]},"Bool":{"aws:SecureTransport":"true"}}}]}`,
		`{"Statement":[]}`,
		`{"Statement":[{"Effect":"Deny","NotPrincipal":"*","NotAction":"s3:*","NotResource":"arn:aws:s3:::é/<>&"}]}`,
	} {
		d, err := Parse("p", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.MarshalJSON()
		if err != nil || string(got) != text {
			t.Errorf("got  %s, %v\nwant %s", got, err, text)
		}
	}
}
