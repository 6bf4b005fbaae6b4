package twin

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// policyUser is one identity that uses a managed policy.
type policyUser struct {
	kind           types.EntityType
	path, name, id string
}

// listEntitiesForPolicy pages over groups, users and roles together: one
// marker for three lists.
func listEntitiesForPolicy(c *call, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	p, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	uses := func(attached []string, boundary string) bool {
		asBoundary := boundary == p.ARN
		asPermissions := slices.Contains(attached, p.ARN)
		switch in.PolicyUsageFilter {
		case types.PolicyUsageTypePermissionsBoundary:
			return asBoundary
		case types.PolicyUsageTypePermissionsPolicy:
			return asPermissions
		}
		return asBoundary || asPermissions
	}
	var all []policyUser
	add := func(use bool, e policyUser) {
		if use && (in.EntityFilter == "" || in.EntityFilter == e.kind) && strings.HasPrefix(e.path, pathOr(in.PathPrefix)) {
			all = append(all, e)
		}
	}
	for _, g := range c.state.groups.all() {
		add(uses(g.Attached, ""), policyUser{types.EntityTypeGroup, g.Path, g.Name, g.ID})
	}
	for _, u := range c.state.users.all() {
		add(uses(u.Attached, u.Boundary), policyUser{types.EntityTypeUser, u.Path, u.Name, u.ID})
	}
	for _, r := range c.state.roles.all() {
		add(uses(r.Attached, r.Boundary), policyUser{types.EntityTypeRole, r.Path, r.Name, r.ID})
	}
	part, next, more, err := page(c, all, func(e policyUser) string { return string(e.kind) + "/" + fold(e.name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{
		PolicyGroups: []types.PolicyGroup{}, PolicyUsers: []types.PolicyUser{}, PolicyRoles: []types.PolicyRole{},
		IsTruncated: more, Marker: next,
	}
	for _, e := range part {
		switch e.kind {
		case types.EntityTypeGroup:
			out.PolicyGroups = append(out.PolicyGroups, types.PolicyGroup{GroupId: ptr(e.id), GroupName: ptr(e.name)})
		case types.EntityTypeUser:
			out.PolicyUsers = append(out.PolicyUsers, types.PolicyUser{UserId: ptr(e.id), UserName: ptr(e.name)})
		default:
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleId: ptr(e.id), RoleName: ptr(e.name)})
		}
	}
	return out, nil
}
