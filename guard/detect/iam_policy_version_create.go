package detect

import (
	"warden/finding"
)

var policyVersionCreate = Detection{
	ID:         "iam.policy-version.create",
	Title:      "New version of a managed policy",
	Why:        "Changes what every identity with the policy may do, with no attachment to be seen.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "CreatePolicyVersion"),
	Inverse:    restoreVersion,
	Hits: []Example{
		{Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"arn:aws:iam::111122223333:policy/p","setAsDefault":true}`},
	},
	Misses: []Example{
		{Call: "iam:CreatePolicy", Request: `{"policyName":"p"}`},
	},
}
