package audit

import "warden/finding"

var rootMFAHardware = Control{
	ID:       "root.mfa-hardware",
	Title:    "The root user's MFA is a hardware device",
	Why:      "An authenticator app is as safe as the phone it runs on; its seed can be copied and its codes can be phished.",
	Source:   "IAM User Guide: Multi-factor authentication for AWS account root user; IAM API Reference: ListVirtualMFADevices",
	Severity: finding.Medium,
	Actions:  []string{"iam:GetAccountSummary", "iam:ListVirtualMFADevices"},
	Remedy:   "Give the root user security keys or hardware tokens, then remove the virtual device. Whether a passkey is bound to hardware, no API tells: look.",
	Judge: func(e *Evidence) []Answer {
		a := e.rootMFA()
		if a.Status != finding.Pass {
			return []Answer{a}
		}
		if e.VirtualMFA == nil {
			u := e.unknown("which kind of device it is", "iam:ListVirtualMFADevices")
			u.Facts = a.Facts
			return []Answer{u}
		}
		for _, d := range e.VirtualMFA.Value {
			if d.OfRoot() && d.Enabled != nil {
				a.Status, a.Summary = finding.Fail, "the root user has a virtual MFA device"
				a.Facts = append(a.Facts, fact(e.VirtualMFA.Evidence, "%s, since %s", d.Serial, date(*d.Enabled)))
				return []Answer{a}
			}
		}
		a.Summary = "MFA is enabled, and none of the virtual devices is the root user's"
		a.Facts = append(a.Facts, fact(e.VirtualMFA.Evidence, "%d virtual devices, none of the root user", len(e.VirtualMFA.Value)))
		return []Answer{a}
	},
}
