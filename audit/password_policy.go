package audit

import (
	"fmt"

	"warden/account"
	"warden/finding"
)

// passwordQuestion makes the control of one setting of the password policy. An
// account without a policy has AWS's own: 8 characters of three kinds, no
// expiry, no memory. Source: IAM User Guide, "Set an account password policy
// for IAM users".
func passwordQuestion(id, title, why, command string, good func(account.PasswordPolicy) (ok bool, is string)) Control {
	return Control{
		ID: "password-policy." + id, Title: title, Why: why,
		Source:   "IAM User Guide: Set an account password policy for IAM users",
		Severity: finding.Low,
		Actions:  []string{"iam:GetAccountPasswordPolicy"},
		Remedy:   "Set it in the account's password policy; the command replaces the whole policy, so give all settings.",
		Judge: func(e *Evidence) []Answer {
			if e.PasswordPolicy == nil {
				return []Answer{e.unknown("the password policy", "iam:GetAccountPasswordPolicy")}
			}
			p := e.PasswordPolicy.Value
			ok, is := good(p)
			if !p.Set {
				ok, is = false, "the account has no password policy of its own"
			}
			a := Answer{Status: finding.Pass, Summary: is, Facts: []finding.Fact{fact(e.PasswordPolicy.Evidence, "%s", is)}}
			if !ok {
				a.Status, a.Command = finding.Fail, "aws iam update-account-password-policy "+command
			}
			return []Answer{a}
		},
	}
}

func required(what string, yes bool) (bool, string) {
	if yes {
		return true, what + " required"
	}
	return false, what + " not required"
}

var (
	passwordUpper = passwordQuestion("uppercase", "Passwords need an upper-case letter", "More kinds of characters make guessing slower.",
		"--require-uppercase-characters", func(p account.PasswordPolicy) (bool, string) {
			return required("an upper-case letter is", p.RequireUppercase)
		})
	passwordLower = passwordQuestion("lowercase", "Passwords need a lower-case letter", "More kinds of characters make guessing slower.",
		"--require-lowercase-characters", func(p account.PasswordPolicy) (bool, string) {
			return required("a lower-case letter is", p.RequireLowercase)
		})
	passwordSymbol = passwordQuestion("symbol", "Passwords need a symbol", "More kinds of characters make guessing slower.",
		"--require-symbols", func(p account.PasswordPolicy) (bool, string) { return required("a symbol is", p.RequireSymbols) })
	passwordDigit = passwordQuestion("digit", "Passwords need a digit", "More kinds of characters make guessing slower.",
		"--require-numbers", func(p account.PasswordPolicy) (bool, string) { return required("a digit is", p.RequireNumbers) })
	passwordLength = passwordQuestion("length", "Passwords have at least 14 characters", "Length is what makes guessing slow.",
		"--minimum-password-length 14", func(p account.PasswordPolicy) (bool, string) {
			return p.MinimumLength >= 14, fmt.Sprintf("at least %d characters", p.MinimumLength)
		})
	passwordReuse = passwordQuestion("reuse", "The last 24 passwords cannot be used again", "A password that leaked once comes back.",
		"--password-reuse-prevention 24", func(p account.PasswordPolicy) (bool, string) {
			return p.ReusePrevention >= 24, fmt.Sprintf("%d passwords are remembered", p.ReusePrevention)
		})
	passwordExpiry = passwordQuestion("expiry", "Passwords expire within 90 days", "A password that leaked long ago still works.",
		"--max-password-age 90", func(p account.PasswordPolicy) (bool, string) {
			if p.MaxAge == 0 {
				return false, "passwords do not expire"
			}
			return p.MaxAge <= 90, fmt.Sprintf("passwords expire after %d days", p.MaxAge)
		})
	passwordChange = passwordQuestion("change", "Users may change their passwords", "Who cannot change his password keeps one that others know.",
		"--allow-users-to-change-password", func(p account.PasswordPolicy) (bool, string) {
			if p.AllowUsersToChangePassword {
				return true, "users may change their passwords"
			}
			return false, "users may not change their passwords"
		})
)
