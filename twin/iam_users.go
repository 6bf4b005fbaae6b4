package twin

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func userOperations() map[string]operation {
	return map[string]operation{
		"CreateUser": act(onNew("user", "UserName"), createUser, "UserName"),
		"GetUser":    act(onCaller, getUser),
		"ListUsers":  act(onPath("user"), listUsers),
		"UpdateUser": act(onUser, updateUser, "UserName"),
		"DeleteUser": act(onUser, deleteUser, "UserName"),
	}
}

// user finds a user by name.
func (c *call) user(name *string) (*user, error) {
	if u := c.state.users.get(text(name)); u != nil {
		return u, nil
	}
	return nil, fail(404, "NoSuchEntity", "The user with name %s cannot be found.", text(name))
}

// userOrCaller is the user of that name, or the caller without a name.
func (c *call) userOrCaller(name *string) (*user, error) {
	if text(name) == "" {
		return c.callingUser()
	}
	return c.user(name)
}

func createUser(c *call, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	s, name := c.state, text(in.UserName)
	if s.users.get(name) != nil {
		return nil, fail(409, "EntityAlreadyExists", "User with name %s already exists.", name)
	}
	if s.users.len() >= s.quotas.users {
		return nil, exceeded("UsersPerAccount", s.quotas.users)
	}
	tags, err := c.newTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.boundary(text(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	path := pathOr(in.Path)
	u := &user{User: account.User{
		Path: path, Name: name, ID: s.next.make(prefixUser), ARN: s.arn("user", path, name),
		CreateDate: *when(c.now), Boundary: text(in.PermissionsBoundary), Tags: tags,
	}}
	s.putUser(u)
	return &iam.CreateUserOutput{User: u.full()}, nil
}

func pathOr(p *string) string {
	if p == nil || *p == "" {
		return "/"
	}
	return *p
}

// exceeded is what IAM answers when a quota is full.
func exceeded(quota string, limit int) error {
	return fail(409, "LimitExceeded", "Cannot exceed quota for %s: %d", quota, limit)
}

func getUser(c *call, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	if text(in.UserName) == "" && c.principal.isRoot() {
		return &iam.GetUserOutput{User: &types.User{
			Arn: ptr(c.principal.arn), UserId: ptr(c.state.account), Path: ptr("/"), CreateDate: when(c.state.created()),
		}}, nil
	}
	u, err := c.userOrCaller(in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.GetUserOutput{User: u.full()}, nil
}

func listUsers(c *call, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	all := listed(c.state.users.all(), in.PathPrefix, func(u *user) string { return u.Path })
	part, next, more, err := page(c, all, func(u *user) string { return fold(u.Name) }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListUsersOutput{Users: []types.User{}, IsTruncated: more, Marker: next}
	for _, u := range part {
		out.Users = append(out.Users, u.brief())
	}
	return out, nil
}

// updateUser renames or moves: the id, groups and policies stay; policies
// that name the old ARN are not rewritten (IAM User Guide, "Rename an IAM
// user").
func updateUser(c *call, in *iam.UpdateUserInput) (*iam.UpdateUserOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	u := old.clone()
	if name := text(in.NewUserName); name != "" {
		if other := c.state.users.get(name); other != nil && other != old {
			return nil, fail(409, "EntityAlreadyExists", "User with name %s already exists.", name)
		}
		u.Name = name
	}
	if in.NewPath != nil {
		u.Path = *in.NewPath
	}
	u.ARN = c.state.arn("user", u.Path, u.Name)
	c.state.renameUser(old.Name, u)
	return &iam.UpdateUserOutput{}, nil
}

// deleteUser refuses while anything depends on the user.
// IAM API Reference, DeleteUser.
func deleteUser(c *call, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	switch {
	case u.LoginProfile != nil:
		return nil, inUse("delete login profile first")
	case len(u.AccessKeys) > 0:
		return nil, inUse("delete access keys first")
	case c.state.belongings.keepsUser(u.ID) != "":
		return nil, inUse(c.state.belongings.keepsUser(u.ID))
	case len(u.Inline) > 0:
		return nil, inUse("delete policies first")
	case len(u.Attached) > 0:
		return nil, inUse("detach all policies first")
	case len(u.Groups) > 0:
		return nil, inUse("remove users from group first")
	}
	c.state.removeUser(u.Name)
	delete(c.state.secrets.passwords, u.ID)
	return &iam.DeleteUserOutput{}, nil
}

// inUse is what IAM answers when something still depends on an entity.
func inUse(must string) error {
	return fail(409, "DeleteConflict", "Cannot delete entity, must %s.", must)
}

// members are the users of a group, by name.
func (s *state) members(g *group) []*user {
	var out []*user
	for _, u := range s.users.all() {
		if slices.Contains(u.Groups, g.Name) {
			out = append(out, u)
		}
	}
	return out
}
