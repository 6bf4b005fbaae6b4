package detect

import (
	"warden/finding"
)

var roleTrustUpdate = Detection{
	ID:         "iam.role.trust-update",
	Title:      "Trust policy of a role changed",
	Why:        "Decides who may become the role; nothing else about the role shows the change.",
	Techniques: []string{"T1098"},
	Severity:   finding.High,
	Events:     on("iam", "UpdateAssumeRolePolicy"),
	Inverse:    restoreTrust,
	Hits: []Example{
		{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"ops"}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateRole", Request: `{"roleName":"ops"}`},
	},
}
