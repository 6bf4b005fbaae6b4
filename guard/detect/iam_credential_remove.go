package detect

import (
	"warden/finding"
	"warden/trail"
)

var credentialRemove = Detection{
	ID:         "iam.credential.remove",
	Title:      "Credential of a user removed or switched off",
	Why:        "Taking away keys and passwords locks owners out and destroys traces.",
	Techniques: []string{"T1531"},
	Severity:   finding.Low,
	Events:     on("iam", "DeleteAccessKey", "UpdateAccessKey", "DeleteLoginProfile", "DeleteSSHPublicKey", "DeleteSigningCertificate", "DeleteServiceSpecificCredential"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		return e.Name != "UpdateAccessKey" || e.RequestString("status") == "Inactive"
	},
	Inverse: activateKey,
	Hits: []Example{
		{Call: "iam:DeleteAccessKey", Request: `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}`},
		{Call: "iam:DeleteLoginProfile", Request: `{"userName":"eve"}`},
		{Call: "iam:UpdateAccessKey", Request: `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Inactive"}`},
	},
	Misses: []Example{
		{Call: "iam:UpdateAccessKey", Request: `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active"}`},
	},
}
