package audit

import (
	"strings"

	"warden/finding"
)

var roleSupport = Control{
	ID:       "role.support",
	Title:    "There is a role for incidents with AWS Support",
	Why:      "In an incident somebody must be able to open a case without being given more than that in haste.",
	Source:   "AWS Support User Guide: Manage access to AWS Support Center",
	Severity: finding.Low,
	Actions:  []string{gaad},
	Remedy:   "Make a role for those who handle incidents and attach AWSSupportAccess.",
	Judge: func(e *Evidence) []Answer {
		if !e.hasDetails() {
			return []Answer{e.unknown("which role has AWSSupportAccess", gaad)}
		}
		arn := "arn:" + e.partition() + ":iam::aws:policy/AWSSupportAccess"
		for i := range e.Roles {
			for _, attached := range e.Roles[i].Attached {
				if strings.HasSuffix(attached, ":iam::aws:policy/AWSSupportAccess") {
					return []Answer{{Status: finding.Pass, Summary: "role " + e.Roles[i].Name, Facts: []finding.Fact{fact(e.details(), "role %s has AWSSupportAccess", e.Roles[i].Name)}}}
				}
			}
		}
		return []Answer{{
			Status: finding.Fail, Summary: "no role has AWSSupportAccess", Command: "aws iam attach-role-policy --role-name ROLE --policy-arn " + arn,
			Facts: []finding.Fact{fact(e.details(), "%d roles, none with AWSSupportAccess", len(e.Roles))},
		}}
	},
}
