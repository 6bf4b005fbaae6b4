package twin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"warden/policy"
)

// What is done with a bucket is recorded, what is done with objects is not.
func TestBucketRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)
	c := w.s3With(id, secret, "")
	name := aws.String("records")
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	w.must(err)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("a"), Body: strings.NewReader("x")})
	w.must(err)
	_, err = c.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: name})
	wants(t, err, "NoSuchBucketPolicy", "")
	_, err = c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	w.must(err)
	if n := len(w.recorded("PutObject")); n != 0 {
		t.Errorf("%d records of data events", n)
	}
	for event, sub := range map[string]string{"GetBucketPolicyStatus": "policyStatus", "GetBucketPublicAccessBlock": "publicAccessBlock"} {
		got := w.recorded(event)
		if len(got) != 1 {
			t.Fatalf("%d records of %s", len(got), event)
		}
		want := map[string]any{"bucketName": "records", "Host": strings.TrimPrefix(w.url, "http://"), sub: ""}
		if d := cmp.Diff(want, got[0]["requestParameters"]); d != "" {
			t.Errorf("%s: %s", event, d)
		}
		if got[0]["eventSource"] != "s3.amazonaws.com" || got[0]["readOnly"] != true || got[0]["managementEvent"] != true {
			t.Errorf("%s: %v", event, got[0])
		}
	}
	if got := w.recorded("GetBucketPolicyStatus")[0]["errorCode"]; got != "NoSuchBucketPolicy" {
		t.Errorf("error code %v", got)
	}
}

// A bucket of another account of the organization can be seen to exist, and
// not be reached.
func TestBucketOfAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newOrganizationWorld(t, Faults{})
	w.org.Account(SampleAccount).buckets["theirs"] = &bucket{name: "theirs", region: "us-east-1"}
	c := s3.NewFromConfig(w.manager(), func(o *s3.Options) { o.HTTPSignerV4 = w.signer() })
	_, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: aws.String("theirs")})
	wants(t, err, "AccessDenied", "Access Denied")
	_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("theirs")})
	wants(t, err, "BucketAlreadyExists", "")
	_, err = c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: aws.String("nobodys")})
	wants(t, err, "NoSuchBucket", "")
}

// Amazon S3 User Guide, The meaning of "public".
func TestPublicPolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, principal, condition string
		want                       bool
	}{
		{"an account", `{"AWS":"111122223333"}`, ``, false},
		{"a service", `{"Service":"cloudtrail.amazonaws.com"}`, ``, false},
		{"everybody", `"*"`, ``, true},
		{"everybody as AWS", `{"AWS":"*"}`, ``, true},
		{"an organization", `"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}`, false},
		{"a pattern of organizations", `"*"`, `{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, true},
		{"only where the key is there", `"*"`, `{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1234567890"}}`, true},
		{"not an organization", `"*"`, `{"StringNotEquals":{"aws:PrincipalOrgID":"o-1234567890"}}`, true},
		{"a variable", `"*"`, `{"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}}`, true},
		{"a network", `"*"`, `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, false},
		{"one address", `"*"`, `{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}`, false},
		{"half the world", `"*"`, `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/1"]}}`, true},
		{"a wide network of IPv6", `"*"`, `{"IpAddress":{"aws:SourceIp":"2001::/16"}}`, true},
		{"one role by id", `"*"`, `{"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}}`, false},
		{"anybody by id", `"*"`, `{"StringLike":{"aws:userid":"AROA*:*"}}`, true},
		{"access points of an account", `"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}`, false},
		{"access points of anybody", `"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:*:accesspoint/*"}}`, true},
		{"another key", `"*"`, `{"StringEquals":{"aws:UserAgent":"x"}}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := `{"Effect":"Allow","Principal":` + tt.principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
			if tt.condition != "" {
				s += `,"Condition":` + tt.condition
			}
			d, err := policy.Parse("b", []byte(`{"Version":"2012-10-17","Statement":[`+s+`}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := publicPolicy(d); got != tt.want {
				t.Errorf("public %v", got)
			}
		})
	}
}

// A finding is checked by itself and keeps what the customer decided.
func TestImportKeepsTheCustomersWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	c := &call{t: w.twin, region: "us-east-1", now: testNow}
	h := &hub{}
	read := func(text string) asff {
		var f asff
		w.must(json.Unmarshal([]byte(text), &f))
		return f
	}
	h.put(read(`{"Id":"1","ProductArn":"p","Title":"a"}`), c)
	h.findings[0].asff["Workflow"] = map[string]any{"Status": "SUPPRESSED"}
	h.put(read(`{"Id":"1","ProductArn":"p","Title":"b","Workflow":{"Status":"NEW"}}`), c)
	h.put(read(`{"Id":"1","ProductArn":"q","Title":"c"}`), c)
	if len(h.findings) != 2 || h.findings[0].within("Workflow", "Status") != "SUPPRESSED" || h.findings[0].string("Title") != "b" {
		t.Errorf("findings %s", h.findings[0].text)
	}
}
