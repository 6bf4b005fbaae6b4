package detect

import (
	"warden/finding"
)

var policyDelete = Detection{
	ID:         "iam.policy.delete",
	Title:      "Managed policy or one of its versions deleted",
	Why:        "Destroys a guardrail, or the good version that one could go back to.",
	Techniques: []string{"T1562"},
	Severity:   finding.Medium,
	Events:     on("iam", "DeletePolicy", "DeletePolicyVersion"),
	Inverse:    restorePolicy,
	Hits: []Example{
		{Call: "iam:DeletePolicy", Request: `{"policyArn":"arn:aws:iam::111122223333:policy/p"}`},
	},
	Misses: []Example{
		{Call: "iam:DeleteUserPolicy", Request: `{"userName":"eve","policyName":"deny"}`},
	},
}
