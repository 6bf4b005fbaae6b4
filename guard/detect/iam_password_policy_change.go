package detect

import (
	"warden/finding"
)

var passwordPolicyChange = Detection{
	ID:         "iam.password-policy.change",
	Title:      "Password policy of the account changed",
	Why:        "A weaker policy makes guessing easy for every user.",
	Techniques: []string{"T1556"},
	Severity:   finding.Medium,
	Events:     on("iam", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"),
	Inverse:    byHand("put the password policy back (aws iam update-account-password-policy)"),
	Hits: []Example{
		{Call: "iam:DeleteAccountPasswordPolicy"},
		{Call: "iam:UpdateAccountPasswordPolicy"},
	},
	Misses: []Example{
		{Call: "iam:GetAccountPasswordPolicy"},
	},
}
