package detect

import (
	"strings"

	"warden/finding"
	"warden/trail"
)

// awsQuarantine begins the names of the policies that AWS puts on a user
// whose key has leaked.
const awsQuarantine = "AWSCompromisedKeyQuarantine"

// isAWSQuarantine reports whether the ARN is one of these policies.
func isAWSQuarantine(policy string) bool {
	return strings.Contains(policy, ":iam::aws:policy/"+awsQuarantine)
}

// keyLeaked recognises what AWS itself does when it finds a key in public.
// Source: AWS Managed Policy Reference, "AWSCompromisedKeyQuarantineV3".
var keyLeaked = Detection{
	ID:         "iam.key.leaked",
	Title:      "AWS quarantined a user whose key has leaked",
	Why:        "AWS found the key in a public place, so others have found it too; its quarantine denies only part of what the key can do.",
	Techniques: []string{"T1552.001", "T1078.004"},
	Severity:   finding.Critical,
	Events:     on("iam", "AttachUserPolicy", "PutUserPolicy"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		name := e.RequestString("policyName")
		return isAWSQuarantine(e.RequestString("policyArn")) || strings.HasPrefix(name, awsQuarantine) ||
			strings.HasPrefix(name, "AWSExposedCredentialPolicy_DO_NOT_REMOVE")
	},
	Hits: []Example{
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}`},
		{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"AWSExposedCredentialPolicy_DO_NOT_REMOVE"}`},
		{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"AWSCompromisedKeyQuarantineV3"}`},
	},
	Misses: []Example{
		{Call: "iam:PutUserPolicy", Request: `{"userName":"eve","policyName":"p"}`},
		{Call: "iam:DetachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}`},
		{Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::111122223333:policy/AWSCompromisedKeyQuarantine"}`},
	},
}
