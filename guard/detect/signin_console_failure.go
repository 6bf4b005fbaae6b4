package detect

import (
	"warden/finding"
	"warden/trail"
)

var consoleFailure = Detection{
	ID:         "signin.console.failure",
	Title:      "Console sign-in failed",
	Why:        "One is a slip, many are guessing.",
	Techniques: []string{"T1110"},
	Severity:   finding.Low,
	Events:     on("signin", "ConsoleLogin"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.Failed() },
	Hits: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Failure"}`},
	},
	Misses: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Success"}`, Additional: `{"MFAUsed":"No"}`},
	},
}
