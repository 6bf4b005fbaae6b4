package detect

import (
	"warden/finding"
)

var ssoUserCreate = Detection{
	ID:         "sso.user.create",
	Title:      "Identity Center user created",
	Why:        "A new person in the directory, outside of IAM's lists.",
	Techniques: []string{"T1136.003"},
	Severity:   finding.High,
	Events:     append(on("sso-directory", "CreateUser"), on("identitystore", "CreateUser")...),
	Hits: []Example{
		{Call: "sso-directory:CreateUser", By: "role"},
		{Call: "identitystore:CreateUser", By: "role"},
	},
	Misses: []Example{
		{Call: "iam:CreateUser", Request: `{"userName":"eve"}`},
	},
}
