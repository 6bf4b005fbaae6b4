package look

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"warden/doctor"
)

// role reads a role with every policy that it has, inline and attached.
func (c Clients) role(ctx context.Context, name string) doctor.Read[*doctor.Role] {
	what := "role " + name + " cannot be read"
	in := aws.String(name)
	found, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: in})
	if missing(err) {
		return doctor.Read[*doctor.Role]{}
	}
	if err != nil {
		return unread[*doctor.Role](what, err)
	}
	r := &doctor.Role{Trust: document(aws.ToString(found.Role.AssumeRolePolicyDocument))}
	if b := found.Role.PermissionsBoundary; b != nil {
		if r.Boundary, err = c.document(ctx, aws.ToString(b.PermissionsBoundaryArn)); err != nil {
			return unread[*doctor.Role](what, err)
		}
	}
	inline := iam.NewListRolePoliciesPaginator(c.IAM, &iam.ListRolePoliciesInput{RoleName: in})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return unread[*doctor.Role](what, err)
		}
		for _, p := range page.PolicyNames {
			got, err := c.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: in, PolicyName: aws.String(p)})
			if err != nil {
				return unread[*doctor.Role](what, err)
			}
			r.Policies = append(r.Policies, document(aws.ToString(got.PolicyDocument)))
		}
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(c.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: in})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return unread[*doctor.Role](what, err)
		}
		for _, p := range page.AttachedPolicies {
			text, err := c.document(ctx, aws.ToString(p.PolicyArn))
			if err != nil {
				return unread[*doctor.Role](what, err)
			}
			r.Policies = append(r.Policies, text)
		}
	}
	return doctor.Known(r)
}

// document reads the version in force of a managed policy.
func (c Clients) document(ctx context.Context, arn string) (string, error) {
	p, err := c.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return "", err
	}
	v, err := c.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: p.Policy.DefaultVersionId})
	if err != nil {
		return "", err
	}
	return document(aws.ToString(v.PolicyVersion.Document)), nil
}

func (c Clients) policy(ctx context.Context, arn string) doctor.Read[*string] {
	text, err := c.document(ctx, arn)
	if missing(err) {
		return doctor.Read[*string]{}
	}
	if err != nil {
		return unread[*string]("policy "+arn+" cannot be read", err)
	}
	return doctor.Known(&text)
}

// members counts the members of a group.
func (c Clients) members(ctx context.Context, group string) doctor.Read[*int] {
	n := 0
	pages := iam.NewGetGroupPaginator(c.IAM, &iam.GetGroupInput{GroupName: aws.String(group)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return doctor.Read[*int]{}
		}
		if err != nil {
			return unread[*int]("group "+group+" cannot be read", err)
		}
		n += len(page.Users)
	}
	return doctor.Known(&n)
}

// exists looks for a user or role by its ARN.
func (c Clients) exists(ctx context.Context, arn string) doctor.Read[bool] {
	name := aws.String(arn[strings.LastIndex(arn, "/")+1:])
	var found string
	var err error
	if strings.Contains(arn, ":role/") {
		var out *iam.GetRoleOutput
		if out, err = c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: name}); err == nil {
			found = aws.ToString(out.Role.Arn)
		}
	} else {
		var out *iam.GetUserOutput
		if out, err = c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: name}); err == nil {
			found = aws.ToString(out.User.Arn)
		}
	}
	if missing(err) {
		return doctor.Known(false)
	}
	if err != nil {
		return unread[bool](arn+" cannot be read", err)
	}
	return doctor.Known(found == arn)
}

func (c Clients) organization(ctx context.Context) doctor.Read[*doctor.Organization] {
	out, err := c.Organization.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if missing(err) {
		return doctor.Read[*doctor.Organization]{}
	}
	if err != nil {
		return unread[*doctor.Organization]("whether the account is in an organisation cannot be read", err)
	}
	return doctor.Known(&doctor.Organization{ID: aws.ToString(out.Organization.Id), Management: aws.ToString(out.Organization.MasterAccountId)})
}

// maxDepth bounds the walk up: a root, five levels of units and the account.
// Source: AWS Organizations User Guide, "Quotas and service limits".
const maxDepth = 8

// scps are the service control policies at every node from the root down to
// the account.
func (c Clients) scps(ctx context.Context, account string) doctor.Read[[]doctor.PolicyLevel] {
	const what = "the policies above the account cannot be read"
	if c.Policies == nil {
		return doctor.Read[[]doctor.PolicyLevel]{Gap: "only the management account and its delegates see the policies above this account"}
	}
	var levels []doctor.PolicyLevel
	for node, depth := account, 0; node != "" && depth < maxDepth; depth++ {
		level := doctor.PolicyLevel{ID: node}
		pages := organizations.NewListPoliciesForTargetPaginator(c.Policies, &organizations.ListPoliciesForTargetInput{
			TargetId: aws.String(node), Filter: orgtypes.PolicyTypeServiceControlPolicy,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return unread[[]doctor.PolicyLevel](what, err)
			}
			for _, p := range page.Policies {
				got, err := c.Policies.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: p.Id})
				if err != nil {
					return unread[[]doctor.PolicyLevel](what, err)
				}
				level.Policies = append(level.Policies, doctor.ServicePolicy{
					ARN: aws.ToString(p.Arn), Name: aws.ToString(p.Name), Document: aws.ToString(got.Policy.Content),
				})
			}
		}
		levels = append([]doctor.PolicyLevel{level}, levels...)
		if strings.HasPrefix(node, "r-") {
			return doctor.Known(levels)
		}
		parents, err := c.Policies.ListParents(ctx, &organizations.ListParentsInput{ChildId: aws.String(node)})
		if err != nil {
			return unread[[]doctor.PolicyLevel](what, err)
		}
		node = ""
		if len(parents.Parents) > 0 {
			node = aws.ToString(parents.Parents[0].Id)
		}
	}
	return doctor.Read[[]doctor.PolicyLevel]{Gap: what + ": the way up does not end at a root"}
}
