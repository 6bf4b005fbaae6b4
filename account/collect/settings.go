package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"warden/account"
)

// ContactClient holds the call that tells whom AWS writes to about security.
type ContactClient interface {
	GetAlternateContact(ctx context.Context, in *awsaccount.GetAlternateContactInput, opts ...func(*awsaccount.Options)) (*awsaccount.GetAlternateContactOutput, error)
}

// BlockClient holds the call that tells what the account forbids its buckets.
type BlockClient interface {
	GetPublicAccessBlock(ctx context.Context, in *s3control.GetPublicAccessBlockInput, opts ...func(*s3control.Options)) (*s3control.GetPublicAccessBlockOutput, error)
}

// HubClient holds the call that tells whether Security Hub is on in a region.
type HubClient interface {
	DescribeHub(ctx context.Context, in *securityhub.DescribeHubInput, opts ...func(*securityhub.Options)) (*securityhub.DescribeHubOutput, error)
}

// settings starts the parts about the account as a whole that other services
// than IAM tell, a call for each.
func (r *reader) settings(ctx context.Context) {
	s := r.snapshot
	if r.Contacts != nil {
		r.part(ctx, "account:GetAlternateContact", "", func() (func(), error) {
			got, err := r.securityContact(ctx)
			return func() { s.SecurityContact = fact(r, "account:GetAlternateContact", got) }, err
		})
	}
	if r.Block != nil {
		r.part(ctx, "s3:GetAccountPublicAccessBlock", "", func() (func(), error) {
			got, err := r.publicAccessBlock(ctx)
			return func() { s.PublicAccessBlock = fact(r, "s3:GetAccountPublicAccessBlock", got) }, err
		})
	}
}

// securityContact: an account that has none answers with an error. AWS Account
// Management API Reference, GetAlternateContact.
func (r *reader) securityContact(ctx context.Context) (account.Contact, error) {
	_, err := r.Contacts.GetAlternateContact(ctx, &awsaccount.GetAlternateContactInput{AlternateContactType: types.AlternateContactTypeSecurity})
	if failedWith(err, "ResourceNotFound") {
		return account.Contact{}, nil
	}
	return account.Contact{Set: err == nil}, err
}

// publicAccessBlock: an account that has set none answers with an error.
// Amazon S3 API Reference, GetPublicAccessBlock of S3 Control.
func (r *reader) publicAccessBlock(ctx context.Context) (account.PublicAccessBlock, error) {
	out, err := r.Block.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String(r.Account)})
	if failedWith(err, "NoSuchPublicAccessBlockConfiguration") {
		return account.PublicAccessBlock{}, nil
	}
	if err != nil || out.PublicAccessBlockConfiguration == nil {
		return account.PublicAccessBlock{}, err
	}
	c := out.PublicAccessBlockConfiguration
	return account.PublicAccessBlock{
		BlockPublicACLs: aws.ToBool(c.BlockPublicAcls), IgnorePublicACLs: aws.ToBool(c.IgnorePublicAcls),
		BlockPublicPolicy: aws.ToBool(c.BlockPublicPolicy), RestrictPublicBuckets: aws.ToBool(c.RestrictPublicBuckets),
	}, nil
}

// hub: where Security Hub is off, it answers with an error. AWS Security Hub
// API Reference, DescribeHub.
func hub(ctx context.Context, c HubClient) (account.Hub, error) {
	_, err := c.DescribeHub(ctx, &securityhub.DescribeHubInput{})
	if failedWith(err, "InvalidAccess", "ResourceNotFound") {
		return account.Hub{}, nil
	}
	return account.Hub{Enabled: err == nil}, err
}
