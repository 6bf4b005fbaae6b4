package detect

import (
	"warden/finding"
)

var roleCreate = Detection{
	ID:         "iam.role.create",
	Title:      "IAM role created",
	Why:        "A role that an outsider may assume is a back door with no credential to find.",
	Techniques: []string{"T1136.003"},
	Severity:   finding.Medium,
	Events:     on("iam", "CreateRole"),
	Inverse:    quarantineRole,
	Hits: []Example{
		{Call: "iam:CreateRole", Request: `{"roleName":"support"}`, Response: `{"role":{"roleName":"support","arn":"arn:aws:iam::111122223333:role/support"}}`},
	},
	Misses: []Example{
		{Call: "iam:CreateServiceLinkedRole"},
		{Call: "iam:GetRole"},
	},
}
