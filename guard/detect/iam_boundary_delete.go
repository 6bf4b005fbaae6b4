package detect

import (
	"warden/finding"
)

var boundaryDelete = Detection{
	ID:         "iam.boundary.delete",
	Title:      "Permissions boundary removed",
	Why:        "Lifts the upper limit on what an identity may do.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary"),
	Inverse:    restoreBoundary,
	Hits: []Example{
		{Call: "iam:DeleteUserPermissionsBoundary", Request: `{"userName":"eve"}`},
		{Call: "iam:DeleteRolePermissionsBoundary", Request: `{"roleName":"ci"}`},
	},
	Misses: []Example{
		{Call: "iam:PutUserPermissionsBoundary", Request: `{"userName":"eve"}`},
	},
}
