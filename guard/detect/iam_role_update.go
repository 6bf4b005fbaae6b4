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
	Hits: []Example{
		{Call: "iam:UpdateRole", Request: `{"roleName":"ops","maxSessionDuration":43200}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"ops"}`},
	},
}
