package detect

import (
	"warden/finding"
	"warden/trail"
)

var signinTokenGet = Detection{
	ID:         "signin.token.get",
	Title:      "Console opened with API credentials",
	Why:        "Turns stolen keys into a console session; the Identity Center portal does the same for its users.",
	Techniques: []string{"T1550.001"},
	Severity:   finding.Medium,
	Events:     on("signin", "GetSigninToken"),
	Match:      func(_ *trail.Event, by trail.Actor) bool { return by.Kind != trail.IdentityCenter },
	Hits: []Example{
		{Call: "signin:GetSigninToken", By: "role"},
	},
	Misses: []Example{
		{Call: "signin:GetSigninToken", By: "sso"},
	},
}
