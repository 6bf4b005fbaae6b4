package detect

import (
	"warden/finding"
)

var rootAccessToggle = Detection{
	ID:         "iam.root-access.toggle",
	Title:      "Central root access switched",
	Why:        "Centrally managed root access lets the management account act as root of its members.",
	Techniques: []string{"T1098"},
	Severity:   finding.High,
	Events:     on("iam", "EnableOrganizationsRootSessions", "DisableOrganizationsRootSessions", "EnableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootCredentialsManagement"),
	Inverse:    byHand("switch it back in the management account (aws iam enable- or disable-organizations-root-sessions, -root-credentials-management)"),
	Hits: []Example{
		{Call: "iam:EnableOrganizationsRootSessions"},
	},
	Misses: []Example{
		{Call: "iam:ListOrganizationsFeatures"},
	},
}
