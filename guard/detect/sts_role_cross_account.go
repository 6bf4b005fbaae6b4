package detect

import (
	"warden/finding"
	"warden/trail"
)

var roleCrossAccount = Detection{
	ID:         "sts.role.cross-account",
	Title:      "Role assumed across accounts",
	Why:        "The way from one account into the next, for operators and intruders alike.",
	Techniques: []string{"T1078.004", "T1199"},
	Severity:   finding.Low,
	Events:     on("sts", "AssumeRole"),
	Match: func(e *trail.Event, by trail.Actor) bool {
		if by.Kind == trail.Service {
			return false
		}
		role := accountOf(e.RequestString("roleArn"))
		return by.Account != "" && (role != "" && role != by.Account || e.RecipientAccount != by.Account)
	},
	Hits: []Example{
		{Call: "sts:AssumeRole", Request: `{"roleArn":"arn:aws:iam::444455556666:role/ops"}`},
		{Call: "sts:AssumeRole", By: "other", Request: `{"roleArn":"arn:aws:iam::111122223333:role/ops"}`},
	},
	Misses: []Example{
		{Call: "sts:AssumeRole", Request: `{"roleArn":"arn:aws:iam::111122223333:role/ops"}`},
		{Call: "sts:AssumeRole", Error: "AccessDenied"},
	},
}
