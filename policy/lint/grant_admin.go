package lint

import (
	"slices"
)

var grantAdmin = &Check{
	ID:       "grant.admin",
	Title:    "Full administrator",
	Severity: Security,
	Why:      "Whoever has it can do everything, also give himself what other policies take away.",
	Fix:      "List what is needed; keep this for a few people, with MFA, or for the break-glass role.",
	Source:   "IAM User Guide: Security best practices in IAM: Apply least-privilege permissions",
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Allow","Action":["s3:*","*"],"Resource":["*"]}`),
	Pass:     append(statements(Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Effect":"Deny","Action":"*","Resource":"*"}`), statements(SCP, `{"Effect":"Allow","Action":"*","Resource":"*"}`)...),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.allow && slices.Contains(s.Actions, "*") && slices.Contains(s.Resources, "*") {
				if len(s.Conditions) > 0 {
					p.reportAs(Warning, s.at(-1, "Action"), "allows every action on every resource, under conditions")
				} else {
					p.report(s.at(-1, "Action"), "allows every action on every resource")
				}
			}
		}
	},
}
