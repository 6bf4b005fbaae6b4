package detect

import (
	"warden/finding"
)

var policyAttach = Detection{
	ID:         "iam.policy.attach",
	Title:      "Managed policy attached",
	Why:        "The shortest way from few permissions to many.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Medium,
	Events:     on("iam", "AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"),
	Inverse:    detachPolicy,
	Hits: []Example{
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/ops"}`},
		{Call: "iam:AttachRolePolicy", By: "role", Request: `{"roleName":"ci","policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}`},
	},
	Misses: []Example{
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/ops"}`},
	},
}
