package policy_test

import (
	"fmt"

	"warden/policy"
)

func ExampleEvaluate() {
	doc, err := policy.Parse("developers.json", []byte(`{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Home", "Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::home/${aws:username}/*"},
    {"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
  ]
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, action := range []string{"s3:GetObject", "s3:DeleteObject", "s3:ListBucket"} {
		result := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/alice"},
			Action:    action,
			Resource:  policy.Resource{ARN: "arn:aws:s3:::home/alice/notes.txt", Account: "111122223333"},
			Context:   policy.Context{"aws:username": policy.One("alice")},
		}, policy.Policies{Identity: []*policy.Document{doc}})
		fmt.Println(action, result.Decision, result.Deciding())
	}
	// Output:
	// s3:GetObject Allowed [developers.json:4:5 statement 0 (Home) Allow]
	// s3:DeleteObject ExplicitlyDenied [developers.json:5:5 statement 1 (NoDelete) Deny]
	// s3:ListBucket ImplicitlyDenied []
}

func ExampleParse() {
	_, err := policy.Parse("wrong.json", []byte(`{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "*",
    "Condition": {"StringEqual": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
  }
}`))
	fmt.Println(err)
	// Output:
	// wrong.json:7:19: unknown condition operator "StringEqual" (did you mean StringEquals?)
}

func ExampleParseStored() {
	doc, err := policy.ParseStored("arn:aws:iam::111122223333:policy/odd", []byte(`{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Resource": "arn:aws:s3:::a"}
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	result := policy.Evaluate(policy.Request{
		Principal: policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/alice"},
		Action:    "s3:ListAllMyBuckets",
		Resource:  policy.Resource{ARN: "*"},
	}, policy.Policies{Identity: []*policy.Document{doc}})
	fmt.Println(result.Decision)
	fmt.Println(result.Unknown[0])
	// Output:
	// ImplicitlyDenied
	// arn:aws:iam::111122223333:policy/odd:3:71: the statement has "Resource" twice
}
