package detect

import (
	"warden/finding"
)

var identityDelete = Detection{
	ID:         "iam.identity.delete",
	Title:      "User, role or group deleted",
	Why:        "Locks people and programs out, or removes the traces of a back door.",
	Techniques: []string{"T1531", "T1070"},
	Severity:   finding.High,
	Events:     on("iam", "DeleteUser", "DeleteRole", "DeleteGroup"),
	Inverse:    byHand("an identity made again has another unique id: make it from a snapshot, and look at the policies that name the old one"),
	Hits: []Example{
		{Call: "iam:DeleteUser", Request: `{"userName":"eve"}`},
		{Call: "iam:DeleteRole", Request: `{"roleName":"ops"}`},
		{Call: "iam:DeleteGroup", Request: `{"groupName":"devs"}`},
	},
	Misses: []Example{
		{Call: "iam:DeleteUserPolicy", Request: `{"userName":"eve"}`},
	},
}
