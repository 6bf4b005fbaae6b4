package detect

import (
	"warden/finding"
	"warden/trail"
)

var roleRefused = Detection{
	ID:         "sts.role.refused",
	Title:      "Role assumption refused",
	Why:        "Trying role after role is how an intruder looks for the one that lets him in.",
	Techniques: []string{"T1580", "T1078.004"},
	Severity:   finding.Low,
	Events:     on("sts", "AssumeRole"),
	Match:      func(e *trail.Event, by trail.Actor) bool { return e.Failed() && by.Kind != trail.Service },
	Hits: []Example{
		{Call: "sts:AssumeRole", Error: "AccessDenied"},
	},
	Misses: []Example{
		{Call: "sts:AssumeRole", Request: `{"roleArn":"arn:aws:iam::111122223333:role/ops"}`},
	},
}
