package lint_test

import (
	"fmt"

	"warden/policy"
	"warden/policy/lint"
)

func ExampleLint() {
	text := []byte(`{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": ["s3:ListBucket", "s3:GetObject"],
    "Resource": "arn:aws:s3:::reports/*"
  }
}`)
	doc, err := policy.ParseStored("reports.json", text)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range lint.Lint(doc, lint.Options{Source: text}) {
		fmt.Printf("%d:%d %s %s\n", f.Line, f.Column, f.Severity, f.Check)
	}
	// Output: 5:16 error resource.mismatch
}

func ExampleFix() {
	text := []byte(`{"Statement":{"Effect":"Allow","Action":["s3:Get*","s3:GetObject"],"Resource":"*"}}`)
	doc, err := policy.ParseStored("p.json", text)
	if err != nil {
		fmt.Println(err)
		return
	}
	fixed, done := lint.Fix(doc, text, lint.Options{})
	fmt.Println(string(fixed))
	for _, f := range done {
		fmt.Println(f.Message)
	}
	// Output:
	// {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}}
	// added Version 2012-10-17
	// removed s3:GetObject: s3:Get* includes it
}

func ExampleFind() {
	c := lint.Find("mfa.deny")
	fmt.Println(c.Severity, c.Title)
	// Output: security The MFA condition does not stop long-term keys
}
