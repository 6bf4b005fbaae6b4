package lint

import (
	"strings"
)

var principalNotDeny = &Check{
	ID:       "principal.not-deny",
	Title:    "Deny with NotPrincipal denies more than it looks",
	Severity: Warning,
	Why: "Who is listed must be listed in every form in which AWS sees him: a user with his account, a role session with account, role and session. " +
		"Principals with a permissions boundary are denied whatever the list says.",
	Fix:    `Write Principal "*" with the condition ArnNotLike (or StringNotLike) on aws:PrincipalArn.`,
	Source: "IAM User Guide: IAM JSON policy elements: NotPrincipal",
	Kinds:  of(Resource, Trust, Endpoint),
	Match:  statements(Auto, `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/admin"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}`),
	Pass:   statements(Auto, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/admin"}}}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.deny || s.NotPrincipals == nil {
				continue
			}
			account := false
			for _, e := range s.NotPrincipals {
				account = account || isAccountID(e.Value) || strings.HasSuffix(e.Value, ":root") || e.Type != "AWS" || isOpen(e.Value)
			}
			if account {
				p.report(s.at(-1, "NotPrincipal"), "role sessions, and principals with a permissions boundary, are denied even if their role is listed")
			} else {
				p.report(s.at(-1, "NotPrincipal"), "the account is not listed beside its user or role, so that all of it may be denied")
			}
		}
	},
}
