package escalation

import "warden/account/authorize"

const (
	user = authorize.User
	role = authorize.Role
)

// selfPaths give the caller himself everything.
var selfPaths = []*Path{
	{ID: "iam-008", Title: "AdministratorAccess attached to himself", Kind: Self, Of: user, Needs: []Need{{Action: "iam:AttachUserPolicy", On: Himself}}},
	{ID: "iam-009", Title: "AdministratorAccess attached to his own role", Kind: Self, Of: role, Needs: []Need{{Action: "iam:AttachRolePolicy", On: Himself}}},
	{ID: "iam-007", Title: "Inline policy on himself", Kind: Self, Of: user, Needs: []Need{{Action: "iam:PutUserPolicy", On: Himself}}},
	{ID: "iam-005", Title: "Inline policy on his own role", Kind: Self, Of: role, Needs: []Need{{Action: "iam:PutRolePolicy", On: Himself}}},
	{ID: "iam-010", Title: "AdministratorAccess attached to his group", Kind: Self, Of: user, Needs: []Need{{Action: "iam:AttachGroupPolicy", On: OwnGroup}}},
	{ID: "iam-011", Title: "Inline policy on his group", Kind: Self, Of: user, Needs: []Need{{Action: "iam:PutGroupPolicy", On: OwnGroup}}},
	{ID: "iam-001", Title: "New version of a policy of his own", Kind: Self, Needs: []Need{{Action: "iam:CreatePolicyVersion", On: OwnPolicy}}},
	{ID: "iam-013", Title: "Joins a group of administrators", Kind: Self, Of: user, Needs: []Need{{Action: "iam:AddUserToGroup", On: NewGroup}}},
}

// principalPaths make the caller another user or role.
var principalPaths = []*Path{
	{ID: "sts-001", Title: "Assumes the role", Kind: Become, Of: role, Needs: []Need{{Action: "sts:AssumeRole", On: Target}}},
	{ID: "iam-012", Title: "Rewrites the trust policy of the role and assumes it", Kind: Become, Of: role, Needs: []Need{{Action: "iam:UpdateAssumeRolePolicy", On: Target}}, applies: editable},
	{ID: "iam-002", Title: "Makes an access key for the user", Kind: Become, Of: user, Needs: []Need{{Action: "iam:CreateAccessKey", On: Target}}, applies: keyPlace},
	{ID: "iam-003", Title: "Removes an access key of the user and makes one", Kind: Become, Of: user, Needs: []Need{{Action: "iam:CreateAccessKey", On: Target}, {Action: "iam:DeleteAccessKey", On: Target}}},
	{ID: "iam-004", Title: "Gives the user a password", Kind: Become, Of: user, Needs: []Need{{Action: "iam:CreateLoginProfile", On: Target}}, applies: noPassword},
	{ID: "iam-006", Title: "Changes the user's password", Kind: Become, Of: user, Needs: []Need{{Action: "iam:UpdateLoginProfile", On: Target}}, applies: hasPassword},
	{ID: "warden-saml-metadata", Title: "Replaces the metadata of a SAML provider that the role trusts", Kind: Become, Of: role, Needs: []Need{{Action: "iam:UpdateSAMLProvider", On: Provider}}, applies: trustsSAML},
}

// raisePaths give somebody else everything, and make the caller that one.
var raisePaths = []*Path{
	{ID: "iam-014", Title: "AdministratorAccess attached to a role that he assumes", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:AttachRolePolicy", On: Target}, {Action: "sts:AssumeRole", On: Target}}, applies: editable},
	{ID: "iam-016", Title: "New version of a policy of a role that he assumes", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:CreatePolicyVersion", On: TargetPolicy}, {Action: "sts:AssumeRole", On: Target}}},
	{ID: "iam-017", Title: "Inline policy on a role that he assumes", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:PutRolePolicy", On: Target}, {Action: "sts:AssumeRole", On: Target}}, applies: editable},
	{ID: "iam-019", Title: "AdministratorAccess attached to a role whose trust policy he rewrites", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:AttachRolePolicy", On: Target}, {Action: "iam:UpdateAssumeRolePolicy", On: Target}}, applies: editable},
	{ID: "iam-020", Title: "New version of a policy of a role whose trust policy he rewrites", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:CreatePolicyVersion", On: TargetPolicy}, {Action: "iam:UpdateAssumeRolePolicy", On: Target}}, applies: editable},
	{ID: "iam-021", Title: "Inline policy on a role whose trust policy he rewrites", Kind: Raise, Of: role, Needs: []Need{{Action: "iam:PutRolePolicy", On: Target}, {Action: "iam:UpdateAssumeRolePolicy", On: Target}}, applies: editable},
	{ID: "iam-015", Title: "AdministratorAccess attached to a user for whom he makes a key", Kind: Raise, Of: user, Needs: []Need{{Action: "iam:AttachUserPolicy", On: Target}, {Action: "iam:CreateAccessKey", On: Target}}, applies: keyPlace},
	{ID: "iam-018", Title: "Inline policy on a user for whom he makes a key", Kind: Raise, Of: user, Needs: []Need{{Action: "iam:PutUserPolicy", On: Target}, {Action: "iam:CreateAccessKey", On: Target}}, applies: keyPlace},
}
