package lint

import (
	"slices"
)

var grantPassRole = &Check{
	ID:       "grant.pass-role",
	Title:    "Any role may be passed",
	Severity: Security,
	Why:      "Who may pass a role to a service gets what the role can do. With * that includes the strongest role of the account.",
	Fix:      "Name the roles in Resource, and add StringEquals iam:PassedToService.",
	Source:   "IAM User Guide: Grant a user permissions to pass a role to an AWS service",
	Codes: []string{"PASS_ROLE_WITH_STAR_IN_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", "PASS_ROLE_WITH_NOT_RESOURCE",
		"PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE", "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE", "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION"},
	Kinds: of(Identity),
	Match: statements(Identity,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`,
		`{"Effect":"Allow","Action":"iam:Pass*","Resource":"arn:aws:iam::111122223333:role/*"}`,
		`{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}`,
		`{"Effect":"Allow","Action":"iam:PassRole","NotResource":"arn:aws:iam::111122223333:role/admin"}`),
	Pass: statements(Identity,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app-*"}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.grants("iam:passrole") || !s.everywhere("iam") || slices.Contains(s.Actions, "*") {
				continue // grant.admin speaks of *
			}
			if c := s.has("iam:PassedToService"); c != nil {
				p.reportAs(Warning, s.at(-1), "lets pass any role of the account to %s", short(names(c.Values)))
				continue
			}
			p.report(s.at(-1), "lets pass any role of the account to any service")
		}
	},
}
