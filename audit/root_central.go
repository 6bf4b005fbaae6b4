package audit

import (
	"fmt"

	"warden/finding"
)

var rootCentral = Control{
	ID:       "root.central",
	Title:    "The organisation manages the root users of its members",
	Why:      "Each member account has a root user with a password to reset and keys to make; centrally managed, members have none.",
	Source:   "IAM User Guide: Centrally manage root access for member accounts; IAM API Reference: ListOrganizationsFeatures",
	Severity: finding.Medium,
	Actions:  []string{"iam:ListOrganizationsFeatures", "organizations:DescribeOrganization"},
	Remedy:   "Enable root credentials management in the management account, then delete the root credentials of the members.",
	Judge: func(e *Evidence) []Answer {
		if e.CentralRoot != nil {
			v := e.CentralRoot.Value
			a := Answer{
				Status: finding.Pass, Summary: "root credentials are managed centrally",
				Facts: []finding.Fact{fact(e.CentralRoot.Evidence, "RootCredentialsManagement %v, RootSessions %v", v.RootCredentialsManagement, v.RootSessions)},
			}
			if !v.RootCredentialsManagement {
				a.Status, a.Summary, a.Command = finding.Fail, "root credentials of members are not managed centrally", "aws iam enable-organizations-root-credentials-management"
			}
			return []Answer{a}
		}
		if e.Organization == nil {
			return []Answer{e.unknown("whether the account is in an organisation", "organizations:DescribeOrganization")}
		}
		o := e.Organization.Value
		if o.ID == "" {
			return []Answer{{Status: finding.NotApplicable, Summary: "the account is in no organisation", Facts: []finding.Fact{fact(e.Organization.Evidence, "no organisation")}}}
		}
		if o.ManagementAccount != e.Account {
			return []Answer{{
				Status:  finding.NotApplicable,
				Summary: "a question to the management account " + o.ManagementAccount,
				Facts:   []finding.Fact{fact(e.Organization.Evidence, "%s", fmt.Sprintf("member of %s", o.ID))},
			}}
		}
		return []Answer{e.unknown("whether root access is managed centrally", "iam:ListOrganizationsFeatures")}
	},
}
