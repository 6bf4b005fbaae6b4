package detect

import (
	"warden/finding"
	"warden/trail"
)

var accessKeyCreateOther = Detection{
	ID:         "iam.access-key.create-other",
	Title:      "Access key created for somebody else",
	Why:        "A key for another user is that user's permissions, taken over.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.High,
	Events:     on("iam", "CreateAccessKey"),
	Match: func(e *trail.Event, by trail.Actor) bool {
		user := first(e.ResponseString("accessKey", "userName"), e.RequestString("userName"))
		isUser := by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession
		return user != "" && !(isUser && sameName(user, by.Name))
	},
	Inverse: deactivateKey,
	Hits: []Example{
		{Call: "iam:CreateAccessKey", Request: `{"userName":"eve"}`, Response: `{"accessKey":{"userName":"eve","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}`},
		{Call: "iam:CreateAccessKey", By: "role", Request: `{"userName":"eve"}`},
	},
	Misses: []Example{
		{Call: "iam:CreateAccessKey"},
		{Call: "iam:CreateAccessKey", Request: `{"userName":"Mallory"}`},
	},
}
