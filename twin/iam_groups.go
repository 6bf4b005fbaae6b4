package twin

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func groupOperations() map[string]operation {
	return map[string]operation{
		"CreateGroup":         act(onNew("group", "GroupName"), createGroup, "GroupName"),
		"GetGroup":            act(onGroup, getGroup, "GroupName"),
		"ListGroups":          act(onPath("group"), listGroups),
		"UpdateGroup":         act(onGroup, updateGroup, "GroupName"),
		"DeleteGroup":         act(onGroup, deleteGroup, "GroupName"),
		"AddUserToGroup":      act(onGroup, addUserToGroup, "GroupName", "UserName"),
		"RemoveUserFromGroup": act(onGroup, removeUserFromGroup, "GroupName", "UserName"),
		"ListGroupsForUser":   act(onUser, listGroupsForUser, "UserName"),
	}
}

func (c *call) group(name *string) (*group, error) {
	if g := c.state.groups.get(text(name)); g != nil {
		return g, nil
	}
	return nil, fail(404, "NoSuchEntity", "The group with name %s cannot be found.", text(name))
}

func createGroup(c *call, in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	s, name := c.state, text(in.GroupName)
	if s.groups.get(name) != nil {
		return nil, fail(409, "EntityAlreadyExists", "Group with name %s already exists.", name)
	}
	if s.groups.len() >= s.quotas.groups {
		return nil, exceeded("GroupsPerAccount", s.quotas.groups)
	}
	path := pathOr(in.Path)
	g := &group{Group: account.Group{
		Path: path, Name: name, ID: s.next.make(prefixGroup), ARN: s.arn("group", path, name), CreateDate: *when(c.now),
	}}
	s.putGroup(g)
	return &iam.CreateGroupOutput{Group: g.wire()}, nil
}

func getGroup(c *call, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	part, next, more, err := page(c, c.state.members(g), func(u *user) string { return fold(u.Name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.GetGroupOutput{Group: g.wire(), Users: []types.User{}, IsTruncated: more, Marker: next}
	for _, u := range part {
		out.Users = append(out.Users, u.brief())
	}
	return out, nil
}

func listGroups(c *call, in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	all := listed(c.state.groups.all(), in.PathPrefix, func(g *group) string { return g.Path })
	part, next, more, err := page(c, all, func(g *group) string { return fold(g.Name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsOutput{Groups: wireGroups(part), IsTruncated: more, Marker: next}, nil
}

func wireGroups(groups []*group) []types.Group {
	out := []types.Group{}
	for _, g := range groups {
		out = append(out, *g.wire())
	}
	return out
}

func updateGroup(c *call, in *iam.UpdateGroupInput) (*iam.UpdateGroupOutput, error) {
	old, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	g := old.clone()
	if name := text(in.NewGroupName); name != "" {
		if other := c.state.groups.get(name); other != nil && other != old {
			return nil, fail(409, "EntityAlreadyExists", "Group with name %s already exists.", name)
		}
		g.Name = name
	}
	if in.NewPath != nil {
		g.Path = *in.NewPath
	}
	g.ARN = c.state.arn("group", g.Path, g.Name)
	members := c.state.members(old)
	c.state.renameGroup(old.Name, g)
	if g.Name != old.Name {
		for _, m := range members {
			u := m.clone()
			u.Groups[slices.Index(u.Groups, old.Name)] = g.Name
			c.state.putUser(u)
		}
	}
	return &iam.UpdateGroupOutput{}, nil
}

func deleteGroup(c *call, in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(c.state.members(g)) > 0:
		return nil, inUse("remove users from group first")
	case len(g.Inline) > 0:
		return nil, inUse("delete policies first")
	case len(g.Attached) > 0:
		return nil, inUse("detach all policies first")
	}
	c.state.removeGroup(g.Name)
	return &iam.DeleteGroupOutput{}, nil
}

// membership finds both sides of AddUserToGroup and RemoveUserFromGroup.
func (c *call) membership(groupName, userName *string) (*group, *user, error) {
	g, err := c.group(groupName)
	if err != nil {
		return nil, nil, err
	}
	u, err := c.user(userName)
	return g, u, err
}

func addUserToGroup(c *call, in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	g, old, err := c.membership(in.GroupName, in.UserName)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(old.Groups, g.Name) {
		if len(old.Groups) >= c.state.quotas.groupsPerUser {
			return nil, exceeded("GroupsPerUser", c.state.quotas.groupsPerUser)
		}
		u := old.clone()
		u.Groups = append(u.Groups, g.Name)
		c.state.putUser(u)
	}
	return &iam.AddUserToGroupOutput{}, nil
}

func removeUserFromGroup(c *call, in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	g, old, err := c.membership(in.GroupName, in.UserName)
	if err != nil {
		return nil, err
	}
	at := slices.Index(old.Groups, g.Name)
	if at < 0 {
		return nil, fail(404, "NoSuchEntity", "The user with name %s is not in the group with name %s.", old.Name, g.Name)
	}
	u := old.clone()
	u.Groups = slices.Delete(u.Groups, at, at+1)
	c.state.putUser(u)
	return &iam.RemoveUserFromGroupOutput{}, nil
}

func listGroupsForUser(c *call, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	var groups []*group
	for _, name := range u.Groups {
		if g := c.state.groups.get(name); g != nil {
			groups = append(groups, g)
		}
	}
	part, next, more, err := page(c, groups, func(g *group) string { return fold(g.Name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListGroupsForUserOutput{Groups: wireGroups(part), IsTruncated: more, Marker: next}, nil
}
