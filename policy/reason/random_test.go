package reason_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"pgregory.net/rapid"

	"warden/policy"
)

// A small world in which chance meets often.
var (
	actions   = []string{"s3:GetObject", "s3:PutObject", "s3:ListAllMyBuckets", "sqs:SendMessage", "kms:Decrypt", "zz:New"}
	actionsIn = []string{"*", "s3:*", "S3:get*", "s3:*Object", "s3:?etObject", "s3:PutObject", "sqs:SendMessage", "kms:*", "s3:*t*", "zz:N*w", "zz:New"}
	resources = []string{
		"*", "arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::a/x", "arn:aws:s3:::a/alice/x", "arn:aws:s3:::a/bob/", "arn:aws-cn:s3:::a/x",
		"arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:eu-west-1:444455556666:q:r", "arn:aws:kms:us-east-1:111122223333:key/1",
	}
	resourcesIn = []string{
		"*", "arn:aws:s3:::*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a*", "arn:*:s3:::?", "arn:aws:s3:::a/*/x", "arn:aws:sqs:*",
		"arn:aws:sqs:us-*:*:q", "arn:aws:sqs:*:1111*:q*", "arn:aws:kms:*:111122223333:key/*", "arn:aws:s3:::a/${*}", "arn:aws:*:*:*:*",
	}
	variableResources = []string{"arn:aws:s3:::a/${aws:username}/*", "arn:aws:s3:::a/${aws:username}/x", "arn:aws:s3:::${t:k, 'a'}/x"}
	callers           = []policy.Principal{
		{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333"},
		{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/bob", Account: "111122223333"},
		{Type: policy.User, ARN: "arn:aws:iam::444455556666:user/alice", Account: "444455556666"},
		{Type: policy.Session, ARN: "arn:aws:sts::111122223333:assumed-role/r/s", RoleARN: "arn:aws:iam::111122223333:role/p/r", Account: "111122223333"},
		{Type: policy.Session, ARN: "arn:aws:sts::111122223333:assumed-role/r/t", RoleARN: "arn:aws:iam::111122223333:role/r", Account: "111122223333"},
		{Type: policy.Federated, ARN: "arn:aws:sts::111122223333:federated-user/f", UserARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333"},
		{Type: policy.Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333"},
		{Type: policy.Service, ARN: "s3.amazonaws.com"},
		{Type: policy.Service, ARN: "ec2.amazonaws.com"},
		{Type: policy.Anonymous},
		{Type: policy.Federated, ARN: "accounts.example.com"},
		{Type: policy.User, ARN: "arn:aws:iam::777788889999:user/c", Account: "777788889999", CanonicalID: "79a59df900b949e5"},
	}
	callersIn = []any{
		"*", map[string]any{"AWS": "111122223333"}, map[string]any{"AWS": "arn:aws:iam::111122223333:user/alice"},
		map[string]any{"AWS": "arn:aws:iam::111122223333:role/r"}, map[string]any{"AWS": "arn:aws:sts::111122223333:assumed-role/r/s"},
		map[string]any{"AWS": []string{"arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:user/bob"}},
		map[string]any{"Service": "s3.amazonaws.com"}, map[string]any{"Federated": "accounts.example.com"},
		map[string]any{"AWS": "arn:aws:sts::111122223333:federated-user/f", "Service": []string{"s3.amazonaws.com", "ec2.amazonaws.com"}},
		map[string]any{"CanonicalUser": "79a59df900b949e5"},
	}
)

// vocabulary is what conditions of one family compare, and the values of
// requests.
type vocabulary struct {
	operators, keys, in, values []string
}

var vocabularies = []vocabulary{
	{[]string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"},
		[]string{"t:k", "aws:PrincipalTag/team"}, []string{"red", "RED", "r*", "*d", "?ed", "", "blue", "*"}, []string{"red", "Red", "blue", "rod", "", "bed"}},
	{[]string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"},
		[]string{"t:n", "aws:RequestTag/n"}, []string{"1", "2", "1.5", "10", "-1", "x"}, []string{"0", "1", "1.0", "1.2", "2", "11", "-5"}},
	{[]string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"},
		[]string{"aws:CurrentTime"}, []string{"2024-01-01T00:00:00Z", "2024", "1704067200", "2025-06-30"}, []string{"2024-01-01T00:00:00Z", "1704067201", "2025-06-30T01:00+01:00", "2030"}},
	{[]string{"Bool"}, []string{"aws:SecureTransport", "t:b"}, []string{"true", "false", "TRUE", "x"}, []string{"true", "false"}},
	{[]string{"IpAddress", "NotIpAddress"}, []string{"aws:SourceIp"}, []string{"10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "::/0", "2001:db8::/32", "10.1.2.3"},
		[]string{"10.0.0.1", "10.1.2.3", "10.200.0.1", "11.0.0.1", "2001:db8::1", "2002::1"}},
	{[]string{"ArnLike", "ArnNotLike", "ArnEquals"}, []string{"aws:SourceArn"}, []string{"arn:aws:s3:::a", "arn:aws:s3:::*", "arn:aws:*:*:111122223333:*", "*", "x"},
		[]string{"arn:aws:s3:::a", "arn:aws:sns:us-east-1:111122223333:t", "arn:aws:s3:::a:b", "no"}},
	{[]string{"Null"}, []string{"t:k", "t:n", "aws:SecureTransport", "aws:TagKeys"}, []string{"true", "false"}, nil},
	{[]string{"ForAllValues:StringLike", "ForAnyValue:StringLike", "ForAllValues:StringNotEquals", "ForAnyValue:StringNotLike", "StringEquals"},
		[]string{"aws:TagKeys", "t:m"}, []string{"a", "b", "a*", "?"}, []string{"a", "b", "ab", "c"}},
}

// generator draws policies and requests.
type generator struct {
	resource, variables bool
}

func some[T any](t *rapid.T, from []T, most int) []T {
	return rapid.SliceOfN(rapid.SampledFrom(from), 1, most).Draw(t, "list")
}

func (g generator) statement(t *rapid.T) map[string]any {
	s := map[string]any{"Effect": rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect")}
	chance := func(name string, n int) bool { return rapid.IntRange(0, n-1).Draw(t, name) == 0 }
	not := func(name string) string {
		if chance("not", 6) {
			return "Not" + name
		}
		return name
	}
	s[not("Action")] = some(t, actionsIn, 3)
	from := resourcesIn
	if g.variables {
		from = append(append([]string{}, resourcesIn...), variableResources...)
	}
	if element := not("Resource"); !g.resource || chance("resource", 2) {
		s[element] = some(t, from, 3)
	}
	if g.resource {
		s[not("Principal")] = rapid.SampledFrom(callersIn).Draw(t, "principal")
	}
	conditions := map[string]any{}
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(t, "conditions") {
		v := rapid.SampledFrom(vocabularies).Draw(t, "vocabulary")
		op := rapid.SampledFrom(v.operators).Draw(t, "operator")
		if op != "Null" && chance("ifexists", 4) {
			op += "IfExists"
		}
		in := v.in
		if g.variables && v.keys[0] == "t:k" {
			in = append(append([]string{}, in...), "${aws:username}", "r${t:k2, 'ed'}")
		}
		conditions[op] = map[string]any{rapid.SampledFrom(v.keys).Draw(t, "key"): some(t, in, 2)}
	}
	if len(conditions) > 0 {
		s["Condition"] = conditions
	}
	return s
}

func (g generator) policy(t *rapid.T, name string) *policy.Document {
	var statements []any
	for range rapid.IntRange(1, 4).Draw(t, "statements") {
		statements = append(statements, g.statement(t))
	}
	return parse(t, name, statements)
}

// parse makes a document of statements.
func parse(t fatal, name string, statements []any) *policy.Document {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Parse(name, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// request draws a request from the same world.
func (g generator) request(r *rand.Rand) policy.Request {
	out := policy.Request{
		Principal: callers[0], Action: one(r, actions), Context: policy.Context{},
		Resource: policy.Resource{ARN: one(r, resources), Account: "111122223333"},
	}
	if g.resource {
		out.Principal = one(r, callers)
	}
	for _, v := range vocabularies {
		if v.values == nil {
			continue
		}
		for _, k := range v.keys {
			switch r.IntN(3) {
			case 1:
				if k != "aws:TagKeys" {
					out.Context.Set(k, policy.One(one(r, v.values)))
				}
			case 2:
				if k != "aws:TagKeys" && k != "t:m" && k != "t:k" {
					break
				}
				values := make([]string, r.IntN(4))
				for i := range values {
					values[i] = one(r, v.values)
				}
				out.Context.Set(k, policy.Many(values...))
			}
		}
	}
	if g.variables {
		out.Context.Set("aws:username", policy.One(one(r, []string{"alice", "bob", "red"})))
	}
	return out
}

func one[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// show prints a policy for a failing test.
func show(d *policy.Document) string {
	text, err := d.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s: %s", d.Name, text)
}
