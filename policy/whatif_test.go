package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// s3 is a statement about all of S3 with the given effect and conditions.
func s3(effect, conditions string) string {
	return `{"Sid": "S", "Effect": "` + effect + `", "Action": "s3:*", "Resource": "*", "Condition": {` + conditions + `}}`
}

func TestMissing(t *testing.T) {
	t.Parallel()
	mfa := `"Bool": {"aws:MultiFactorAuthPresent": "true"}`
	for _, tc := range []struct {
		name     string
		identity []string
		context  Context
		want     []string
	}{
		{"nothing asks", all, nil, nil},
		{"an Allow asks", []string{s3("Allow", mfa)}, nil, []string{"aws:multifactorauthpresent"}},
		{"the key is given", []string{s3("Allow", mfa)}, Context{"aws:multifactorauthpresent": One("false")}, nil},
		{"the key is known to be absent", []string{s3("Allow", mfa)}, Context{"aws:multifactorauthpresent": Absent()}, nil},
		{"another Allow does not ask", []string{s3("Allow", mfa), allowAll}, nil, nil},
		{"a Deny asks", []string{allowAll, s3("Deny", `"StringEquals": {"aws:SourceVpc": "vpc-1"}`)}, nil, []string{"aws:sourcevpc"}},
		{"a Deny that holds without the key", []string{allowAll, s3("Deny", `"StringNotEquals": {"aws:SourceVpc": "vpc-1"}`)}, nil, []string{"aws:sourcevpc"}},
		{"a Deny asks where nothing allows", []string{s3("Deny", mfa)}, nil, nil},
		{"an Allow that holds without the key", []string{s3("Allow", `"StringNotEquals": {"aws:SourceVpc": "vpc-1"}`)}, nil, []string{"aws:sourcevpc"}},
		{"two keys together", []string{s3("Allow", mfa+`, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}`)}, nil, []string{"aws:multifactorauthpresent", "aws:sourceip"}},
		{"one of two is given, and wrong", []string{s3("Allow", mfa+`, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}`)}, Context{"aws:sourceip": One("203.0.113.1")}, nil},
		{"Null", []string{s3("Allow", `"Null": {"aws:TokenIssueTime": "true"}`)}, nil, []string{"aws:tokenissuetime"}},
		{"a variable in a resource", []string{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username}*"}`}, nil, []string{"aws:username"}},
		{"a variable after a head that differs", []string{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::other/${aws:username}*"}`}, nil, nil},
		{"a variable beside a value that matches", []string{`{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::bucket/${aws:username}*", "*"]}`}, nil, nil},
		{"a variable with a default", []string{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:username, 'x'}*"}`}, nil, []string{"aws:username"}},
		{"a variable in a condition", []string{s3("Allow", `"StringEquals": {"s3:prefix": "${aws:username}"}`)}, Context{"s3:prefix": One("x")}, []string{"aws:username"}},
		{"another action", []string{`{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {` + mfa + `}}`}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := rule{principal: user, identity: tc.identity}
			req := r.request()
			req.Context = tc.context
			got := Evaluate(req, r.policies(t))
			if diff := cmp.Diff(tc.want, got.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if got.Depends() != (tc.want != nil) {
				t.Errorf("depends: %v", got.Depends())
			}
		})
	}
}

func TestNearMisses(t *testing.T) {
	t.Parallel()
	mfa := s3("Allow", `"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringLike": {"aws:userid": "A*"}`)
	for _, tc := range []struct {
		name string
		rule rule
		want []string
	}{
		{"allowed", rule{identity: all}, nil},
		{"an Allow with conditions", rule{identity: []string{mfa}}, []string{
			`would be allowed if aws:MultiFactorAuthPresent were Bool "true" (it is absent): p:1:41 statement 0 (S) Allow`,
		}},
		{"a boundary stands in the way as well", rule{identity: []string{mfa}, boundary: elsewh}, nil},
		{"a Deny with conditions", rule{identity: []string{allowAll, s3("Deny", `"StringNotEquals": {"aws:userid": ["B", "C"]}`)}}, []string{
			`would be allowed unless aws:userid were StringNotEquals ["B", "C"] (it is "AIDA"): p:1:93 statement 1 (S) Deny`,
		}},
		{"a Deny without conditions", rule{identity: deny}, nil},
		{"a resource policy", rule{resourcePolicy: []string{`{"Effect": "Allow", "Principal": {"AWS": "` + userARN + `"}, "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:userid": true}}}`}}, []string{
			`would be allowed if aws:userid were Null "true" (it is "AIDA"): p:1:41 statement 0 Allow`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.rule.principal = user
			req := tc.rule.request()
			req.Context.Set("aws:userid", One("AIDA"))
			var got []string
			for _, n := range NearMisses(req, tc.rule.policies(t)) {
				got = append(got, n.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("near misses (-want +got):\n%s", diff)
			}
		})
	}
}
