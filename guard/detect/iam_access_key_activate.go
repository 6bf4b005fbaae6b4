package detect

import (
	"warden/finding"
	"warden/trail"
)

var accessKeyActivate = Detection{
	ID:         "iam.access-key.activate",
	Title:      "Access key activated again",
	Why:        "A key that somebody switched off, perhaps in a containment, works again.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.High,
	Events:     on("iam", "UpdateAccessKey"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.RequestString("status") == "Active" },
	Inverse:    deactivateKey,
	Hits: []Example{
		{Call: "iam:UpdateAccessKey", Request: `{"userName":"eve","accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active"}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateAccessKey", Request: `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Inactive"}`},
	},
}
