package detect

import (
	"warden/finding"
)

var policyDeleteInline = Detection{
	ID:         "iam.policy.delete-inline",
	Title:      "Inline policy deleted",
	Why:        "A deleted policy may have been the one that denied, and its text is gone.",
	Techniques: []string{"T1562"},
	Severity:   finding.Medium,
	Events:     on("iam", "DeleteUserPolicy", "DeleteGroupPolicy", "DeleteRolePolicy"),
	Inverse:    restoreInline,
	Hits: []Example{
		{Call: "iam:DeleteUserPolicy", Request: `{"userName":"eve","policyName":"deny"}`},
	},
	Misses: []Example{
		{Call: "iam:DeletePolicy", Request: `{"policyArn":"arn:aws:iam::111122223333:policy/p"}`},
	},
}
