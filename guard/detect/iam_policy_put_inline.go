package detect

import (
	"warden/finding"
)

var policyPutInline = Detection{
	ID:         "iam.policy.put-inline",
	Title:      "Inline policy written",
	Why:        "An inline policy grants without leaving a trace in the list of managed policies.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "PutUserPolicy", "PutGroupPolicy", "PutRolePolicy"),
	Inverse:    restoreInline,
	Hits: []Example{
		{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"p"}`},
		{Call: "iam:PutRolePolicy", By: "role", Request: `{"roleName":"ci","policyName":"p"}`},
	},
	Misses: []Example{
		{Call: "iam:GetUserPolicy", Request: `{"userName":"eve","policyName":"p"}`},
		{Call: "iam:PutUserPermissionsBoundary", Request: `{"userName":"eve"}`},
	},
}
