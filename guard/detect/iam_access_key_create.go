package detect

import (
	"warden/finding"
)

var accessKeyCreate = Detection{
	ID:         "iam.access-key.create",
	Title:      "Access key created",
	Why:        "A second key keeps working when the leaked one is deactivated.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.Medium,
	Events:     on("iam", "CreateAccessKey"),
	Inverse:    deactivateKey,
	Hits: []Example{
		{Call: "iam:CreateAccessKey", Response: `{"accessKey":{"userName":"mallory","accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active"}}`},
	},
	Misses: []Example{
		{Call: "iam:ListAccessKeys"},
		{Call: "iam:UpdateAccessKey", Request: `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Inactive"}`},
	},
}
