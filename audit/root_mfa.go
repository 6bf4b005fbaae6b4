package audit

import "warden/finding"

var rootMFA = Control{
	ID:       "root.mfa",
	Title:    "The root user has MFA",
	Why:      "Without a second factor the root user's password is the whole account; it can be reset by e-mail.",
	Source:   "IAM User Guide: Multi-factor authentication for AWS account root user; IAM API Reference: GetAccountSummary",
	Severity: finding.Critical,
	Actions:  []string{"iam:GetAccountSummary", "iam:GenerateCredentialReport", "iam:GetCredentialReport"},
	Remedy:   "Sign in as root, Security credentials, assign MFA devices: security keys, more than one.",
	Judge:    func(e *Evidence) []Answer { return []Answer{e.rootMFA()} },
}

// rootMFA says whether the root user has a second factor.
func (e *Evidence) rootMFA() Answer {
	if yes, facts := e.rootless(); yes {
		return Answer{Status: finding.NotApplicable, Summary: "the root user has no password and no keys", Facts: facts}
	}
	if n, f, ok := e.counter("AccountMFAEnabled"); ok {
		if n > 0 {
			return Answer{Status: finding.Pass, Summary: "MFA is enabled", Facts: []finding.Fact{f}}
		}
		return Answer{Status: finding.Fail, Summary: "the root user has no MFA device", Facts: []finding.Fact{f}}
	}
	row, ok := e.CredentialReport.Root()
	if !ok || !row.MFA.Yes() && !row.MFA.No() {
		return e.unknown("whether the root user has MFA", "iam:GetAccountSummary")
	}
	f := fact(e.CredentialReport.Evidence, "the root user's mfa_active is %s", row.MFA)
	if row.MFA.Yes() {
		return Answer{Status: finding.Pass, Summary: "MFA is enabled", Facts: []finding.Fact{f}}
	}
	return Answer{Status: finding.Fail, Summary: "the root user has no MFA device", Facts: []finding.Fact{f}}
}
