package audit

import (
	"fmt"
	"strings"

	"warden/finding"
)

var rootUsed = Control{
	ID:       "root.used",
	Title:    "The root user is not used",
	Why:      "Nothing limits the root user: no policy, no boundary. Daily work with it exposes credentials that open everything.",
	Source:   "IAM User Guide: Root user best practices for your AWS account",
	Severity: finding.High,
	Actions:  []string{"iam:GenerateCredentialReport", "iam:GetCredentialReport"},
	Remedy:   "Find out who used it and for what; give that work to a role. Sessions of an organisation's central root access are in CloudTrail only (sts:AssumeRoot).",
	Judge: func(e *Evidence) []Answer {
		uses, facts, doubts := e.rootUses()
		window := e.Options.rootWindow()
		a := Answer{Facts: facts}
		var last *Use
		for i := range uses {
			if last == nil || uses[i].At.After(last.At) {
				last = &uses[i]
			}
		}
		looked := fmt.Sprintf("looked at %s", span(window))
		if r := e.CredentialReport; r != nil && !r.At.IsZero() && e.Now.Sub(r.At) > day {
			doubts = append(doubts, "the credential report is of "+date(r.At)+"; what came after, it does not say")
		}
		switch {
		case last != nil && e.Now.Sub(last.At) < window:
			a.Status = finding.Fail
			a.Summary = fmt.Sprintf("last used %s by %s (%s); %s", date(last.At), last.What, e.ago(last.At), looked)
		case len(doubts) > 0:
			a.Status, a.Summary = finding.Unknown, strings.Join(doubts, "; ")
		case last != nil:
			a.Status, a.Summary = finding.Pass, fmt.Sprintf("last used %s by %s (%s); %s", date(last.At), last.What, e.ago(last.At), looked)
		default:
			a.Status, a.Summary = finding.Pass, "AWS knows of no use of its password and keys; "+looked
		}
		return []Answer{a}
	},
}
