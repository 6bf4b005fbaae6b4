package detect

import (
	"warden/finding"
	"warden/trail"
)

var consoleNoMFA = Detection{
	ID:         "signin.console.no-mfa",
	Title:      "Console sign-in without MFA",
	Why:        "A password alone was enough.",
	Techniques: []string{"T1078.004"},
	Severity:   finding.Medium,
	Events:     on("signin", "ConsoleLogin"),
	Match: func(e *trail.Event, by trail.Actor) bool {
		return !e.Failed() && (by.Kind == trail.IAMUser || by.Kind == trail.Root) && e.AdditionalString("MFAUsed") != "Yes"
	},
	Hits: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Success"}`, Additional: `{"MFAUsed":"No"}`},
	},
	Misses: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Success"}`, Additional: `{"MFAUsed":"Yes"}`},
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Failure"}`, Additional: `{"MFAUsed":"No"}`},
		{Call: "signin:ConsoleLogin", By: "sso", Response: `{"ConsoleLogin":"Success"}`, Additional: `{"MFAUsed":"No"}`},
	},
}
