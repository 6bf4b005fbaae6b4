package detect

import (
	"warden/finding"
)

var roleUpdate = Detection{
	ID:         "iam.role.update",
	Title:      "Role settings changed",
	Why:        "A longer maximum session keeps stolen sessions alive.",
	Techniques: []string{"T1098"},
	Severity:   finding.Low,
	Events:     on("iam", "UpdateRole", "UpdateRoleDescription"),
	Inverse:    byHand("look at the role's description and maximum session, and put them back (aws iam update-role)"),
	Hits: []Example{
		{Call: "iam:UpdateRole", Request: `{"roleName":"ops","maxSessionDuration":43200}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"ops"}`},
	},
}
