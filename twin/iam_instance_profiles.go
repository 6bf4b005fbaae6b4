package twin

import (
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// instanceProfile carries a role to EC2 instances.
type instanceProfile struct {
	path, name, id, arn string
	created             time.Time
	role                string // the name of the one role, "" for none
	tags                map[string]string
}

func profileOperations() map[string]operation {
	return map[string]operation{
		"CreateInstanceProfile":         act(onNew("instance-profile", "InstanceProfileName"), createInstanceProfile, "InstanceProfileName"),
		"GetInstanceProfile":            act(onProfile, getInstanceProfile, "InstanceProfileName"),
		"ListInstanceProfiles":          act(onPath("instance-profile"), listInstanceProfiles),
		"DeleteInstanceProfile":         act(onProfile, deleteInstanceProfile, "InstanceProfileName"),
		"AddRoleToInstanceProfile":      act(onProfile, addRoleToInstanceProfile, "InstanceProfileName", "RoleName"),
		"RemoveRoleFromInstanceProfile": act(onProfile, removeRoleFromInstanceProfile, "InstanceProfileName", "RoleName"),
		"ListInstanceProfilesForRole":   act(onRole, listInstanceProfilesForRole, "RoleName"),
	}
}

func onProfile(c *call, v reflect.Value) (entity, error) {
	name := param(v, "InstanceProfileName")
	if p := c.state.belongings.profiles.get(name); p != nil {
		return entity{arn: p.arn, tags: p.tags}, nil
	}
	return entity{arn: c.state.arn("instance-profile", "/", name)}, nil
}

func (c *call) profileNamed(name *string) (*instanceProfile, error) {
	if p := c.state.belongings.profiles.get(text(name)); p != nil {
		return p, nil
	}
	return nil, fail(404, "NoSuchEntity", "Instance Profile %s cannot be found.", text(name))
}

func createInstanceProfile(c *call, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	b, name, path := c.state.belongings, text(in.InstanceProfileName), pathOr(in.Path)
	if b.profiles.get(name) != nil {
		return nil, fail(409, "EntityAlreadyExists", "Instance Profile %s already exists.", name)
	}
	if limit := c.state.quotas.profiles; b.profiles.len() >= limit {
		return nil, exceeded("InstanceProfilesPerAccount", limit)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &instanceProfile{
		path: path, name: name, id: c.state.next.make(prefixProfile), arn: c.state.arn("instance-profile", path, name),
		created: *when(c.now), tags: tags,
	}
	b.profiles.put(name, p)
	return &iam.CreateInstanceProfileOutput{InstanceProfile: c.state.wireInstanceProfile(p)}, nil
}

// wireInstanceProfile shows a profile with its role as ListRoles shows roles.
func (s *state) wireInstanceProfile(p *instanceProfile) *types.InstanceProfile {
	out := &types.InstanceProfile{
		Arn: ptr(p.arn), CreateDate: when(p.created), InstanceProfileId: ptr(p.id), InstanceProfileName: ptr(p.name),
		Path: ptr(p.path), Roles: []types.Role{}, Tags: sortedTags(p.tags),
	}
	if r := s.roles.get(p.role); p.role != "" && r != nil {
		out.Roles = append(out.Roles, s.brief(r))
	}
	return out
}

func getInstanceProfile(c *call, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	p, err := c.profileNamed(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: c.state.wireInstanceProfile(p)}, nil
}

// profilePage is a page of profiles.
func profilePage(c *call, all []*instanceProfile, marker *string, max *int32) ([]types.InstanceProfile, *string, bool, error) {
	part, next, more, err := page(c, all, func(p *instanceProfile) string { return fold(p.name) }, marker, max)
	out := []types.InstanceProfile{}
	for _, p := range part {
		out = append(out, *c.state.wireInstanceProfile(p))
	}
	return out, next, more, err
}

func listInstanceProfiles(c *call, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	all := listed(c.state.belongings.profiles.all(), in.PathPrefix, func(p *instanceProfile) string { return p.path })
	profiles, next, more, err := profilePage(c, all, in.Marker, in.MaxItems)
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: profiles, IsTruncated: more, Marker: next}, err
}

func listInstanceProfilesForRole(c *call, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	profiles, next, more, err := profilePage(c, c.state.belongings.profilesOf(r), in.Marker, in.MaxItems)
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: profiles, IsTruncated: more, Marker: next}, err
}

// profilesOf lists the profiles that carry a role, by name.
func (b *belongings) profilesOf(r *role) []*instanceProfile {
	return of(&b.profiles, fold(r.Name), func(p *instanceProfile) string { return fold(p.role) })
}

func deleteInstanceProfile(c *call, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	p, err := c.profileNamed(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if p.role != "" {
		return nil, inUse("remove roles from instance profile first")
	}
	c.state.belongings.profiles.remove(p.name)
	return &iam.DeleteInstanceProfileOutput{}, nil
}

// addRoleToInstanceProfile: a profile has one role. IAM API Reference,
// AddRoleToInstanceProfile; the words of the refusal were seen.
func addRoleToInstanceProfile(c *call, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	p, err := c.profileNamed(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.role != "" {
		return nil, exceeded("InstanceSessionsPerInstanceProfile", 1)
	}
	p.role = r.Name
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

func removeRoleFromInstanceProfile(c *call, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	p, err := c.profileNamed(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := c.modifiableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if fold(p.role) != fold(r.Name) {
		return nil, fail(404, "NoSuchEntity", "The role with name %s is not in instance profile %s.", r.Name, p.name)
	}
	p.role = ""
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}
