package lint

import (
	"fmt"
	"strings"
	"testing"

	"warden/policy"
)

func TestPositions(t *testing.T) {
	t.Parallel()
	const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "A",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:NoSuch"],
      "Resource": "arn:aws:S3:::b/*",
      "Condition": {
        "StringEquals": {"aws:NoSuch": "x"},
        "Bool": {"aws:SecureTransport": ["true", "yes"]}
      }
    }
  ]
}`
	want := map[string]string{
		"action.unknown":   "7:34 Statement[0].Action[1]",
		"arn.service-case": "8:19 Statement[0].Resource[0]",
		"condition.key":    "10:40 Statement[0].Condition.StringEquals.aws:NoSuch",
		"condition.value":  "11:50 Statement[0].Condition.Bool.aws:SecureTransport[1]",
	}
	got := run(t, Example{Identity, text}, "")
	for _, f := range got {
		if w, ok := want[f.Check]; ok {
			if g := fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Path); g != w {
				t.Errorf("%s is at %s, want %s", f.Check, g, w)
			}
			delete(want, f.Check)
		} else {
			t.Errorf("unexpected %+v", f)
		}
		if f.Sid != "A" {
			t.Errorf("%s: Sid %q", f.Check, f.Sid)
		}
	}
	for id := range want {
		t.Errorf("%s was not found", id)
	}

	// Without the source findings point at statements.
	doc, err := policy.ParseStored("p", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Lint(doc, Options{}) {
		if f.Line != 4 || f.Column != 5 {
			t.Errorf("%s is at %d:%d", f.Check, f.Line, f.Column)
		}
	}
}

// TestCounterexamples are policies that are as they should be.
func TestCounterexamples(t *testing.T) {
	t.Parallel()
	for _, e := range []Example{
		{Identity, `{"Version":"2012-10-17","Statement":[
			{"Sid":"ListYourObjects","Effect":"Allow","Action":"s3:ListBucket","Resource":["arn:aws:s3:::bucket-name"],"Condition":{"StringLike":{"s3:prefix":["cognito/application-name/${cognito-identity.amazonaws.com:sub}/*"]}}},
			{"Sid":"ReadWriteDeleteYourObjects","Effect":"Allow","Action":["s3:DeleteObject","s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::bucket-name/cognito/application-name/${cognito-identity.amazonaws.com:sub}/*"]}]}`},
		{Identity, `{"Version":"2012-10-17","Statement":[
			{"Sid":"AllowListActions","Effect":"Allow","Action":["iam:ListUsers","iam:ListVirtualMFADevices"],"Resource":"*"},
			{"Sid":"AllowOwn","Effect":"Allow","Action":["iam:ListMFADevices","iam:ResyncMFADevice","iam:GetUser"],"Resource":"arn:aws:iam::*:user/${aws:username}"},
			{"Sid":"AllowDeactivate","Effect":"Allow","Action":"iam:DeactivateMFADevice","Resource":"arn:aws:iam::*:user/${aws:username}","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}`},
		{Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:BatchGetItem","dynamodb:Query"],"Resource":["arn:aws:dynamodb:eu-west-1:111122223333:table/Books","arn:aws:dynamodb:eu-west-1:111122223333:table/Books/index/*"]},
			{"Effect":"Allow","Action":["ec2:StartInstances","ec2:StopInstances"],"Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"aws:ResourceTag/Owner":"${aws:username}"}}},
			{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}]}`},
		{Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*"},
			{"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
			{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":["arn:aws:lambda:eu-west-1:111122223333:function:f","arn:aws:lambda:eu-west-1:111122223333:function:f:*"]},
			{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-??????"},
			{"Effect":"Allow","Action":"ssm:GetParameter","Resource":"arn:aws:ssm:*:111122223333:parameter/app/*"},
			{"Effect":"Allow","Action":["sns:Publish"],"Resource":"arn:aws:sns:eu-west-1:111122223333:t"}]}`},
		{Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/ci"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"x","aws:RequestTag/team":"a"},"StringLike":{"sts:RoleSessionName":"${aws:username}"}}},
			{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub":"system:serviceaccount:ns:sa","oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud":"sts.amazonaws.com"}}}]}`},
		{Resource, `{"Version":"2012-10-17","Id":"key","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"},
			{"Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},
			{"Sid":"Allow attachment","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":["kms:CreateGrant","kms:ListGrants","kms:RevokeGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}]}`},
		{Resource, `{"Version":"2012-10-17","Statement":[{"Sid":"AWSCloudTrailAclCheck","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::b","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"}}},
			{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`},
		{SCP, `{"Version":"2012-10-17","Statement":[{"Sid":"Deny","Effect":"Deny","NotAction":["iam:*","organizations:*","route53:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]},"ArnNotLike":{"aws:PrincipalARN":["arn:aws:iam::*:role/Allowed"]}}},
			{"Effect":"Deny","Action":["organizations:LeaveOrganization"],"Resource":"*"}]}`},
		{RCP, `{"Version":"2012-10-17","Statement":[{"Sid":"Perimeter","Effect":"Deny","Principal":"*","Action":["s3:*","sqs:*","kms:*","secretsmanager:*","sts:AssumeRole"],"Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}]}`},
	} {
		for _, f := range run(t, e, "") {
			switch f.Check {
			case "condition.arn-text", "trust.account":
				continue // suggestions of style
			}
			t.Errorf("%s: %s in %s", f.Check, f.Message, e.Policy)
		}
	}
}

func TestUnknownPartsAreNoMistakes(t *testing.T) {
	t.Parallel()
	u := Unknown
	for _, e := range []Example{
		{Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","` + u + `"],"Resource":["` + u + `","arn:` + u + `:s3:::` + u + `/*","` + u + `/*"],"Condition":{"StringEquals":{"aws:PrincipalOrgID":"` + u + `","aws:ResourceAccount":"` + u + `"},"IpAddress":{"aws:SourceIp":"` + u + `"},"Bool":{"aws:SecureTransport":"` + u + `"}}}]}`},
		{Identity, `{"Version":"2012-10-17","Statement":[{"Sid":"` + u + `","Effect":"` + u + `","Action":"iam:PassRole","Resource":"` + u + `"}]}`},
		{Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["` + u + `","arn:aws:iam::` + u + `:role/a"],"Service":"` + u + `"},"Action":"sts:AssumeRole"}]}`},
		{Identity, `{"Version":"` + u + `","Statement":[{"Effect":"Allow","Action":"` + u + `:GetObject","Resource":"arn:aws:sqs:` + u + `:` + u + `:q"}]}`},
	} {
		for _, f := range run(t, e, "") {
			t.Errorf("%s: %s in %s", f.Check, f.Message, e.Policy)
		}
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Kind{
		`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`:                               Identity,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`:               Resource,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`: Trust,
		`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithSAML"}}`:                            Trust,
		`{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`:                     Identity,
		`{"Statement":[]}`: Identity,
	} {
		doc, err := policy.ParseStored("p", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := Detect(doc); got != want {
			t.Errorf("%s is detected as %s, want %s", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for s := Suggestion; s <= Error; s++ {
		text, _ := s.MarshalText()
		var back Severity
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Errorf("%v became %v: %v", s, back, err)
		}
	}
	for k := Auto; k <= Endpoint; k++ {
		if back, err := ParseKind(k.String()); err != nil || back != k {
			t.Errorf("%v became %v: %v", k, back, err)
		}
	}
	if _, err := ParseSeverity("bad"); err == nil {
		t.Error("no error")
	}
	if _, err := ParseKind("bad"); err == nil {
		t.Error("no error")
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	if got := Sum(InlineUser, 1000, 1048); got != "" {
		t.Error(got)
	}
	if got := Sum(InlineUser, 1000, 1049); !strings.Contains(got, "2049") || !strings.Contains(got, "2048") {
		t.Error(got)
	}
	if got := Sum(Managed, 99999); got != "" {
		t.Error(got)
	}
}

// TestGlobs holds covers and meetARN to what they promise.
func TestGlobs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p, q string
		want bool
	}{
		{"*", "a", true}, {"a*", "abc", true}, {"a*", "a*", true}, {"a*", "a?c", true}, {"a?", "a*", false}, {"a?*", "a*", false},
		{"*a", "*ba", true}, {"a?", "ab", true}, {"a?", "a?", true}, {"ab", "a?", false}, {"a*c", "a*bc", true}, {"a*b*c", "axbyc", true},
		{"a*", "b", false}, {"${a}*", "${a}b", false}, {"x/*", "x/${a}", true}, {"x/?", "x/${a}", false}, {"?", "é", false}, {"", "", true},
	} {
		if got := covers(c.p, c.q, false); got != c.want {
			t.Errorf("covers(%q, %q) = %v", c.p, c.q, got)
		}
	}
	for _, c := range []struct {
		value, template string
		want            bool
	}{
		{"arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}", false},
		{"arn:aws:s3:::b*", "arn:${Partition}:s3:::${BucketName}", true},
		{"arn:aws:s3:::b*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", true},
		{"arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", false},
		{"arn:aws:s3:::b/", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", false},
		{"arn:aws:s3:::*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", true},
		{"arn:aws:s3:::${aws:username}/x", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", true},
		{"arn:*:s3:::b", "arn:${Partition}:s3:::${BucketName}", true},
		{"arn:aws:s3:eu-west-1::b", "arn:${Partition}:s3:::${BucketName}", false},
		{"arn:aws:*", "arn:${Partition}:s3:::${BucketName}", true},
		{"*", "arn:${Partition}:s3:::${BucketName}", true},
		{"arn:aws:sqs:*:*:q-?", "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", true},
		{"arn:aws:iam::*:user/*", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", false},
		{"arn:aws:iam::1:*/x", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", true},
	} {
		if got := meetARN(c.value, c.template); got != c.want {
			t.Errorf("meetARN(%q, %q) = %v", c.value, c.template, got)
		}
	}
}
