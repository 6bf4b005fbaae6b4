package twin

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func roleOperations() map[string]operation {
	return map[string]operation{
		"CreateRole":             act(onNew("role", "RoleName"), createRole, "RoleName", "AssumeRolePolicyDocument"),
		"GetRole":                act(onRole, getRole, "RoleName"),
		"ListRoles":              act(onPath("role"), listRoles),
		"UpdateRole":             act(onRole, updateRole, "RoleName"),
		"UpdateRoleDescription":  act(onRole, updateRoleDescription, "RoleName", "Description"),
		"UpdateAssumeRolePolicy": act(onRole, updateAssumeRolePolicy, "RoleName", "PolicyDocument"),
		"DeleteRole":             act(onRole, deleteRole, "RoleName"),
	}
}

func (c *call) role(name *string) (*role, error) {
	if r := c.state.roles.get(text(name)); r != nil {
		return r, nil
	}
	return nil, fail(404, "NoSuchEntity", "The role with name %s cannot be found.", text(name))
}

// modifiableRole is role for a change that AWS alone may make on its own
// roles. IAM User Guide, "Using service-linked roles".
func (c *call) modifiableRole(name *string) (*role, error) {
	r, err := c.role(name)
	if err == nil && r.protected() {
		return nil, fail(400, "UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)
	}
	return r, err
}

func createRole(c *call, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	s, name, path := c.state, text(in.RoleName), pathOr(in.Path)
	if strings.HasPrefix(path, "/aws-service-role/") || strings.HasPrefix(path, "/aws-reserved/") {
		return nil, fail(400, "InvalidInput", "The path %s is reserved for roles that AWS creates.", path)
	}
	if s.roles.get(name) != nil {
		return nil, fail(409, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	if s.roles.len() >= s.quotas.roles {
		return nil, exceeded("RolesPerAccount", s.quotas.roles)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.boundary(text(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	trust, err := c.trust(text(in.AssumeRolePolicyDocument))
	if err != nil {
		return nil, err
	}
	r := &role{Role: account.Role{
		Path: path, Name: name, ID: s.next.make(prefixRole), ARN: s.arn("role", path, name), Description: text(in.Description),
		CreateDate: *when(c.now), MaxSession: 3600, Trust: trust, Boundary: text(in.PermissionsBoundary), Tags: tags,
	}}
	if in.MaxSessionDuration != nil {
		r.MaxSession = int(*in.MaxSessionDuration)
	}
	s.putRole(r)
	out := s.full(r)
	out.RoleLastUsed = nil
	return &iam.CreateRoleOutput{Role: out}, nil
}

// trust checks a trust policy that a request brings.
func (c *call) trust(document string) ([]byte, error) {
	if limit := c.state.quotas.trustPolicy; size(document) > limit {
		return nil, exceeded("ACLSizePerRole", limit)
	}
	return c.state.parseTrust(document)
}

func getRole(c *call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: c.state.full(r)}, nil
}

func listRoles(c *call, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	all := listed(c.state.roles.all(), in.PathPrefix, func(r *role) string { return r.Path })
	part, next, more, err := page(c, all, func(r *role) string { return fold(r.Name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Roles: []types.Role{}, IsTruncated: more, Marker: next}
	for _, r := range part {
		out.Roles = append(out.Roles, c.state.brief(r))
	}
	return out, nil
}

// describedRole is role for a change of the description, which people may
// make on service-linked roles too.
func (c *call) describedRole(name *string) (*role, error) {
	r, err := c.role(name)
	if err != nil || r.serviceLinked() {
		return r, err
	}
	return c.modifiableRole(name)
}

func updateRole(c *call, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	find := c.describedRole
	if in.MaxSessionDuration != nil {
		find = c.modifiableRole
	}
	old, err := find(in.RoleName)
	if err != nil {
		return nil, err
	}
	r := old.clone()
	if in.Description != nil {
		r.Description = *in.Description
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = int(*in.MaxSessionDuration)
	}
	c.state.putRole(r)
	return &iam.UpdateRoleOutput{}, nil
}

func updateRoleDescription(c *call, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	old, err := c.describedRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	r := old.clone()
	r.Description = text(in.Description)
	c.state.putRole(r)
	return &iam.UpdateRoleDescriptionOutput{Role: c.state.full(r)}, nil
}

func updateAssumeRolePolicy(c *call, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	old, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	trust, err := c.trust(text(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	r := old.clone()
	r.Trust = trust
	c.state.putRole(r)
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

// deleteRole does not mind sessions; they end with the role.
func deleteRole(c *call, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.Inline) > 0:
		return nil, inUse("delete policies first")
	case len(r.Attached) > 0:
		return nil, inUse("detach all policies first")
	case len(c.state.belongings.profilesOf(r)) > 0:
		return nil, inUse("remove roles from instance profile first")
	}
	c.state.removeRole(r.Name)
	return &iam.DeleteRoleOutput{}, nil
}
