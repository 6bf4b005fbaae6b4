package twin

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
)

func passwordOperations() map[string]operation {
	return map[string]operation{
		"CreateLoginProfile": act(onUser, createLoginProfile, "UserName", "Password"),
		"GetLoginProfile":    act(onUser, getLoginProfile, "UserName"),
		"UpdateLoginProfile": act(onUser, updateLoginProfile, "UserName"),
		"DeleteLoginProfile": act(onUser, deleteLoginProfile, "UserName"),
		"ChangePassword":     act(onSelf, changePassword, "OldPassword", "NewPassword"),
	}
}

// profile finds a user, in a clone, who has a password.
func (c *call) profile(name *string) (*user, error) {
	old, err := c.user(name)
	if err != nil {
		return nil, err
	}
	if old.LoginProfile == nil {
		return nil, fail(404, "NoSuchEntity", "Login Profile for User %s cannot be found.", old.Name)
	}
	return old.clone(), nil
}

func wireProfile(u *user) *types.LoginProfile {
	return &types.LoginProfile{UserName: ptr(u.Name), CreateDate: when(u.LoginProfile.CreateDate), PasswordResetRequired: u.LoginProfile.PasswordResetRequired}
}

func createLoginProfile(c *call, in *iam.CreateLoginProfileInput) (*iam.CreateLoginProfileOutput, error) {
	old, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if old.LoginProfile != nil {
		return nil, fail(409, "EntityAlreadyExists", "Login Profile for user %s already exists.", old.Name)
	}
	if err := c.checkPassword(old, text(in.Password)); err != nil {
		return nil, err
	}
	u := old.clone()
	u.LoginProfile = &account.LoginProfile{CreateDate: *when(c.now), PasswordResetRequired: in.PasswordResetRequired}
	c.state.secrets.passwords[u.ID] = text(in.Password)
	c.state.belongings.passwordDates[u.ID] = *when(c.now)
	c.state.putUser(u)
	return &iam.CreateLoginProfileOutput{LoginProfile: wireProfile(u)}, nil
}

func getLoginProfile(c *call, in *iam.GetLoginProfileInput) (*iam.GetLoginProfileOutput, error) {
	u, err := c.profile(in.UserName)
	if err != nil {
		return nil, err
	}
	return &iam.GetLoginProfileOutput{LoginProfile: wireProfile(u)}, nil
}

func updateLoginProfile(c *call, in *iam.UpdateLoginProfileInput) (*iam.UpdateLoginProfileOutput, error) {
	u, err := c.profile(in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Password != nil {
		if err := c.checkPassword(u, *in.Password); err != nil {
			return nil, err
		}
		c.state.secrets.passwords[u.ID] = *in.Password
		c.state.belongings.passwordDates[u.ID] = *when(c.now)
	}
	if in.PasswordResetRequired != nil {
		u.LoginProfile = &account.LoginProfile{CreateDate: u.LoginProfile.CreateDate, PasswordResetRequired: *in.PasswordResetRequired}
	}
	c.state.putUser(u)
	return &iam.UpdateLoginProfileOutput{}, nil
}

func deleteLoginProfile(c *call, in *iam.DeleteLoginProfileInput) (*iam.DeleteLoginProfileOutput, error) {
	u, err := c.profile(in.UserName)
	if err != nil {
		return nil, err
	}
	u.LoginProfile = nil
	delete(c.state.secrets.passwords, u.ID)
	delete(c.state.belongings.passwordDates, u.ID)
	c.state.putUser(u)
	return &iam.DeleteLoginProfileOutput{}, nil
}

// changePassword needs the old password, which the twin knows only where a
// request has set it: snapshots hold no passwords.
func changePassword(c *call, in *iam.ChangePasswordInput) (*iam.ChangePasswordOutput, error) {
	u, err := c.callingUser()
	if err != nil {
		return nil, fail(400, "InvalidUserType", "Only an IAM user can change his password.")
	}
	if u.LoginProfile == nil {
		return nil, fail(404, "NoSuchEntity", "Login Profile for User %s cannot be found.", u.Name)
	}
	if old, known := c.state.secrets.passwords[u.ID]; !known || old != text(in.OldPassword) {
		return nil, refuse(403, "AccessDenied", "The old password was incorrect.")
	}
	if err := c.checkPassword(u, text(in.NewPassword)); err != nil {
		return nil, err
	}
	c.state.secrets.passwords[u.ID] = text(in.NewPassword)
	c.state.belongings.passwordDates[u.ID] = *when(c.now)
	v := u.clone()
	v.LoginProfile = &account.LoginProfile{CreateDate: u.LoginProfile.CreateDate}
	c.state.putUser(v)
	return &iam.ChangePasswordOutput{}, nil
}
