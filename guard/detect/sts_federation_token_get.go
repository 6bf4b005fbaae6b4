package detect

import (
	"warden/finding"
)

var federationTokenGet = Detection{
	ID:         "sts.federation-token.get",
	Title:      "Federation token issued",
	Why:        "The token outlives the key that made it, up to 36 hours, and can open the console.",
	Techniques: []string{"T1550.001"},
	Severity:   finding.Medium,
	Events:     on("sts", "GetFederationToken"),
	Hits: []Example{
		{Call: "sts:GetFederationToken", Request: `{"name":"eve"}`},
	},
	Misses: []Example{
		{Call: "sts:GetSessionToken"},
	},
}
