package detect

import (
	"warden/finding"
)

var instanceProfileAddRole = Detection{
	ID:         "iam.instance-profile.add-role",
	Title:      "Role put into an instance profile",
	Why:        "Every machine with the profile can become the role.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "AddRoleToInstanceProfile"),
	Inverse:    removeFromProfile,
	Hits: []Example{
		{Call: "iam:AddRoleToInstanceProfile", Request: `{"instanceProfileName":"p","roleName":"ops"}`},
	},
	Misses: []Example{
		{Call: "iam:RemoveRoleFromInstanceProfile", Request: `{"instanceProfileName":"p","roleName":"ops"}`},
	},
}
