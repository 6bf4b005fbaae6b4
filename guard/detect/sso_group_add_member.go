package detect

import (
	"warden/finding"
)

var ssoGroupAddMember = Detection{
	ID:         "sso.group.add-member",
	Title:      "Member added to an Identity Center group",
	Why:        "Gives every assignment of the group.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     append(on("sso-directory", "AddMemberToGroup"), on("identitystore", "CreateGroupMembership")...),
	Hits: []Example{
		{Call: "sso-directory:AddMemberToGroup", By: "role"},
		{Call: "identitystore:CreateGroupMembership", By: "role"},
	},
	Misses: []Example{
		{Call: "iam:AddUserToGroup", Request: `{"userName":"eve","groupName":"devs"}`},
	},
}
