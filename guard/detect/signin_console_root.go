package detect

import (
	"warden/finding"
	"warden/trail"
)

var consoleRoot = Detection{
	ID:         "signin.console.root",
	Title:      "Console sign-in as root",
	Why:        "Root can do everything and is hard to contain; daily work never needs it.",
	Techniques: []string{"T1078.004"},
	Severity:   finding.Critical,
	Events:     on("signin", "ConsoleLogin"),
	Match:      func(_ *trail.Event, by trail.Actor) bool { return by.Kind == trail.Root },
	Hits: []Example{
		{Call: "signin:ConsoleLogin", By: "root", Response: `{"ConsoleLogin":"Success"}`},
		{Call: "signin:ConsoleLogin", By: "root", Response: `{"ConsoleLogin":"Failure"}`},
	},
	Misses: []Example{
		{Call: "signin:ConsoleLogin", Response: `{"ConsoleLogin":"Success"}`},
	},
}
