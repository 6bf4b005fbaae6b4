package detect

import (
	"warden/finding"
)

var ssoPermissionSetChange = Detection{
	ID:         "sso.permission-set.change",
	Title:      "Permission set created or widened",
	Why:        "Everybody assigned to the set gets what is added to it, in every account.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("sso", "CreatePermissionSet", "UpdatePermissionSet", "PutInlinePolicyToPermissionSet", "AttachManagedPolicyToPermissionSet", "AttachCustomerManagedPolicyReferenceToPermissionSet", "PutPermissionsBoundaryToPermissionSet", "DeletePermissionsBoundaryFromPermissionSet"),
	Hits: []Example{
		{Call: "sso:PutInlinePolicyToPermissionSet", By: "role"},
		{Call: "sso:CreatePermissionSet", By: "role"},
	},
	Misses: []Example{
		{Call: "sso:DescribePermissionSet", By: "role"},
	},
}
