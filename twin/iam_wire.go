package twin

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

// ptr is the address of a copy of v.
func ptr[T any](v T) *T { return &v }

// optional is nil for the empty text: IAM leaves such members out.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// when is a date as IAM keeps it, in whole seconds.
func when(t time.Time) *time.Time { return ptr(t.UTC().Truncate(time.Second)) }

func boundaryOf(arn string) *types.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: &arn, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

// brief is a user as lists show it: without boundary and tags.
// IAM API Reference, ListUsers.
func (u *user) brief() types.User {
	out := types.User{Arn: ptr(u.ARN), CreateDate: when(u.CreateDate), Path: ptr(u.Path), UserId: ptr(u.ID), UserName: ptr(u.Name)}
	if u.PasswordLastUsed != nil {
		out.PasswordLastUsed = when(*u.PasswordLastUsed)
	}
	return out
}

// full is a user as GetUser shows it.
func (u *user) full() *types.User {
	out := u.brief()
	out.PermissionsBoundary, out.Tags = boundaryOf(u.Boundary), sortedTags(u.Tags)
	return &out
}

func (g *group) wire() *types.Group {
	return &types.Group{Arn: ptr(g.ARN), CreateDate: when(g.CreateDate), GroupId: ptr(g.ID), GroupName: ptr(g.Name), Path: ptr(g.Path)}
}

// brief is a role as ListRoles shows it: without boundary, tags and last use.
func (s *state) brief(r *role) types.Role {
	return types.Role{
		Arn: ptr(r.ARN), CreateDate: when(r.CreateDate), Path: ptr(r.Path), RoleId: ptr(r.ID), RoleName: ptr(r.Name),
		AssumeRolePolicyDocument: encoded(s.trustWithARNs(r.Trust)), Description: optional(r.Description), MaxSessionDuration: ptr(int32(r.MaxSession)),
	}
}

// full is a role as GetRole shows it.
func (s *state) full(r *role) *types.Role {
	out := s.brief(r)
	out.PermissionsBoundary, out.Tags, out.RoleLastUsed = boundaryOf(r.Boundary), sortedTags(r.Tags), s.roleLastUsed(r)
	return &out
}

func (s *state) roleLastUsed(r *role) *types.RoleLastUsed {
	use, ok := s.roleUse[r.ID]
	if !ok && r.LastUsed != nil {
		use, ok = *r.LastUsed, true
	}
	if !ok {
		return &types.RoleLastUsed{}
	}
	return &types.RoleLastUsed{LastUsedDate: when(use.Date), Region: ptr(use.Region)}
}

// usage counts who uses each managed policy. Use as a boundary is counted
// apart (IAM API Reference, Policy: AttachmentCount).
type usage struct{ attached, boundary map[string]int32 }

func (s *state) usage() usage {
	u := usage{map[string]int32{}, map[string]int32{}}
	for _, x := range s.users.rows {
		u.count(x.value.Attached, x.value.Boundary)
	}
	for _, x := range s.groups.rows {
		u.count(x.value.Attached, "")
	}
	for _, x := range s.roles.rows {
		u.count(x.value.Attached, x.value.Boundary)
	}
	return u
}

func (u usage) count(attached []string, boundary string) {
	for _, arn := range attached {
		u.attached[arn]++
	}
	if boundary != "" {
		u.boundary[boundary]++
	}
}

// brief is a policy as ListPolicies shows it: without description and tags.
func (m *managed) brief(u usage) types.Policy {
	out := types.Policy{
		Arn: ptr(m.ARN), AttachmentCount: ptr(u.attached[m.ARN]), PermissionsBoundaryUsageCount: ptr(u.boundary[m.ARN]),
		CreateDate: when(m.CreateDate), UpdateDate: when(m.UpdateDate), IsAttachable: true,
		Path: ptr(m.Path), PolicyId: ptr(m.ID), PolicyName: ptr(m.Name),
	}
	if v := m.Default(); v != nil {
		out.DefaultVersionId = ptr(v.ID)
	}
	return out
}

func (m *managed) full(u usage) *types.Policy {
	out := m.brief(u)
	out.Description, out.Tags = optional(m.Description), sortedTags(m.Tags)
	return &out
}

// wireVersion is a version of a policy; lists show it without document.
func wireVersion(v account.PolicyVersion, document bool) types.PolicyVersion {
	out := types.PolicyVersion{CreateDate: when(v.CreateDate), IsDefaultVersion: v.Default, VersionId: ptr(v.ID)}
	if document {
		out.Document = encoded(v.Document)
	}
	return out
}

func attachedPolicies(arns []string) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, arn := range arns {
		out = append(out, types.AttachedPolicy{PolicyArn: ptr(arn), PolicyName: ptr(nameOf(arn))})
	}
	return out
}
