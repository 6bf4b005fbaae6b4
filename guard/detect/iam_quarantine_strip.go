package detect

import (
	"strings"

	"warden/finding"
	"warden/trail"
)

var quarantineStrip = Detection{
	ID:         "iam.quarantine.strip",
	Title:      "Quarantine removed or rewritten",
	Why:        "Who is contained tries to get free; also the quarantine that AWS puts on a user whose key has leaked.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Critical,
	Events:     on("iam", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy", "DeleteUserPolicy", "DeleteRolePolicy", "DeletePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		name := first(e.RequestString("policyName"), e.RequestString("policyArn"))
		name = strings.ToUpper(name[strings.LastIndexByte(name, '/')+1:])
		return strings.HasPrefix(name, "DENY-IAM") || strings.HasPrefix(name, "AWSCOMPROMISEDKEYQUARANTINE")
	},
	Hits: []Example{
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"mallory","policyArn":"arn:aws:iam::111122223333:policy/DENY-IAM"}`},
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"mallory","policyArn":"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}`},
	},
	Misses: []Example{
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/p"}`},
		{Call: "iam:DetachUserPolicy", Error: "AccessDenied"},
	},
}
