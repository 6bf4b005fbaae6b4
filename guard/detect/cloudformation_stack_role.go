package detect

import (
	"warden/finding"
	"warden/trail"
)

var stackRole = Detection{
	ID:         "cloudformation.stack.role",
	Title:      "Stack created or changed with a role",
	Why:        "CloudFormation then acts with the role's permissions, not the caller's.",
	Techniques: []string{"T1548.005"},
	Severity:   finding.Low,
	Events:     on("cloudformation", "CreateStack", "UpdateStack", "CreateChangeSet"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.RequestString("roleARN") != "" },
	Hits: []Example{
		{Call: "cloudformation:CreateStack", Request: `{"stackName":"s","roleARN":"arn:aws:iam::111122223333:role/cfn"}`},
	},
	Misses: []Example{
		{Call: "cloudformation:CreateStack", Request: `{"stackName":"s"}`},
	},
}
