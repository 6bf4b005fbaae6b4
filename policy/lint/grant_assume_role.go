package lint

import (
	"slices"
)

var grantAssumeRole = &Check{
	ID:       "grant.assume-role",
	Title:    "Any role may be assumed",
	Severity: Security,
	Why:      "Every role that trusts this account becomes reachable, in other accounts too; only the roles' trust policies stand between.",
	Fix:      "Name the roles in Resource.",
	Source:   "IAM User Guide: Grant a user permissions to switch roles",
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`, `{"Effect":"Allow","Action":"sts:*","Resource":"*"}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/app"}`, `{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.grants("sts:assumerole") && s.everywhere("iam") && s.Actions != nil && !slices.Contains(s.Actions, "*") {
				p.report(s.at(-1), "lets assume any role that trusts the account")
			}
		}
	},
}
