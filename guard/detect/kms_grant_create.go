package detect

import (
	"warden/finding"
)

var kmsGrantCreate = Detection{
	ID:         "kms.grant.create",
	Title:      "KMS grant created",
	Why:        "Lets another identity use a key without any policy showing it.",
	Techniques: []string{"T1098"},
	Severity:   finding.Info,
	Events:     on("kms", "CreateGrant"),
	Hits: []Example{
		{Call: "kms:CreateGrant"},
	},
	Misses: []Example{
		{Call: "kms:ListGrants"},
	},
}
