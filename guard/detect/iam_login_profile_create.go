package detect

import (
	"warden/finding"
)

var loginProfileCreate = Detection{
	ID:         "iam.login-profile.create",
	Title:      "Console password given to a user",
	Why:        "A password turns a user for programs into a way to sign in, outside the reach of key rotation.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.High,
	Events:     on("iam", "CreateLoginProfile"),
	Inverse:    removeLoginProfile,
	Hits: []Example{
		{Call: "iam:CreateLoginProfile", Request: `{"userName":"eve","passwordResetRequired":false}`},
	},
	Misses: []Example{
		{Call: "iam:GetLoginProfile", Request: `{"userName":"eve"}`},
	},
}
