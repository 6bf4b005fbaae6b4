package detect

import (
	"warden/finding"
	"warden/trail"
)

var roleTrustOutsider = Detection{
	ID:         "iam.role.trust-outsider",
	Title:      "Role trusts another account or everybody",
	Why:        "Somebody outside the account can become the role whenever he likes.",
	Techniques: []string{"T1098", "T1199"},
	Severity:   finding.Critical,
	Events:     on("iam", "CreateRole", "UpdateAssumeRolePolicy"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		doc := first(e.RequestString("policyDocument"), e.RequestString("assumeRolePolicyDocument"))
		return len(outsiders(doc, e.RecipientAccount)) > 0
	},
	Inverse: restoreTrust,
	Hits: []Example{
		{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"ops","policyDocument":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},\"Action\":\"sts:AssumeRole\"}]}"}`},
		{Call: "iam:CreateRole", Request: `{"roleName":"x","assumeRolePolicyDocument":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}}"}`},
	},
	Misses: []Example{
		{Call: "iam:CreateRole", Request: `{"roleName":"x","assumeRolePolicyDocument":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"111122223333\",\"AROAEXAMPLE\"],\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"}`},
		{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"ops","policyDocument":"not JSON"}`},
	},
}
