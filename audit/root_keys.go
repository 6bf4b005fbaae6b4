package audit

import (
	"fmt"

	"warden/finding"
)

var rootKeys = Control{
	ID:       "root.keys",
	Title:    "The root user has no access keys",
	Why:      "A key of the root user opens the account for good to whoever finds it, with no second factor.",
	Source:   "IAM User Guide: Root user best practices for your AWS account",
	Severity: finding.Critical,
	Actions:  []string{"iam:GetAccountSummary", "iam:GenerateCredentialReport", "iam:GetCredentialReport"},
	Remedy:   "Sign in as root, Security credentials, delete the access keys.",
	Judge: func(e *Evidence) []Answer {
		// The summary is of now, the report may be four hours old.
		if n, f, ok := e.counter("AccountAccessKeysPresent"); ok {
			if n > 0 {
				return []Answer{{Status: finding.Fail, Summary: "the root user has an access key", Facts: []finding.Fact{f}}}
			}
			return []Answer{{Status: finding.Pass, Summary: "no access key", Facts: []finding.Fact{f}}}
		}
		row, ok := e.CredentialReport.Root()
		if !ok {
			return []Answer{e.unknown("whether the root user has keys", "iam:GetAccountSummary")}
		}
		a := Answer{Status: finding.Pass, Summary: "no access key"}
		for i, k := range row.Keys {
			a.Facts = append(a.Facts, fact(e.CredentialReport.Evidence, "access_key_%d_active %s, last_rotated %s", i+1, word(string(k.Active)), word(k.LastRotated.String())))
			switch {
			case k.Exists():
				a.Status, a.Summary = finding.Fail, fmt.Sprintf("the root user has an access key (key %d)", i+1)
			case !k.Active.No() && a.Status == finding.Pass:
				a.Status, a.Summary = finding.Unknown, fmt.Sprintf("the credential report says %s of key %d", word(string(k.Active)), i+1)
			}
		}
		return []Answer{a}
	},
}
