package lint

var trustNotPrincipal = &Check{
	ID:       "trust.not-principal",
	Title:    "A trust policy has no NotPrincipal",
	Severity: Error,
	Why:      "IAM refuses it: a trust policy lists who may assume the role.",
	Fix:      "Write Principal, and a condition on aws:PrincipalArn for exceptions.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL"},
	Kinds:    of(Trust),
	Match:    statements(Trust, `{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/a"},"Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:role/a"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.NotPrincipals != nil {
				p.report(s.at(-1, "NotPrincipal"), "a trust policy has no NotPrincipal")
			}
		}
	},
}
