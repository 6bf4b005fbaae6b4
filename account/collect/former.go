package collect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/account"
)

// FormerClient holds the IAM calls that find what a call was about.
type FormerClient interface {
	GetGroup(ctx context.Context, in *iam.GetGroupInput, opts ...func(*iam.Options)) (*iam.GetGroupOutput, error)
	ListPolicyVersions(ctx context.Context, in *iam.ListPolicyVersionsInput, opts ...func(*iam.Options)) (*iam.ListPolicyVersionsOutput, error)
}

// Group returns the group with that name without its policies and members.
func (i *Identities) Group(ctx context.Context, name string) (*account.Group, error) {
	out, err := i.client.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String(name), MaxItems: aws.Int32(1)})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up group %s: %w", name, err)
	}
	g := out.Group
	return &account.Group{
		Path: aws.ToString(g.Path), Name: aws.ToString(g.GroupName), ID: aws.ToString(g.GroupId), ARN: aws.ToString(g.Arn),
		CreateDate: aws.ToTime(g.CreateDate),
	}, nil
}

// VersionDate is when a version of a managed policy was made.
type VersionDate struct {
	ID      string
	Default bool
	Created time.Time
}

// Versions returns the versions of a managed policy without their texts, the
// newest first; none when there is no such policy.
func (i *Identities) Versions(ctx context.Context, arn string) ([]VersionDate, error) {
	var out []VersionDate
	pages := iam.NewListPolicyVersionsPaginator(i.client, &iam.ListPolicyVersionsInput{PolicyArn: aws.String(arn)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the versions of policy %s: %w", arn, err)
		}
		for _, v := range page.Versions {
			out = append(out, VersionDate{ID: aws.ToString(v.VersionId), Default: v.IsDefaultVersion, Created: aws.ToTime(v.CreateDate)})
		}
	}
	slices.SortStableFunc(out, func(a, b VersionDate) int { return b.Created.Compare(a.Created) })
	return out, nil
}
