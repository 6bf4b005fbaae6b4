package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func boundaryOperations() map[string]operation {
	return map[string]operation{
		"PutUserPermissionsBoundary":    act(onUser, putUserBoundary, "UserName", "PermissionsBoundary"),
		"DeleteUserPermissionsBoundary": act(onUser, deleteUserBoundary, "UserName"),
		"PutRolePermissionsBoundary":    act(onRole, putRoleBoundary, "RoleName", "PermissionsBoundary"),
		"DeleteRolePermissionsBoundary": act(onRole, deleteRoleBoundary, "RoleName"),
	}
}

// boundary checks that arn may be a boundary: a managed policy, or "".
func (c *call) boundary(arn string) error {
	if arn == "" {
		return nil
	}
	if _, err := policyARN(arn); err != nil {
		return err
	}
	p, err := c.attachable(arn)
	if err != nil {
		return fail(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	c.state.keep(p)
	return nil
}

func putUserBoundary(c *call, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if err := c.boundary(text(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	u := old.clone()
	u.Boundary = text(in.PermissionsBoundary)
	c.state.putUser(u)
	return &iam.PutUserPermissionsBoundaryOutput{}, nil
}

func deleteUserBoundary(c *call, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if old.Boundary == "" {
		return nil, fail(404, "NoSuchEntity", "The user with name %s has no permissions boundary.", old.Name)
	}
	u := old.clone()
	u.Boundary = ""
	c.state.putUser(u)
	return &iam.DeleteUserPermissionsBoundaryOutput{}, nil
}

func putRoleBoundary(c *call, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
	old, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := c.boundary(text(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	r := old.clone()
	r.Boundary = text(in.PermissionsBoundary)
	c.state.putRole(r)
	return &iam.PutRolePermissionsBoundaryOutput{}, nil
}

func deleteRoleBoundary(c *call, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	old, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if old.Boundary == "" {
		return nil, fail(404, "NoSuchEntity", "The role with name %s has no permissions boundary.", old.Name)
	}
	r := old.clone()
	r.Boundary = ""
	c.state.putRole(r)
	return &iam.DeleteRolePermissionsBoundaryOutput{}, nil
}
