package detect

import (
	"warden/finding"
)

var mfaDeactivate = Detection{
	ID:         "iam.mfa.deactivate",
	Title:      "MFA device of a user switched off",
	Why:        "Takes the second factor away.",
	Techniques: []string{"T1556.006"},
	Severity:   finding.High,
	Events:     on("iam", "DeactivateMFADevice", "DeleteVirtualMFADevice"),
	Inverse:    byHand("a device comes back only by its owner enrolling it: ask him, and deny him until he has"),
	Hits: []Example{
		{Call: "iam:DeactivateMFADevice", Request: `{"userName":"eve","serialNumber":"arn:aws:iam::111122223333:mfa/eve"}`},
		{Call: "iam:DeleteVirtualMFADevice"},
	},
	Misses: []Example{
		{Call: "iam:ListMFADevices"},
	},
}
