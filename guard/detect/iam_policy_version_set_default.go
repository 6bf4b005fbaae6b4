package detect

import (
	"warden/finding"
)

var policyVersionSetDefault = Detection{
	ID:         "iam.policy-version.set-default",
	Title:      "Default version of a managed policy changed",
	Why:        "An old, wider version comes back into force.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.High,
	Events:     on("iam", "SetDefaultPolicyVersion"),
	Inverse:    restoreVersion,
	Hits: []Example{
		{Call: "iam:SetDefaultPolicyVersion", Request: `{"policyArn":"arn:aws:iam::111122223333:policy/p","versionId":"v1"}`},
	},
	Misses: []Example{
		{Call: "iam:ListPolicyVersions"},
	},
}
