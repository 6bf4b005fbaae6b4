package detect

import (
	"warden/finding"
)

var instanceProfileCreate = Detection{
	ID:         "iam.instance-profile.create",
	Title:      "Instance profile created",
	Why:        "Prepares handing a role to a machine.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Low,
	Events:     on("iam", "CreateInstanceProfile"),
	Hits: []Example{
		{Call: "iam:CreateInstanceProfile", Request: `{"instanceProfileName":"p"}`},
	},
	Misses: []Example{
		{Call: "iam:ListInstanceProfiles"},
	},
}
