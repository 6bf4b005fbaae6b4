package lint

var principalNotAllow = &Check{
	ID:       "principal.not-allow",
	Title:    "Allow with NotPrincipal allows everybody else",
	Severity: Security,
	Why:      "All identities of all accounts that are not listed are allowed, also callers without credentials.",
	Fix:      "List who is allowed with Principal.",
	Source:   "IAM User Guide: IAM JSON policy elements: NotPrincipal",
	Codes:    []string{"ALLOW_WITH_NOT_PRINCIPAL"},
	Kinds:    of(Resource, Trust, Endpoint),
	Match:    statements(Auto, `{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/a"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`),
	Pass:     statements(Auto, `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/a"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.allow && s.NotPrincipals != nil {
				p.report(s.at(-1, "NotPrincipal"), "allows everybody in the world but the %d listed", len(s.NotPrincipals))
			}
		}
	},
}
