package detect

import (
	"warden/finding"
)

var identityAsk = Detection{
	ID:         "sts.identity.ask",
	Title:      "Caller asked who he is",
	Why:        "The first call with a stolen key, and of every deployment tool.",
	Techniques: []string{"T1087.004"},
	Severity:   finding.Info,
	Events:     on("sts", "GetCallerIdentity"),
	Hits: []Example{
		{Call: "sts:GetCallerIdentity"},
	},
	Misses: []Example{
		{Call: "sts:GetSessionToken"},
	},
}
