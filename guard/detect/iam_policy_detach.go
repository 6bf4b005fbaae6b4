package detect

import (
	"warden/finding"
)

var policyDetach = Detection{
	ID:         "iam.policy.detach",
	Title:      "Managed policy detached",
	Why:        "A detached policy may have been the one that denied.",
	Techniques: []string{"T1562"},
	Severity:   finding.Medium,
	Events:     on("iam", "DetachUserPolicy", "DetachGroupPolicy", "DetachRolePolicy"),
	Inverse:    attachPolicy,
	Hits: []Example{
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/p"}`},
	},
	Misses: []Example{
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/p"}`},
	},
}
