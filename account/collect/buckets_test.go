package collect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"warden/account"
	"warden/account/collect"
	"warden/app"
)

// shop is a twin on which one can make trails with buckets.
type shop struct {
	*testing.T
	*site
	admin *app.Clients
}

func (w *shop) must(_ any, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

const openPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::NAME/*"}]}`

// trail makes a trail with a bucket that is open as told.
func (w *shop) trail(name, region string, policy, acl, block bool) {
	w.Helper()
	ctx, c, in := w.Context(), w.admin.In(region), aws.String(name)
	made := &s3.CreateBucketInput{Bucket: in, ObjectOwnership: types.ObjectOwnershipObjectWriter}
	if region != "us-east-1" {
		made.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	w.must(c.S3.CreateBucket(ctx, made))
	w.must(c.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: in}))
	if policy {
		w.must(c.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: in, Policy: aws.String(strings.ReplaceAll(openPolicy, "NAME", name))}))
	}
	if acl {
		w.must(c.S3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: in, ACL: types.BucketCannedACLAuthenticatedRead}))
	}
	if block {
		w.must(c.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: in, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}}))
	}
	w.must(w.admin.CloudTrail.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: in, S3BucketName: in}))
}

func (w *shop) read(by *app.Clients) *account.Snapshot {
	w.Helper()
	ask := by.Sources(false, []string{"us-east-1"})
	s, err := collect.Account(w.Context(), ask, collect.Options{Account: w.account, Partition: "aws", Sleep: impatient(new(time.Duration))})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// A bucket is public when its policy or its list lets everybody in, and
// neither its own block nor the account's stops it.
func TestBuckets(t *testing.T) {
	t.Parallel()
	w := &shop{T: t, site: sample(t)}
	w.admin, _ = w.as(t, w.truth.Administrator)
	w.must(w.admin.CloudTrail.DeleteTrail(t.Context(), &cloudtrail.DeleteTrailInput{Name: aws.String("management-events")}))
	w.trail("trail-closed", "us-east-1", false, false, false)
	w.trail("trail-by-policy", "us-east-1", true, false, false)
	w.trail("trail-by-list", "eu-central-1", false, true, false)
	w.trail("trail-blocked", "us-east-1", true, true, true)
	w.must(w.admin.S3.PutBucketLogging(t.Context(), &s3.PutBucketLoggingInput{Bucket: aws.String("trail-closed"),
		BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: &types.LoggingEnabled{TargetBucket: aws.String("trail-blocked"), TargetPrefix: aws.String("x")}}}))

	s := w.read(w.admin)
	if len(s.Gaps) > 0 {
		t.Errorf("gaps %v", s.Gaps)
	}
	for name, want := range map[string]struct {
		region  string
		public  bool
		logging bool
	}{
		"trail-closed": {"us-east-1", false, true}, "trail-by-policy": {"us-east-1", true, false},
		"trail-by-list": {"eu-central-1", true, false}, "trail-blocked": {"us-east-1", false, false},
	} {
		i := slices.IndexFunc(s.Buckets.Value, func(b account.Bucket) bool { return b.Name == name })
		if i < 0 {
			t.Errorf("%s was not read", name)
			continue
		}
		b := s.Buckets.Value[i]
		if b.Region != want.region || b.Public == nil || *b.Public != want.public || b.AccessLogging == nil || *b.AccessLogging != want.logging {
			t.Errorf("%s: %s, public %v, logging %v", name, b.Region, b.Public, b.AccessLogging)
		}
	}
	if s.PublicAccessBlock.Value != (account.PublicAccessBlock{}) || s.SecurityContact.Value.Set {
		t.Errorf("block %+v, contact %+v", s.PublicAccessBlock, s.SecurityContact)
	}
}

// What may not be read is a gap, and what depends on it is unknown, never a
// pass: who may not see the account's block cannot say that a bucket is open,
// nor that it is closed where its list is not read.
func TestBucketGaps(t *testing.T) {
	t.Parallel()
	w := &shop{T: t, site: sample(t)}
	w.admin, _ = w.as(t, w.truth.Administrator)
	w.must(w.admin.CloudTrail.DeleteTrail(t.Context(), &cloudtrail.DeleteTrailInput{Name: aws.String("management-events")}))
	w.trail("trail-closed", "us-east-1", false, false, false)
	w.trail("trail-by-policy", "us-east-1", true, false, false)
	w.must(w.admin.CloudTrail.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("gone"), S3BucketName: aws.String("trail-gone")}))
	deny := func(actions string) *account.Snapshot {
		w.Helper()
		w.must(w.admin.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &w.truth.Administrator, PolicyName: aws.String("deny"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":` + actions + `,"Resource":"*"}]}`)}))
		return w.read(w.admin)
	}
	told := func(s *account.Snapshot) (out []string) {
		for _, b := range s.Buckets.Value {
			public := "unknown"
			if b.Public != nil {
				public = map[bool]string{true: "public", false: "closed"}[*b.Public]
			}
			out = append(out, b.Name+" "+public)
		}
		return out
	}
	for actions, want := range map[string][]string{
		`["s3:GetAccountPublicAccessBlock"]`: {"trail-by-policy unknown", "trail-closed closed", "trail-gone unknown"},
		`["s3:GetBucketAcl"]`:                {"trail-by-policy public", "trail-closed unknown", "trail-gone unknown"},
		`["s3:GetBucketPolicyStatus"]`:       {"trail-by-policy unknown", "trail-closed unknown", "trail-gone unknown"},
		`["s3:GetBucketPublicAccessBlock"]`:  {"trail-by-policy unknown", "trail-closed closed", "trail-gone unknown"},
		`["s3:GetBucketLocation"]`:           {"trail-by-policy unknown", "trail-closed unknown", "trail-gone unknown"},
	} {
		s := deny(actions)
		if got := told(s); !slices.Equal(got, want) {
			t.Errorf("without %s: %v, want %v", actions, got, want)
		}
		action := strings.Trim(actions, `[]"`)
		if !slices.ContainsFunc(s.Gaps, func(g account.Gap) bool { return g.What == action && strings.Contains(g.Reason, "AccessDenied") }) {
			t.Errorf("without %s: gaps %v", actions, s.Gaps)
		}
		if !slices.ContainsFunc(s.Gaps, func(g account.Gap) bool { return g.Subject == "trail-gone" }) {
			t.Errorf("no gap about a bucket that is gone: %v", s.Gaps)
		}
	}
}
