package request_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warden/internal/fixture"
	"warden/policy/catalog"
	"warden/trail"
	"warden/trail/request"
	"warden/trail/source"
)

func event(t testing.TB, record string) *trail.Event {
	t.Helper()
	e, err := trail.ParseEvent([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// paths knows where some users live.
type paths map[string]string

func (p paths) ARN(kind, name string) string { return p[kind+"/"+name] }

func TestOf(t *testing.T) {
	t.Parallel()
	const ids = `"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","userName":"ann"},"eventType":"AwsApiCall","awsRegion":"eu-west-1","recipientAccountId":"111122223333"`
	names := paths{"user/ben": "arn:aws:iam::111122223333:user/ops/ben"}
	for _, test := range []struct {
		name, record string
		names        request.Names
		want         string
	}{
		{"an object of S3", `"eventSource":"s3.amazonaws.com","eventName":"HeadObject","requestParameters":{"bucketName":"data","key":"a/b"}`, nil,
			"s3:GetObject arn:aws:s3:::data/a/b"},
		{"a bucket of S3", `"eventSource":"s3.amazonaws.com","eventName":"ListObjectsV2","requestParameters":{"bucketName":"data","prefix":"a/"},"resources":[{"ARN":"arn:aws:s3:::data"},{"ARNPrefix":"arn:aws:s3:::data/"}]`, nil,
			"s3:ListBucket arn:aws:s3:::data"},
		{"a copy reads its source", `"eventSource":"s3.amazonaws.com","eventName":"CopyObject","requestParameters":{"bucketName":"to","key":"k","x-amz-copy-source":"from/some%20key"}`, nil,
			"s3:PutObject arn:aws:s3:::to/k; s3:GetObject arn:aws:s3:::from/some key"},
		{"no resource types", `"eventSource":"s3.amazonaws.com","eventName":"ListBuckets","requestParameters":null`, nil,
			"s3:ListAllMyBuckets *"},
		{"a user by name, whose path is unknown", `"eventSource":"iam.amazonaws.com","eventName":"DeleteUser","requestParameters":{"userName":"ben"}`, nil,
			"iam:DeleteUser missing the user"},
		{"a user by name, looked up", `"eventSource":"iam.amazonaws.com","eventName":"DeleteUser","requestParameters":{"userName":"ben"}`, names,
			"iam:DeleteUser arn:aws:iam::111122223333:user/ops/ben"},
		{"a user who is made has his path in the request", `"eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestParameters":{"userName":"cat","path":"/ops/"}`, nil,
			"iam:CreateUser arn:aws:iam::111122223333:user/ops/cat"},
		{"a key of a user is no user", `"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","requestParameters":{"userName":"ben"}`, nil,
			"iam:CreateAccessKey missing the user"},
		{"a call of IAM about the caller", `"eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey","requestParameters":null`, nil,
			"iam:CreateAccessKey arn:aws:iam::111122223333:user/ann"},
		{"a dated name, and the role that it passes", `"eventSource":"lambda.amazonaws.com","eventName":"CreateFunction20150331","requestParameters":{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, nil,
			"lambda:CreateFunction arn:aws:lambda:eu-west-1:111122223333:function:f; iam:PassRole arn:aws:iam::111122223333:role/r assumed"},
		{"another prefix than the source", `"eventSource":"monitoring.amazonaws.com","eventName":"DescribeAlarms","requestParameters":null`, nil,
			"cloudwatch:DescribeAlarms missing the alarm"},
		{"not a call", `"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn"`, nil,
			"no call that IAM decides (AwsConsoleSignIn)"},
		{"unknown", `"eventSource":"madeup.amazonaws.com","eventName":"DoThings"`, nil,
			"no action is known for DoThings of madeup.amazonaws.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			record := `{"eventID":"1",` + ids + "," + test.record + `}`
			if strings.Contains(test.record, "eventType") {
				record = strings.Replace(record, `"eventType":"AwsApiCall",`, "", 1)
			}
			got, why := request.Of(event(t, record), test.names)
			if text := show(got, why); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}

func show(list []request.Request, why string) string {
	var words []string
	for _, r := range list {
		w := r.Action + " " + r.Resource
		if r.Missing != "" {
			w = r.Action + " missing " + r.Missing
		}
		if r.Assumed {
			w += " assumed"
		}
		words = append(words, w)
	}
	if why != "" {
		words = append(words, why)
	}
	return strings.Join(words, "; ")
}

func TestContext(t *testing.T) {
	t.Parallel()
	const base = `{"eventID":"1","eventSource":"s3.amazonaws.com","eventName":"ListObjects","eventTime":"2026-01-02T03:04:05Z","awsRegion":"eu-west-1",
		"requestParameters":{"bucketName":"b","prefix":"p/"},`
	for _, test := range []struct {
		name, rest string
		want       map[string]string // "" is absent
		unknown    []string
	}{
		{"a long-term key", `"sourceIPAddress":"203.0.113.9","userIdentity":{"type":"IAMUser","principalId":"AIDA1","arn":"arn:aws:iam::1:user/ann","accountId":"1","userName":"ann","accessKeyId":"AKIA1"}}`,
			map[string]string{"aws:sourceip": "203.0.113.9", "aws:multifactorauthpresent": "", "aws:tokenissuetime": "", "aws:username": "ann",
				"aws:viaawsservice": "false", "s3:prefix": "p/", "s3:delimiter": "", "aws:currenttime": "2026-01-02T03:04:05Z", "aws:requestedregion": "eu-west-1"},
			[]string{"aws:securetransport", "aws:principaltag/x"}},
		{"behind an endpoint of a VPC", `"sourceIPAddress":"10.0.0.1","vpcEndpointId":"vpce-1","userIdentity":{"type":"AssumedRole","principalId":"AROA1:s","arn":"arn:aws:sts::1:assumed-role/r/s","accountId":"1","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::1:role/team/r","principalId":"AROA1","userName":"r","accountId":"1"},"attributes":{"mfaAuthenticated":"false","creationDate":"2026-01-02T03:00:00Z"}}}}`,
			map[string]string{"aws:sourceip": "", "aws:sourcevpce": "vpce-1", "aws:principalarn": "arn:aws:iam::1:role/team/r", "aws:userid": "AROA1:s",
				"aws:multifactorauthpresent": "false", "aws:tokenissuetime": "2026-01-02T03:00:00Z", "aws:username": ""}, nil},
		{"a service for the caller", `"sourceIPAddress":"cloudformation.amazonaws.com","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/ann","accountId":"1","userName":"ann","accessKeyId":"ASIA1","invokedBy":"cloudformation.amazonaws.com"}}`,
			map[string]string{"aws:viaawsservice": "true", "aws:calledvialast": "cloudformation.amazonaws.com"}, []string{"aws:sourceip", "aws:multifactorauthpresent", "aws:calledviafirst"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := request.Context(event(t, base+test.rest))
			for key, want := range test.want {
				v, ok := c[key]
				if !ok || strings.Join(v.Values, ",") != want {
					t.Errorf("%s is %v (%v), want %q", key, v.Values, ok, want)
				}
			}
			for _, key := range test.unknown {
				if v, ok := c[key]; ok {
					t.Errorf("%s is %v, the record does not prove it", key, v.Values)
				}
			}
		})
	}
}

// Recorded attacks are full of calls; nearly all have to be understood.
func TestRecorded(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(fixture.Shared(t), "data", "cloudtrail")
	total, known, located := 0, 0, 0
	unknown := map[string]int{}
	err := source.Files(context.Background(), &trail.Scanner{}, []string{filepath.Join(dir, "sans504-s3-ransomware"), filepath.Join(dir, "stratus-red-team")}, nil, func(e *trail.Event) error {
		if e.Type != "AwsApiCall" {
			return nil
		}
		total++
		requests, why := request.Of(e, nil)
		if why != "" {
			unknown[e.Source+" "+e.Name]++
			return nil
		}
		known++
		if !slices.ContainsFunc(requests, func(r request.Request) bool { return r.Resource == "" }) {
			located++
		}
		for _, r := range requests {
			if catalog.Lookup(r.Action) == nil {
				t.Errorf("%s is no action", r.Action)
			}
			if (r.Resource == "") == (r.Missing == "") {
				t.Errorf("%+v: a resource is known or missing", r)
			}
		}
		request.Context(e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, %d with their action, %d with all resources; unknown: %v", total, known, located, unknown)
	if total < 20000 || known*1000 < total*999 {
		t.Errorf("of %d calls only %d have an action", total, known)
	}
}

func FuzzOf(f *testing.F) {
	f.Add(`{"eventID":"1","eventSource":"s3.amazonaws.com","eventName":"GetObject","requestParameters":{"bucketName":"b","key":["x",{"y":null}]},"resources":[{"ARN":"arn:aws:s3:::b/k"}]}`)
	f.Add(`{"eventID":"1","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","requestParameters":{"policyArn":"arn:aws:iam::aws:policy/X","userName":"${x}"}}`)
	f.Fuzz(func(t *testing.T, record string) {
		e, err := trail.ParseEvent([]byte(record))
		if err != nil {
			return
		}
		requests, why := request.Of(e, nil)
		if (len(requests) == 0) != (why != "") {
			t.Errorf("%d requests, %q", len(requests), why)
		}
		request.Context(e)
	})
}

func ExampleOf() {
	e, err := trail.ParseEvent([]byte(`{"eventID":"1","eventType":"AwsApiCall","eventSource":"s3.amazonaws.com","eventName":"HeadObject","recipientAccountId":"111122223333",
		"requestParameters":{"bucketName":"invoices","key":"2026/1.pdf"},
		"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","userName":"ann","accountId":"111122223333"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	requests, _ := request.Of(e, nil)
	for _, r := range requests {
		fmt.Println(r.Action, r.Resource)
	}
	// Output: s3:GetObject arn:aws:s3:::invoices/2026/1.pdf
}
