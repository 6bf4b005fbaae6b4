package generate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/generate"
)

// What is in use must not be cut away, whatever it looks like.
func TestReduceKeeps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, old string
		observed  []generate.Observation
		o         generate.Reduction
		want      string
	}{
		{"keys, whose policy is not known", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["kms:Decrypt","iam:GetRole"],"Resource":"*"}}`,
			saw("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k"), generate.Reduction{}, "Allow kms:Decrypt on *"},
		{"roles that are assumed", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","iam:GetRole"],"Resource":"*"}}`,
			saw("sts:AssumeRole", "arn:aws:iam::111122223333:role/r"), generate.Reduction{}, "Allow sts:AssumeRole on *"},
		{"resources of other accounts", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":["arn:aws:sqs:*:999999999999:jobs","arn:aws:sqs:*:111122223333:x"]}}`,
			saw("sqs:PurgeQueue", "arn:aws:sqs:eu-west-1:999999999999:jobs"), generate.Reduction{DropUnseen: true}, "Allow sqs:PurgeQueue on arn:aws:sqs:*:999999999999:jobs"},
		{"roles that are passed, of which only some calls tell", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":["arn:aws:iam::*:role/a","arn:aws:iam::*:role/b"]}}`,
			saw("iam:PassRole", "arn:aws:iam::111122223333:role/a"), generate.Reduction{}, "Allow iam:PassRole on arn:aws:iam::*:role/a,arn:aws:iam::*:role/b"},
		{"buckets of which the trail has no data events", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::quiet/*"},{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::loud/*"}]}`,
			saw("s3:GetObject", "arn:aws:s3:::loud/k"), generate.Reduction{Coverage: generate.Coverage{DataEvents: []string{"s3"}, Buckets: []string{"arn:aws:s3:::loud"}}},
			"Allow s3:GetObject,s3:PutObject on arn:aws:s3:::quiet/*; Allow s3:GetObject on arn:aws:s3:::loud/*"},
		{"reads, where the trail has data events that write", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"*"}}`,
			saw("s3:PutObject", "arn:aws:s3:::b/k"), generate.Reduction{Coverage: generate.Coverage{DataWrites: []string{"s3"}}}, "Allow s3:GetObject,s3:PutObject on *"},
		{"reads, where the trail has writes only", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetRole","iam:DeleteRole","iam:CreateRole"],"Resource":"*"}}`,
			saw("iam:CreateRole", "arn:aws:iam::111122223333:role/r"), generate.Reduction{Coverage: generate.Coverage{WritesOnly: true}}, "Allow iam:CreateRole,iam:GetRole on *"},
		{"the version: variables of the older one are text", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":["iam:GetUser","iam:GetRole"],"Resource":"arn:aws:iam::*:user/${aws:username}*"}}`,
			saw("iam:GetUser", "arn:aws:iam::111122223333:user/${aws:username}1"), generate.Reduction{}, "Allow iam:GetUser on arn:aws:iam::*:user/${aws:username}*"},
		{"what is known of a resource", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:DeleteObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"}]}`,
			[]generate.Observation{{Action: "s3:DeleteObject", Pattern: "arn:aws:s3:::b/${ObjectName}"}}, generate.Reduction{DropUnseen: true}, "Allow s3:DeleteObject on arn:aws:s3:::b/*"},
		{"a deny alone", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`, nil, generate.Reduction{}, "Deny s3:* on *"},
		{"all but a resource", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetRole","iam:GetUser"],"NotResource":"arn:aws:iam::*:role/secret"}}`,
			saw("iam:GetRole", "arn:aws:iam::111122223333:role/r"), generate.Reduction{}, "Allow iam:GetRole on "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			old := []*policy.Document{parse(t, test.old)}
			test.o.Principal = ann
			r, err := generate.Reduce(old, test.observed, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(r.Documents); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if r.Documents[0].Version != old[0].Version {
				t.Errorf("version %s became %s", old[0].Version, r.Documents[0].Version)
			}
			p := generate.Prove(r.Documents, old, test.observed, ann)
			if !p.Holds() || p.Checked != len(test.observed) {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A proof that cannot fail proves nothing.
func TestProofFails(t *testing.T) {
	t.Parallel()
	const old = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","kms:Decrypt"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*","arn:aws:kms:*:*:key/*"]}}`
	for _, test := range []struct {
		name, after string
		observed    []generate.Observation
		denied, new string
	}{
		{"an action is gone", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:*:key/*"}}`, saw("s3:GetObject", "arn:aws:s3:::a/k"), "s3:GetObject", "no"},
		{"a key is gone", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}}`, saw("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k"), "kms:Decrypt", "no"},
		{"a bucket is gone that may have been it", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}}`, []generate.Observation{{Action: "s3:GetObject"}}, "s3:GetObject", "no"},
		{"a condition came", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"b"}}}}`, saw("s3:GetObject", "arn:aws:s3:::a/k"), "s3:GetObject", "no"},
		{"an action came", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`, saw("s3:GetObject", "arn:aws:s3:::a/k"), "", "yes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := generate.Prove([]*policy.Document{parse(t, test.after)}, []*policy.Document{parse(t, old)}, test.observed, ann)
			denied := ""
			for _, x := range p.Denied {
				denied += x.Action
			}
			if denied != test.denied || p.New != test.new || p.Holds() {
				t.Errorf("%+v", p)
			}
		})
	}
	p := generate.Prove([]*policy.Document{parse(t, old)}, []*policy.Document{parse(t, old)}, saw("iam:GetUser", "arn:aws:iam::111122223333:user/x"), ann)
	if p.Checked != 0 || len(p.Elsewhere) != 1 {
		t.Errorf("what the policies never allowed does not stay allowed: %+v", p)
	}
}

// Names of objects are whatever somebody chose; in a policy they must not mean
// more than themselves.
func TestFromUseLiteral(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"*", "a?c", "${aws:username}/x", "$", "price$", "${*}", `quote"\`, "ümläut/\u202e"} {
		observed := saw("s3:GetObject", "arn:aws:s3:::b/"+key)
		r, err := generate.FromUse(observed, generate.Options{})
		if err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		if p := generate.Prove(r.Documents, nil, observed, ann); !p.Holds() || p.Checked != 1 {
			t.Errorf("%q: %s is not allowed: %+v", key, brief(r.Documents), p)
		}
		for _, other := range []string{"other", "abc", "ann/x", "${aws:username}/y"} {
			if other == key {
				continue
			}
			if p := generate.Prove(r.Documents, nil, saw("s3:GetObject", "arn:aws:s3:::b/"+other), ann); p.Holds() {
				t.Errorf("%q: %s allows %s too", key, brief(r.Documents), other)
			}
		}
	}
}

func TestFromUsePattern(t *testing.T) {
	t.Parallel()
	observed := []generate.Observation{
		{Action: "s3:DeleteObject", Pattern: "arn:aws:s3:::b/${ObjectName}", Count: 2},
		{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::b/one"},
		{Action: "secretsmanager:GetSecretValue", Pattern: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-${Suffix}"},
	}
	r, err := generate.FromUse(observed, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "Allow s3:DeleteObject on arn:aws:s3:::b/*; Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-*"
	if got := brief(r.Documents); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(r.Notes) != 2 || !strings.Contains(r.Notes[0], "2 calls") {
		t.Errorf("%q", r.Notes)
	}
	if p := generate.Prove(r.Documents, nil, observed, ann); !p.Holds() || p.Checked != 3 {
		t.Errorf("%+v", p)
	}
}

// Short patterns stay within those that were there, also for actions to come.
func TestReadableWithin(t *testing.T) {
	t.Parallel()
	old := []*policy.Document{parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*Object","s3:*ObjectAcl","s3:*ObjectTagging"],"Resource":"*"}}`)}
	var observed []generate.Observation
	for _, a := range []string{"GetObject", "PutObject", "DeleteObject", "RestoreObject", "ReplicateObject", "GetObjectAcl", "PutObjectAcl", "GetObjectTagging", "PutObjectTagging"} {
		observed = append(observed, saw("s3:"+a, "arn:aws:s3:::b/k")...)
	}
	r, err := generate.Reduce(old, observed, generate.Reduction{Principal: ann, DropUnseen: true})
	if err != nil {
		t.Fatal(err)
	}
	if p := generate.Prove(r.Documents, old, observed, ann); !p.Holds() {
		t.Errorf("%s: %+v", brief(r.Documents), p)
	}
}

func TestUnseen(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]bool{
		"iam:PassRole": true, "s3:GetObject": true, "s3:GetObjectVersion": true, "s3:ListBucket": true, "s3:GetBucketPolicy": false, "iam:GetUser": false,
		"sns:Publish": true, "sns:CreateTopic": false, "sqs:SendMessage": true, "dynamodb:PartiQLSelect": true, "dynamodb:DescribeTable": false,
		"kinesis:PutRecord": true, "lambda:InvokeFunction": true, "lambda:CreateFunction": false, "kms:Decrypt": true, "kms:CreateKey": false,
		"logs:PutLogEvents": true, "logs:CreateLogStream": false, "bedrock:InvokeModel": true, "verifiedpermissions:IsAuthorized": true,
		"ssmmessages:OpenDataChannel": true, "swf:PollForDecisionTask": true, "ses:SendEmail": true, "nonsense:Action": true,
	} {
		if got := generate.Unseen(action, generate.Coverage{}); got != want {
			t.Errorf("%s: %v, want %v", action, got, want)
		}
	}
	full := generate.Coverage{DataEvents: []string{"s3", "kms", "sns"}}
	for _, action := range []string{"s3:GetObject", "kms:Decrypt", "sns:Publish"} {
		if generate.Unseen(action, full) {
			t.Errorf("%s is in a trail that records it", action)
		}
	}
}

// Ten thousand statements are put into policies that fit, in no time.
func TestSplitMany(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"Version":"2012-10-17","Statement":[`)
	for i := range 10_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::b%d/*"}`, i)
	}
	b.WriteString(`]}`)
	r, err := generate.Reduce([]*policy.Document{parse(t, b.String())}, nil, generate.Reduction{Principal: ann})
	if err != nil {
		t.Fatal(err)
	}
	total, statements := 0, 0
	for _, d := range r.Documents {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > generate.ManagedSize {
			t.Errorf("%s has %d characters", d.Name, len(text))
		}
		total += len(text)
		statements += len(d.Statements)
	}
	if statements != 10_000 || total < (len(r.Documents)-1)*generate.ManagedSize*9/10 {
		t.Errorf("%d statements with %d characters in %d policies", statements, total, len(r.Documents))
	}
}
