package detect

import (
	"warden/finding"
)

var boundaryPut = Detection{
	ID:         "iam.boundary.put",
	Title:      "Permissions boundary set",
	Why:        "A wider boundary in place of a narrow one lifts the limit; a narrow one locks out.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Medium,
	Events:     on("iam", "PutUserPermissionsBoundary", "PutRolePermissionsBoundary"),
	Inverse:    restoreBoundary,
	Hits: []Example{
		{Call: "iam:PutUserPermissionsBoundary", Request: `{"userName":"eve","permissionsBoundary":"arn:aws:iam::aws:policy/AdministratorAccess"}`},
	},
	Misses: []Example{
		{Call: "iam:DeleteUserPermissionsBoundary", Request: `{"userName":"eve"}`},
	},
}
