// Package collect reads an account through the AWS SDK into the values of
// package account. It only reads.
package collect

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// IdentityClient holds the IAM calls that Identities makes.
type IdentityClient interface {
	FormerClient
	GetUser(ctx context.Context, in *iam.GetUserInput, opts ...func(*iam.Options)) (*iam.GetUserOutput, error)
	ListUsers(ctx context.Context, in *iam.ListUsersInput, opts ...func(*iam.Options)) (*iam.ListUsersOutput, error)
	GetGroup(ctx context.Context, in *iam.GetGroupInput, opts ...func(*iam.Options)) (*iam.GetGroupOutput, error)
	GetAccountAuthorizationDetails(ctx context.Context, in *iam.GetAccountAuthorizationDetailsInput, opts ...func(*iam.Options)) (*iam.GetAccountAuthorizationDetailsOutput, error)
	ListGroupsForUser(ctx context.Context, in *iam.ListGroupsForUserInput, opts ...func(*iam.Options)) (*iam.ListGroupsForUserOutput, error)
	ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput, opts ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error)
	GetRole(ctx context.Context, in *iam.GetRoleInput, opts ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	GetPolicy(ctx context.Context, in *iam.GetPolicyInput, opts ...func(*iam.Options)) (*iam.GetPolicyOutput, error)
	GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput, opts ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error)
}

// Identities looks up single users, roles and policies as they are now. What
// does not exist is nil without an error; an error always means that the fact
// is unknown.
type Identities struct{ client IdentityClient }

// NewIdentities returns look-ups through client.
func NewIdentities(client IdentityClient) *Identities { return &Identities{client} }

// User returns the user with that name without its groups and policies.
func (i *Identities) User(ctx context.Context, name string) (*account.User, error) {
	out, err := i.client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(name)})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up user %s: %w", name, err)
	}
	u := out.User
	return &account.User{
		Path: aws.ToString(u.Path), Name: aws.ToString(u.UserName), ID: aws.ToString(u.UserId), ARN: aws.ToString(u.Arn),
		CreateDate: aws.ToTime(u.CreateDate), Tags: tags(u.Tags), Boundary: boundary(u.PermissionsBoundary),
	}, nil
}

// UserByID returns the user with that unique id, whatever his name is now.
// IAM has no call that finds him, so the list of users is read; tags and
// boundary are not in it, and are read of him alone.
func (i *Identities) UserByID(ctx context.Context, id string) (*account.User, error) {
	pages := iam.NewListUsersPaginator(i.client, &iam.ListUsersInput{MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for user %s: %w", id, err)
		}
		for _, u := range page.Users {
			if aws.ToString(u.UserId) == id {
				return i.User(ctx, aws.ToString(u.UserName))
			}
		}
	}
	return nil, nil
}

// Groups returns the names of all groups that the user is in; nil and no
// error when there is no such user.
func (i *Identities) Groups(ctx context.Context, user string) ([]string, error) {
	names := []string{}
	pages := iam.NewListGroupsForUserPaginator(i.client, &iam.ListGroupsForUserInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the groups of user %s: %w", user, err)
		}
		for _, g := range page.Groups {
			names = append(names, aws.ToString(g.GroupName))
		}
	}
	return names, nil
}

// ActiveKeys returns the ids of the user's access keys that are active.
func (i *Identities) ActiveKeys(ctx context.Context, user string) ([]string, error) {
	var ids []string
	pages := iam.NewListAccessKeysPaginator(i.client, &iam.ListAccessKeysInput{UserName: aws.String(user)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the access keys of user %s: %w", user, err)
		}
		for _, k := range page.AccessKeyMetadata {
			if k.Status == types.StatusTypeActive {
				ids = append(ids, aws.ToString(k.AccessKeyId))
			}
		}
	}
	return ids, nil
}

// Role returns the role with that name without its policies.
func (i *Identities) Role(ctx context.Context, name string) (*account.Role, error) {
	out, err := i.client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up role %s: %w", name, err)
	}
	r := out.Role
	return &account.Role{
		Path: aws.ToString(r.Path), Name: aws.ToString(r.RoleName), ID: aws.ToString(r.RoleId), ARN: aws.ToString(r.Arn),
		CreateDate: aws.ToTime(r.CreateDate), Tags: tags(r.Tags), Boundary: boundary(r.PermissionsBoundary),
	}, nil
}

// PolicyVersion is one version of a managed policy with its text.
type PolicyVersion struct {
	ID       string
	Default  bool
	Document string
}

// Policy returns the version of a managed policy that is in force, or nil
// when there is no such policy. A hint (the id of the version expected to be
// in force, "" for none) saves a call when it is right.
func (i *Identities) Policy(ctx context.Context, arn, hint string) (*PolicyVersion, error) {
	if hint != "" {
		v, err := i.version(ctx, arn, hint)
		if err != nil || v != nil && v.Default {
			return v, err
		}
	}
	out, err := i.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up policy %s: %w", arn, err)
	}
	return i.version(ctx, arn, aws.ToString(out.Policy.DefaultVersionId))
}

func (i *Identities) version(ctx context.Context, arn, id string) (*PolicyVersion, error) {
	out, err := i.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: aws.String(id)})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read version %s of policy %s: %w", id, arn, err)
	}
	document, err := decode(out.PolicyVersion.Document)
	if err != nil {
		return nil, fmt.Errorf("version %s of policy %s: %w", id, arn, err)
	}
	return &PolicyVersion{ID: id, Default: out.PolicyVersion.IsDefaultVersion, Document: document}, nil
}

// decode undoes the URL encoding in which IAM returns policy documents.
// Source: IAM API Reference, GetPolicyVersion ("URL-encoded compliant with
// RFC 3986").
func decode(document *string) (string, error) {
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return "", fmt.Errorf("policy document is not URL-encoded: %w", err)
	}
	return text, nil
}

func missing(err error) bool {
	var none *types.NoSuchEntityException
	return errors.As(err, &none)
}

func tags(in []types.Tag) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for _, t := range in {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func boundary(b *types.AttachedPermissionsBoundary) string {
	if b == nil {
		return ""
	}
	return aws.ToString(b.PermissionsBoundaryArn)
}
