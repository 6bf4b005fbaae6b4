package detect

import (
	"warden/finding"
)

var sessionTokenGet = Detection{
	ID:         "sts.session-token.get",
	Title:      "Session token issued",
	Why:        "The session outlives the key that made it; with MFA it is normal life.",
	Techniques: []string{"T1550.001"},
	Severity:   finding.Low,
	Events:     on("sts", "GetSessionToken"),
	Hits: []Example{
		{Call: "sts:GetSessionToken"},
	},
	Misses: []Example{
		{Call: "sts:GetCallerIdentity"},
	},
}
