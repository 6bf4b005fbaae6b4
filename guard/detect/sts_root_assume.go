package detect

import (
	"warden/finding"
)

var rootAssume = Detection{
	ID:         "sts.root.assume",
	Title:      "Root of a member account assumed",
	Why:        "A session as root of another account of the organisation.",
	Techniques: []string{"T1548.005"},
	Severity:   finding.High,
	Events:     on("sts", "AssumeRoot"),
	Hits: []Example{
		{Call: "sts:AssumeRoot", By: "role", Request: `{"targetPrincipal":"444455556666"}`},
	},
	Misses: []Example{
		{Call: "sts:AssumeRole", By: "role"},
	},
}
