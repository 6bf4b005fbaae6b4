package detect

import (
	"warden/finding"
)

var policyCreate = Detection{
	ID:         "iam.policy.create",
	Title:      "Managed policy created",
	Why:        "Prepares a grant; harmless until it is attached.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Low,
	Events:     on("iam", "CreatePolicy"),
	Hits: []Example{
		{Call: "iam:CreatePolicy", Request: `{"policyName":"p"}`},
	},
	Misses: []Example{
		{Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"arn:aws:iam::111122223333:policy/p"}`},
	},
}
