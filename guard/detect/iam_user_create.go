package detect

import (
	"warden/finding"
)

var userCreate = Detection{
	ID:         "iam.user.create",
	Title:      "IAM user created",
	Why:        "A new user is a way in that stays when the first one is closed.",
	Techniques: []string{"T1136.003"},
	Severity:   finding.Medium,
	Events:     on("iam", "CreateUser"),
	Inverse:    quarantineUser,
	Hits: []Example{
		{Call: "iam:CreateUser", Request: `{"userName":"eve"}`, Response: `{"user":{"userName":"eve","arn":"arn:aws:iam::111122223333:user/eve"}}`},
		{Call: "iam:CreateUser", By: "role", Request: `{"userName":"eve"}`, Error: "AccessDenied"},
	},
	Misses: []Example{
		{Call: "iam:GetUser", Request: `{"userName":"eve"}`},
		{Call: "identitystore:CreateUser"},
	},
}
