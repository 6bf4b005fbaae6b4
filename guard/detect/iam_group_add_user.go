package detect

import (
	"warden/finding"
)

var groupAddUser = Detection{
	ID:         "iam.group.add-user",
	Title:      "User added to a group",
	Why:        "Membership gives everything that the group has; in the administrators' group, the account.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "AddUserToGroup"),
	Inverse:    removeFromGroup,
	Hits: []Example{
		{Call: "iam:AddUserToGroup", Request: `{"userName":"mallory","groupName":"Administrators"}`},
	},
	Misses: []Example{
		{Call: "iam:RemoveUserFromGroup", Request: `{"userName":"mallory","groupName":"devs"}`},
	},
}
