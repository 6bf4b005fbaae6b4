package collect

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"warden/account"
)

// BucketClient holds the calls of Amazon S3 that Account makes about the
// buckets of trails.
type BucketClient interface {
	GetBucketLocation(ctx context.Context, in *s3.GetBucketLocationInput, opts ...func(*s3.Options)) (*s3.GetBucketLocationOutput, error)
	GetBucketPolicyStatus(ctx context.Context, in *s3.GetBucketPolicyStatusInput, opts ...func(*s3.Options)) (*s3.GetBucketPolicyStatusOutput, error)
	GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput, opts ...func(*s3.Options)) (*s3.GetBucketAclOutput, error)
	GetPublicAccessBlock(ctx context.Context, in *s3.GetPublicAccessBlockInput, opts ...func(*s3.Options)) (*s3.GetPublicAccessBlockOutput, error)
	GetBucketLogging(ctx context.Context, in *s3.GetBucketLoggingInput, opts ...func(*s3.Options)) (*s3.GetBucketLoggingOutput, error)
}

// buckets reads those that the trails write to, once it is known which: five
// calls for each. What cannot be read of one is a gap of its own.
func (r *reader) buckets(ctx context.Context) {
	if r.Buckets == nil || !slices.ContainsFunc(r.snapshot.Regions, func(x account.Region) bool { return x.Trails != nil }) {
		return
	}
	var names []string
	for _, region := range r.snapshot.Regions {
		if region.Trails == nil {
			continue
		}
		for _, t := range region.Trails.Value {
			if t.Bucket != "" && !slices.Contains(names, t.Bucket) {
				names = append(names, t.Bucket)
			}
		}
	}
	slices.Sort(names)
	list := make([]account.Bucket, len(names))
	for i, name := range names {
		r.Progress("bucket " + name)
		r.part(ctx, "s3:GetBucketLocation", name, func() (func(), error) {
			b := r.bucket(ctx, name)
			return func() { list[i] = b }, nil
		})
	}
	r.all.Wait()
	r.snapshot.Buckets = fact(r, "s3", list)
}

// bucket reads one bucket where it is.
func (r *reader) bucket(ctx context.Context, name string) account.Bucket {
	b := account.Bucket{Name: name}
	in := aws.String(name)
	where, err := r.Buckets.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: in})
	if err != nil {
		for _, call := range []string{"s3:GetBucketLocation", "s3:GetBucketPolicyStatus", "s3:GetBucketLogging"} {
			r.gap(call, name, err)
		}
		return b
	}
	b.Region = regionOf(where.LocationConstraint)
	there := func(o *s3.Options) { o.Region = b.Region }

	logging, err := r.Buckets.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: in}, there)
	if err != nil {
		r.gap("s3:GetBucketLogging", name, err)
	} else {
		b.AccessLogging = aws.Bool(logging.LoggingEnabled != nil && aws.ToString(logging.LoggingEnabled.TargetBucket) != "")
	}
	b.Public = r.public(ctx, in, there)
	return b
}

// regionOf is the region that a location constraint means. Amazon S3 API
// Reference, GetBucketLocation.
func regionOf(c types.BucketLocationConstraint) string {
	if c == types.BucketLocationConstraintEu {
		return "eu-west-1"
	}
	return cmp.Or(string(c), "us-east-1")
}

// opening is one of the two ways into a bucket: whether it is open, and
// whether the public access block stops it; nil is unknown.
type opening struct{ open, stopped *bool }

// lets combines them: false as soon as one of both says so.
func (o opening) lets() *bool {
	switch {
	case o.open != nil && !*o.open, o.stopped != nil && *o.stopped:
		return aws.Bool(false)
	case o.open == nil || o.stopped == nil:
		return nil
	}
	return aws.Bool(true)
}

// public tells whether the policy or the access control list of a bucket lets
// everybody in, and no public access block, of the bucket or of the account,
// stops it; nil when that depends on what could not be read. Amazon S3 User
// Guide, "Blocking public access to your Amazon S3 storage".
func (r *reader) public(ctx context.Context, name *string, there func(*s3.Options)) *bool {
	var policy, acl opening
	status, err := r.Buckets.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: name}, there)
	switch {
	case failedWith(err, "NoSuchBucketPolicy"):
		policy.open = aws.Bool(false)
	case err != nil:
		r.gap("s3:GetBucketPolicyStatus", *name, err)
	case status.PolicyStatus != nil:
		policy.open = aws.Bool(aws.ToBool(status.PolicyStatus.IsPublic))
	}
	list, err := r.Buckets.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name}, there)
	if err != nil {
		r.gap("s3:GetBucketAcl", *name, err)
	} else {
		acl.open = aws.Bool(slices.ContainsFunc(list.Grants, toEverybody))
	}
	block, err := r.Buckets.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name}, there)
	switch {
	case failedWith(err, "NoSuchPublicAccessBlockConfiguration"):
		policy.stopped, acl.stopped = aws.Bool(false), aws.Bool(false)
	case err != nil:
		r.gap("s3:GetBucketPublicAccessBlock", *name, err)
	case block.PublicAccessBlockConfiguration != nil:
		policy.stopped = aws.Bool(aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets))
		acl.stopped = aws.Bool(aws.ToBool(block.PublicAccessBlockConfiguration.IgnorePublicAcls))
	}
	// The account's block holds too, where it is known.
	if a := r.snapshot.PublicAccessBlock; a != nil {
		policy.stopped, acl.stopped = either(policy.stopped, a.Value.RestrictPublicBuckets), either(acl.stopped, a.Value.IgnorePublicACLs)
	} else {
		policy.stopped, acl.stopped = notSure(policy.stopped), notSure(acl.stopped)
	}
	byPolicy, byACL := policy.lets(), acl.lets()
	switch {
	case byPolicy != nil && *byPolicy, byACL != nil && *byACL:
		return aws.Bool(true)
	case byPolicy == nil || byACL == nil:
		return nil
	}
	return aws.Bool(false)
}

// either is a or b, where a may be unknown.
func either(a *bool, b bool) *bool {
	if b {
		return aws.Bool(true)
	}
	return a
}

// notSure makes unknown of a no: the account may stop what the bucket does
// not.
func notSure(a *bool) *bool {
	if a != nil && *a {
		return a
	}
	return nil
}

// toEverybody reports whether a grant is to all people or all accounts of AWS.
// Amazon S3 User Guide, "Access control list (ACL) overview", Amazon S3
// predefined groups.
func toEverybody(g types.Grant) bool {
	if g.Grantee == nil {
		return false
	}
	uri := aws.ToString(g.Grantee.URI)
	return strings.HasSuffix(uri, "/groups/global/AllUsers") || strings.HasSuffix(uri, "/groups/global/AuthenticatedUsers")
}
