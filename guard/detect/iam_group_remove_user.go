package detect

import (
	"warden/finding"
)

var groupRemoveUser = Detection{
	ID:         "iam.group.remove-user",
	Title:      "User removed from a group",
	Why:        "Frees a user of a group that denies, or takes an administrator's rights.",
	Techniques: []string{"T1531"},
	Severity:   finding.Medium,
	Events:     on("iam", "RemoveUserFromGroup"),
	Inverse:    addToGroup,
	Hits: []Example{
		{Call: "iam:RemoveUserFromGroup", Request: `{"userName":"eve","groupName":"deny"}`},
	},
	Misses: []Example{
		{Call: "iam:AddUserToGroup", Request: `{"userName":"eve","groupName":"devs"}`},
	},
}
