package respond

import (
	"testing"

	"warden/policy"
)

// The proposed trust keeps out other accounts, and nobody else.
func TestDenyOutsiders(t *testing.T) {
	t.Parallel()
	for _, trust := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["444455556666","111122223333"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["444455556666","111122223333"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
	} {
		text, err := denyOutsiders(trust, "111122223333")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := policy.Parse("trust", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		role := policy.Resource{ARN: "arn:aws:iam::111122223333:role/app", Account: "111122223333"}
		for _, tt := range []struct {
			by   policy.Principal
			keys map[string]string
			want policy.Decision
		}{
			{policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/a", Account: "111122223333"},
				map[string]string{"aws:PrincipalAccount": "111122223333", "aws:PrincipalIsAWSService": "false"}, policy.Allowed},
			{policy.Principal{Type: policy.User, ARN: "arn:aws:iam::444455556666:user/a", Account: "444455556666"},
				map[string]string{"aws:PrincipalAccount": "444455556666", "aws:PrincipalIsAWSService": "false"}, policy.ExplicitlyDenied},
			{policy.Principal{Type: policy.Service, ARN: "ec2.amazonaws.com"},
				map[string]string{"aws:PrincipalIsAWSService": "true"}, policy.Allowed},
		} {
			facts := policy.Context{}
			for k, v := range tt.keys {
				facts.Set(k, policy.One(v))
			}
			allow, err := policy.Parse("own", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			set := policy.Policies{Identity: []*policy.Document{allow}, Resource: doc}
			if got := policy.Evaluate(policy.Request{Principal: tt.by, Action: "sts:AssumeRole", Resource: role, Context: facts}, set); got.Decision != tt.want {
				t.Errorf("%v: %s, want %s", tt.by, got.Decision, tt.want)
			}
		}
	}
	if _, err := denyOutsiders("not JSON", "1"); err == nil {
		t.Error("no error")
	}
}
