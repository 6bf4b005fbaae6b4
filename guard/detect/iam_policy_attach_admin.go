package detect

import (
	"strings"

	"warden/finding"
	"warden/trail"
)

var policyAttachAdmin = Detection{
	ID:         "iam.policy.attach-admin",
	Title:      "Administrator policy attached",
	Why:        "AdministratorAccess and IAMFullAccess give the whole account away.",
	Techniques: []string{"T1098.003"},
	Severity:   finding.Critical,
	Events:     on("iam", "AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		_, name, aws := strings.Cut(e.RequestString("policyArn"), ":iam::aws:policy/")
		return aws && (name == "AdministratorAccess" || name == "IAMFullAccess" || name == "PowerUserAccess")
	},
	Inverse: detachPolicy,
	Hits: []Example{
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`},
		{Call: "iam:AttachGroupPolicy", Request: `{"groupName":"devs","policyArn":"arn:aws-us-gov:iam::aws:policy/IAMFullAccess"}`},
	},
	Misses: []Example{
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/AdministratorAccess"}`},
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`},
	},
}
