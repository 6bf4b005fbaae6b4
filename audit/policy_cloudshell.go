package audit

import (
	"strings"

	"warden/finding"
)

var policyCloudShell = Control{
	ID:       "policy.cloudshell",
	Title:    "CloudShell full access is restricted",
	Why:      "CloudShell with upload and download moves data out of the account past every network control.",
	Source:   "AWS CloudShell User Guide: Managing AWS CloudShell access and usage with IAM policies",
	Severity: finding.Low,
	Actions:  []string{gaad},
	Remedy:   "Replace AWSCloudShellFullAccess by a policy that denies file upload and download.",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("to whom AWSCloudShellFullAccess is attached", gaad)}
		}
		var out []Answer
		for arn, who := range e.holders() {
			if strings.HasSuffix(arn, ":iam::aws:policy/AWSCloudShellFullAccess") {
				out = append(out, Answer{
					Subject: arn, Status: finding.Fail, Summary: "attached to " + some(who), Command: detach(who[0], arn),
					Facts: []finding.Fact{fact(e.details(), "attached to %s", some(who))},
				})
			}
		}
		if out == nil {
			out = append(out, Answer{Status: finding.Pass, Summary: "AWSCloudShellFullAccess is attached to nobody", Facts: []finding.Fact{fact(e.details(), "no such attachment")}})
		}
		return out
	},
}
