package detect

import (
	"warden/finding"
	"warden/trail"
)

var roleChain = Detection{
	ID:         "sts.role.chain",
	Title:      "Role assumed from a role",
	Why:        "Chains hide who began; the first session's source identity, if there is one, is carried along.",
	Techniques: []string{"T1550.001"},
	Severity:   finding.Info,
	Events:     on("sts", "AssumeRole"),
	Match: func(_ *trail.Event, by trail.Actor) bool {
		return by.Kind == trail.AssumedRole || by.Kind == trail.IdentityCenter
	},
	Hits: []Example{
		{Call: "sts:AssumeRole", By: "role", Request: `{"roleArn":"arn:aws:iam::111122223333:role/ops"}`},
		{Call: "sts:AssumeRole", By: "sso"},
	},
	Misses: []Example{
		{Call: "sts:AssumeRole", Request: `{"roleArn":"arn:aws:iam::111122223333:role/ops"}`},
	},
}
