package detect

import (
	"warden/finding"
)

var identityRename = Detection{
	ID:         "iam.identity.rename",
	Title:      "User or group renamed",
	Why:        "A new name escapes rules that match by name; a group renamed to the administrators' makes its members administrators.",
	Techniques: []string{"T1098", "T1036"},
	Severity:   finding.Medium,
	Events:     on("iam", "UpdateUser", "UpdateGroup"),
	Inverse:    byHand("give back the former name (aws iam update-user, update-group)"),
	Hits: []Example{
		{Call: "iam:UpdateGroup", Request: `{"groupName":"devs","newGroupName":"Administrators"}`},
		{Call: "iam:UpdateUser", Request: `{"userName":"eve","newUserName":"backup"}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateRole", Request: `{"roleName":"ops"}`},
	},
}
