package detect

import (
	"warden/finding"
)

var ssoMFAChange = Detection{
	ID:         "sso.mfa.change",
	Title:      "MFA of Identity Center changed",
	Why:        "Weakens or takes over the second factor of people in the directory.",
	Techniques: []string{"T1556.006"},
	Severity:   finding.High,
	Events:     append(on("sso-directory", "UpdateMfaDevice*", "DeleteMfaDevice*", "StartVirtualMfaDeviceRegistration"), on("sso", "UpdateMfa*")...),
	Hits: []Example{
		{Call: "sso-directory:DeleteMfaDeviceForUser", By: "role"},
		{Call: "sso-directory:UpdateMfaDeviceForUser", By: "role"},
	},
	Misses: []Example{
		{Call: "sso-directory:ListMfaDevicesForUser", By: "role"},
	},
}
