package detect

import (
	"strings"

	"warden/finding"
	"warden/trail"
)

var identityScanner = Detection{
	ID:         "sts.identity.scanner",
	Title:      "Secret scanner verified a key",
	Why:        "A scanner that searches published code for secrets found this key and tried that it works; who runs it may not be on your side.",
	Techniques: []string{"T1552.001", "T1087.004"},
	Severity:   finding.High,
	Events:     on("sts", "GetCallerIdentity"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		return strings.Contains(strings.ToLower(e.UserAgent), "trufflehog")
	},
	Hits: []Example{
		{Call: "sts:GetCallerIdentity", UserAgent: "TruffleHog"},
		{Call: "sts:GetCallerIdentity", By: "role", UserAgent: "Mozilla/5.0 trufflehog/3"},
	},
	Misses: []Example{
		{Call: "sts:GetCallerIdentity", UserAgent: "aws-cli/2.17"},
		{Call: "sts:AssumeRole", UserAgent: "TruffleHog"},
	},
}
