package audit

import (
	"time"

	"warden/finding"
)

// reportCalls are the calls behind a credential report.
var reportCalls = []string{"iam:GenerateCredentialReport", "iam:GetCredentialReport"}

// noPeople is the answer where nobody can say which users there are.
func (e *Evidence) noPeople() []Answer {
	return []Answer{e.unknown("which users there are", gaad, "iam:GetCredentialReport", "iam:GenerateCredentialReport")}
}

var userMFA = Control{
	ID:       "user.mfa",
	Title:    "Every user with a console password has MFA",
	Why:      "A password alone is phished, guessed or reused; with it an intruder signs in as the user.",
	Source:   "IAM User Guide: Generate credential reports for your AWS account (mfa_active)",
	Severity: finding.High,
	Actions:  append([]string{gaad}, reportCalls...),
	Remedy:   "Let the user register a passkey or an authenticator app, or take the password away.",
	Judge: func(e *Evidence) []Answer {
		people, known := e.people()
		if !known {
			return e.noPeople()
		}
		out := e.others()
		for _, p := range people {
			yes, doubt, f := p.console()
			if doubt != "" {
				out = append(out, p.answer("", finding.Unknown, "whether he has a password: %s", doubt))
				continue
			}
			if !yes {
				continue
			}
			a := p.mfa(f)
			if at, ok := e.newDevice(p); ok && a.Status != finding.Pass {
				a.Status, a.Summary, a.Command = finding.Pass, "has a password, and a virtual MFA device since the report was made", ""
				a.Facts = append(a.Facts, fact(e.VirtualMFA.Evidence, "virtual MFA device since %s", date(at)))
			}
			out = append(out, a)
		}
		return out
	},
}

// newDevice returns when a virtual device of the user was enabled, if that was
// after the credential report was made.
func (e *Evidence) newDevice(p person) (at time.Time, ok bool) {
	if e.VirtualMFA == nil || p.user == nil {
		return at, false
	}
	for _, d := range e.VirtualMFA.Value {
		if d.User == p.arn && d.Enabled != nil && !d.Enabled.Before(p.report.At) {
			return *d.Enabled, true
		}
	}
	return at, false
}

// mfa says whether a user who has a password has a second factor.
func (p person) mfa(password finding.Fact) Answer {
	a := p.answer("", finding.Unknown, "whether he has MFA: %s", p.doubt)
	a.Facts = append(a.Facts, password)
	if p.row != nil {
		a.Facts = append(a.Facts, p.fact("mfa_active %s", word(string(p.row.MFA))))
		switch {
		case p.row.MFA.Yes():
			a.Status, a.Summary = finding.Pass, "has a password and MFA"
		case p.row.MFA.No():
			a.Status, a.Summary = finding.Fail, "has a console password and no MFA device"
		default:
			a.Summary = "whether he has MFA: the credential report says " + word(string(p.row.MFA))
		}
	}
	// A list of his devices is newer than the report, or all that there is.
	if p.user != nil && p.user.MFADevices != nil && (p.row == nil || !p.user.MFADevices.At.Before(p.report.At)) {
		n := 0
		for _, d := range p.user.MFADevices.Value {
			if d.Enabled != nil {
				n++
			}
		}
		a.Facts = append(a.Facts, fact(p.user.MFADevices.Evidence, "%d active MFA devices", n))
		a.Status, a.Summary = finding.Pass, "has a password and MFA"
		if n == 0 {
			a.Status, a.Summary = finding.Fail, "has a console password and no MFA device"
		}
	}
	if a.Status == finding.Fail {
		a.Command = "aws iam delete-login-profile --user-name " + quote(p.name) + "  # where he needs no console"
	}
	return a
}
