package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// DetailsClient holds the call that Details makes.
type DetailsClient interface {
	GetAccountAuthorizationDetails(ctx context.Context, in *iam.GetAccountAuthorizationDetailsInput, opts ...func(*iam.Options)) (*iam.GetAccountAuthorizationDetailsOutput, error)
}

// Details reads every user, group, role and policy of an account, with all
// that decides what they may do, in the pages of one call. Credentials are not
// part of it. Source: IAM API Reference, GetAccountAuthorizationDetails.
//
// A policy document that cannot be decoded is a gap; a page that cannot be
// read is an error, because half an account is none.
func Details(ctx context.Context, client DetailsClient, id, partition string, now time.Time) (*account.Snapshot, error) {
	s := &account.Snapshot{Version: account.Version, Account: id, Partition: partition, CollectedAt: now.UTC(),
		Users: []account.User{}, Groups: []account.Group{}, Roles: []account.Role{}, Policies: []account.ManagedPolicy{}}
	d := details{s}
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(1000)})
	for n := 1; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read users, roles and policies (page %d): %w", n, err)
		}
		d.page(page)
	}
	return s, nil
}

// details adds the pages to a snapshot.
type details struct{ *account.Snapshot }

func (d details) page(page *iam.GetAccountAuthorizationDetailsOutput) {
	for _, u := range page.UserDetailList {
		arn := aws.ToString(u.Arn)
		d.Users = append(d.Users, account.User{
			Path: aws.ToString(u.Path), Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: arn, CreateDate: aws.ToTime(u.CreateDate),
			Groups: u.GroupList, Inline: d.inline(arn, u.UserPolicyList), Attached: attached(u.AttachedManagedPolicies),
			Boundary: boundary(u.PermissionsBoundary), Tags: tags(u.Tags),
		})
	}
	for _, g := range page.GroupDetailList {
		arn := aws.ToString(g.Arn)
		d.Groups = append(d.Groups, account.Group{
			Path: aws.ToString(g.Path), Name: aws.ToString(g.GroupName), ID: aws.ToString(g.GroupId), ARN: arn, CreateDate: aws.ToTime(g.CreateDate),
			Inline: d.inline(arn, g.GroupPolicyList), Attached: attached(g.AttachedManagedPolicies),
		})
	}
	for _, r := range page.RoleDetailList {
		arn := aws.ToString(r.Arn)
		role := account.Role{
			Path: aws.ToString(r.Path), Name: aws.ToString(r.RoleName), ID: aws.ToString(r.RoleId), ARN: arn, CreateDate: aws.ToTime(r.CreateDate),
			Trust: d.document(arn, "trust policy", r.AssumeRolePolicyDocument), Inline: d.inline(arn, r.RolePolicyList),
			Attached: attached(r.AttachedManagedPolicies), Boundary: boundary(r.PermissionsBoundary), Tags: tags(r.Tags),
		}
		if used := r.RoleLastUsed; used != nil && used.LastUsedDate != nil {
			role.LastUsed = &account.RoleUse{Date: *used.LastUsedDate, Region: aws.ToString(used.Region)}
		}
		for _, p := range r.InstanceProfileList {
			role.Profiles = append(role.Profiles, aws.ToString(p.Arn))
		}
		d.Roles = append(d.Roles, role)
	}
	for _, p := range page.Policies {
		arn := aws.ToString(p.Arn)
		policy := account.ManagedPolicy{
			Path: aws.ToString(p.Path), Name: aws.ToString(p.PolicyName), ID: aws.ToString(p.PolicyId), ARN: arn,
			Description: aws.ToString(p.Description), CreateDate: aws.ToTime(p.CreateDate), UpdateDate: aws.ToTime(p.UpdateDate),
		}
		if policy.Name == "" {
			policy.Name = account.PolicyName(arn)
		}
		for _, v := range p.PolicyVersionList {
			version := aws.ToString(v.VersionId)
			policy.Versions = append(policy.Versions, account.PolicyVersion{
				ID: version, Default: v.IsDefaultVersion, CreateDate: aws.ToTime(v.CreateDate), Document: d.document(arn, version, v.Document),
			})
		}
		d.Policies = append(d.Policies, policy)
	}
}

func (d details) inline(arn string, list []types.PolicyDetail) []account.InlinePolicy {
	var out []account.InlinePolicy
	for _, p := range list {
		name := aws.ToString(p.PolicyName)
		out = append(out, account.InlinePolicy{Name: name, Document: d.document(arn, name, p.PolicyDocument)})
	}
	return out
}

// document decodes a policy, which IAM returns URL-encoded (RFC 3986).
func (d details) document(arn, name string, encoded *string) json.RawMessage {
	text, err := url.PathUnescape(aws.ToString(encoded))
	if err == nil && !json.Valid([]byte(text)) {
		err = fmt.Errorf("it is not JSON")
	}
	if err != nil {
		d.Gaps = append(d.Gaps, account.Gap{What: "iam:GetAccountAuthorizationDetails", Subject: arn, Reason: fmt.Sprintf("the document of %s cannot be read: %v", name, err)})
		return nil
	}
	return json.RawMessage(text)
}

func attached(list []types.AttachedPolicy) []string {
	var out []string
	for _, p := range list {
		out = append(out, aws.ToString(p.PolicyArn))
	}
	return out
}
