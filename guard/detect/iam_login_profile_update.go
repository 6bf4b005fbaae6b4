package detect

import (
	"warden/finding"
)

var loginProfileUpdate = Detection{
	ID:         "iam.login-profile.update",
	Title:      "Console password of a user replaced",
	Why:        "Whoever sets somebody's password can sign in as him.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.High,
	Events:     on("iam", "UpdateLoginProfile"),
	Inverse:    byHand("set a new password for him, and look what was done in the console since"),
	Hits: []Example{
		{Call: "iam:UpdateLoginProfile", Request: `{"userName":"eve"}`},
	},
	Misses: []Example{
		{Call: "iam:CreateLoginProfile", Request: `{"userName":"eve"}`},
	},
}
