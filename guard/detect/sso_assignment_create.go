package detect

import (
	"warden/finding"
)

var ssoAssignmentCreate = Detection{
	ID:         "sso.assignment.create",
	Title:      "Identity Center assignment created",
	Why:        "Gives a person or group a permission set in an account.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("sso", "CreateAccountAssignment"),
	Hits: []Example{
		{Call: "sso:CreateAccountAssignment", By: "role"},
	},
	Misses: []Example{
		{Call: "sso:ListAccountAssignments", By: "role"},
	},
}
