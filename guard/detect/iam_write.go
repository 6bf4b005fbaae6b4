package detect

import "warden/finding"

// iamWrite catches every IAM call that writes and that no detection names:
// what AWS adds tomorrow does not slip through. Match knows it; it has no
// list of events.
var iamWrite = Detection{
	ID:         "iam.write",
	Title:      "Other IAM call that writes",
	Why:        "Identities changed in a way that no detection names, tags for example, which policies may depend on.",
	Techniques: []string{"T1098"},
	Severity:   finding.Low,
	Hits: []Example{
		{Call: "iam:TagUser", Request: `{"userName":"eve"}`},
		{Call: "iam:SomethingOfNextYear"},
	},
	Misses: []Example{
		{Call: "iam:ListUserTags"},
		{Call: "iam:GenerateCredentialReport"},
		{Call: "iam:CreateUser", Request: `{"userName":"eve"}`},
	},
}
