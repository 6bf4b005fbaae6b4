package detect

import (
	"warden/finding"
)

var kmsKeyPolicyPut = Detection{
	ID:         "kms.key-policy.put",
	Title:      "Policy of a KMS key changed",
	Why:        "Decides who can read what the key protects, over IAM's head.",
	Techniques: []string{"T1098"},
	Severity:   finding.Medium,
	Events:     on("kms", "PutKeyPolicy"),
	Hits: []Example{
		{Call: "kms:PutKeyPolicy"},
	},
	Misses: []Example{
		{Call: "kms:GetKeyPolicy"},
	},
}
