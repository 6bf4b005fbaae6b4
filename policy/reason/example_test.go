package reason_test

import (
	"fmt"

	"warden/policy"
	"warden/policy/reason"
)

// read parses a policy of an example.
func read(name, text string) []*policy.Document {
	d, err := policy.Parse(name, []byte(text))
	if err != nil {
		fmt.Println(err)
		return nil
	}
	return []*policy.Document{d}
}

// A change that is meant to make a policy shorter allows more than it did.
func ExampleCompare() {
	before := read("before.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "arn:aws:s3:::reports/*"}
]}`)
	after := read("after.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:GetObject*", "Resource": "arn:aws:s3:::reports/*"}
]}`)
	c := reason.Compare(before, after, reason.Options{})
	fmt.Println(c.Relation)
	fmt.Println("only after.json allows", c.OnlyB.Request.Action, "on", c.OnlyB.Request.Resource.ARN)
	fmt.Println(c.OnlyB.Allows)
	// Output:
	// b-more
	// only after.json allows s3:GetObjectAcl on arn:aws:s3:::reports/example
	// [after.json:2:3 statement 0 Allow]
}

// A denial without IfExists lets requests without the key through: those made
// with access keys, which never carry aws:MultiFactorAuthPresent.
func ExampleCompare_absentKey() {
	wanted := read("wanted.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
]}`)
	written := read("written.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
  {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
]}`)
	c := reason.Compare(wanted, written, reason.Options{})
	_, has := c.OnlyB.Request.Context["aws:multifactorauthpresent"]
	fmt.Println(c.Relation, "- the request has the key:", has)
	// Output:
	// b-more - the request has the key: false
}

// A folder for each user lies within the bucket, whatever the user's name is.
func ExampleContains() {
	bucket := read("bucket.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/*"}
]}`)
	folder := read("folder.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"}
]}`)
	fmt.Println(reason.Contains(bucket, folder, reason.Options{}).Verdict)
	// Output:
	// yes
}

func ExampleContains_unknown() {
	same := read("same.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"s3:prefix": "${s3:prefix}"}}}
]}`)
	present := read("present.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Null": {"s3:prefix": "false"}}}
]}`)
	a := reason.Contains(same, present, reason.Options{})
	fmt.Println(a.Verdict, a.Reasons)
	// Output:
	// unknown [it depends on the value of ${s3:prefix}]
}

func ExampleNotGranted() {
	role := read("role.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "NotAction": ["iam:CreateUser", "iam:CreateRole"], "Resource": "*"},
  {"Effect": "Deny", "Action": "iam:*AccessKey", "Resource": "*"}
]}`)
	for _, action := range []string{"iam:CreateAccessKey", "iam:Create*"} {
		a := reason.NotGranted(role, []string{action}, nil, reason.Options{})
		fmt.Print(action, " is not granted: ", a.Verdict)
		if a.Witness != nil {
			fmt.Print(", ", a.Witness.Request.Action, " is")
		}
		fmt.Println()
	}
	// Output:
	// iam:CreateAccessKey is not granted: yes
	// iam:Create* is not granted: no, iam:CreateLoginProfile is
}

func ExampleIsPublic() {
	for _, vpc := range []string{`{"StringLike": {"aws:SourceVpc": "vpc-*"}}`, `{"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}`} {
		bucket := read("bucket-policy.json", `{"Version": "2012-10-17", "Statement": [
  {"Principal": "*", "Resource": "*", "Action": "s3:PutObject", "Effect": "Allow", "Condition": `+vpc+`}
]}`)
		a := reason.IsPublic(bucket[0], reason.Options{})
		fmt.Println(vpc, a.Verdict)
	}
	// Output:
	// {"StringLike": {"aws:SourceVpc": "vpc-*"}} yes
	// {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}} no
}

// Naming everyone of an account is not the same as naming the account: a
// resource policy that names the account leaves it to the account's own
// policies, one that names the caller grants by itself.
func ExampleNoNewAccess() {
	existing := read("existing.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sqs:SendMessage", "Resource": "*"}
]}`)
	updated := read("updated.json", `{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*",
   "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}
]}`)
	a := reason.NoNewAccess(existing, updated, reason.Options{})
	fmt.Println(a.Verdict, "- granted", a.Witness.Grant)
	fmt.Println(a.Witness.Request.Principal.Type, a.Witness.Request.Principal.Account)
	// Output:
	// no - granted directly
	// user 111122223333
}
