package twin

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// detail is one entity of GetAccountAuthorizationDetails.
type detail struct {
	key string // orders the four lists one after the other
	add func(out *iam.GetAccountAuthorizationDetailsOutput)
}

// getAccountAuthorizationDetails pages over users, groups, roles and policies
// with one marker. IAM API Reference, GetAccountAuthorizationDetails.
func getAccountAuthorizationDetails(c *call, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	wanted := func(t types.EntityType) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, t) }
	var all []detail
	if wanted(types.EntityTypeUser) {
		for _, u := range c.state.users.all() {
			all = append(all, detail{"1/" + fold(u.Name), func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.UserDetailList = append(out.UserDetailList, userDetail(u))
			}})
		}
	}
	if wanted(types.EntityTypeGroup) {
		for _, g := range c.state.groups.all() {
			all = append(all, detail{"2/" + fold(g.Name), func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.GroupDetailList = append(out.GroupDetailList, groupDetail(g))
			}})
		}
	}
	if wanted(types.EntityTypeRole) {
		for _, r := range c.state.roles.all() {
			all = append(all, detail{"3/" + fold(r.Name), func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.RoleDetailList = append(out.RoleDetailList, c.state.roleDetail(r))
			}})
		}
	}
	used := c.state.usage()
	for _, p := range c.state.policies.all() {
		kind := types.EntityTypeLocalManagedPolicy
		if p.AWSManaged() {
			kind = types.EntityTypeAWSManagedPolicy
			// Of AWS's own policies only those in use are listed.
			if used.attached[p.ARN]+used.boundary[p.ARN] == 0 {
				continue
			}
		}
		if wanted(kind) {
			all = append(all, detail{"4/" + policyKey(p), func(out *iam.GetAccountAuthorizationDetailsOutput) {
				out.Policies = append(out.Policies, p.detail(used))
			}})
		}
	}
	part, next, more, err := page(c, all, func(d detail) string { return d.key }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{
		UserDetailList: []types.UserDetail{}, GroupDetailList: []types.GroupDetail{}, RoleDetailList: []types.RoleDetail{}, Policies: []types.ManagedPolicyDetail{},
		IsTruncated: more, Marker: next,
	}
	for _, d := range part {
		d.add(out)
	}
	return out, nil
}

func policyDetails(inline []account.InlinePolicy) []types.PolicyDetail {
	out := []types.PolicyDetail{}
	for _, p := range inline {
		out = append(out, types.PolicyDetail{PolicyName: ptr(p.Name), PolicyDocument: encoded(p.Document)})
	}
	return out
}

// userDetail tells nothing of passwords and keys, as AWS does not.
func userDetail(u *user) types.UserDetail {
	return types.UserDetail{
		Arn: ptr(u.ARN), CreateDate: when(u.CreateDate), Path: ptr(u.Path), UserId: ptr(u.ID), UserName: ptr(u.Name),
		AttachedManagedPolicies: attachedPolicies(u.Attached), GroupList: append([]string{}, u.Groups...),
		PermissionsBoundary: boundaryOf(u.Boundary), Tags: sortedTags(u.Tags), UserPolicyList: policyDetails(u.Inline),
	}
}

func groupDetail(g *group) types.GroupDetail {
	return types.GroupDetail{
		Arn: ptr(g.ARN), CreateDate: when(g.CreateDate), Path: ptr(g.Path), GroupId: ptr(g.ID), GroupName: ptr(g.Name),
		AttachedManagedPolicies: attachedPolicies(g.Attached), GroupPolicyList: policyDetails(g.Inline),
	}
}

func (s *state) roleDetail(r *role) types.RoleDetail {
	profiles := []types.InstanceProfile{}
	for _, p := range s.belongings.profilesOf(r) {
		profiles = append(profiles, *s.wireInstanceProfile(p))
	}
	return types.RoleDetail{
		Arn: ptr(r.ARN), CreateDate: when(r.CreateDate), Path: ptr(r.Path), RoleId: ptr(r.ID), RoleName: ptr(r.Name),
		AssumeRolePolicyDocument: encoded(s.trustWithARNs(r.Trust)), AttachedManagedPolicies: attachedPolicies(r.Attached),
		InstanceProfileList: profiles, PermissionsBoundary: boundaryOf(r.Boundary),
		RoleLastUsed: s.roleLastUsed(r), RolePolicyList: policyDetails(r.Inline), Tags: sortedTags(r.Tags),
	}
}

func (m *managed) detail(used usage) types.ManagedPolicyDetail {
	p := m.full(used)
	out := types.ManagedPolicyDetail{
		Arn: p.Arn, AttachmentCount: p.AttachmentCount, CreateDate: p.CreateDate, DefaultVersionId: p.DefaultVersionId, Description: p.Description,
		IsAttachable: p.IsAttachable, Path: p.Path, PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount,
		PolicyId: p.PolicyId, PolicyName: p.PolicyName, UpdateDate: p.UpdateDate,
	}
	for _, v := range m.Versions {
		out.PolicyVersionList = append(out.PolicyVersionList, wireVersion(v, true))
	}
	return out
}
