package detect

import (
	"warden/finding"
)

var mfaEnable = Detection{
	ID:         "iam.mfa.enable",
	Title:      "MFA device created or enabled",
	Why:        "An intruder's own device satisfies policies that ask for MFA, and locks the owner out.",
	Techniques: []string{"T1556.006"},
	Severity:   finding.Medium,
	Events:     on("iam", "EnableMFADevice", "CreateVirtualMFADevice", "ResyncMFADevice"),
	Inverse:    byHand("ask the owner whether the device is his; if not, aws iam deactivate-mfa-device"),
	Hits: []Example{
		{Call: "iam:EnableMFADevice", Request: `{"userName":"eve"}`},
		{Call: "iam:CreateVirtualMFADevice"},
	},
	Misses: []Example{
		{Call: "iam:DeactivateMFADevice", Request: `{"userName":"eve"}`},
	},
}
