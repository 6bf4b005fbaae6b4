package detect

import (
	"warden/finding"
)

var passwordChange = Detection{
	ID:         "iam.password.change",
	Title:      "User changed his own password",
	Why:        "An intruder in a console session locks the owner out this way.",
	Techniques: []string{"T1098"},
	Severity:   finding.Low,
	Events:     on("iam", "ChangePassword"),
	Inverse:    byHand("ask the owner; if it was not him, set a new password"),
	Hits: []Example{
		{Call: "iam:ChangePassword", By: "session"},
	},
	Misses: []Example{
		{Call: "iam:UpdateLoginProfile", Request: `{"userName":"eve"}`},
	},
}
