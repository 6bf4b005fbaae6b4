package lint

var principalUnsupported = &Check{
	ID:       "principal.unsupported",
	Title:    "This kind of policy names no principal",
	Severity: Error,
	Why:      "A policy that is attached to an identity, an account or a unit is about that one; AWS refuses it with Principal.",
	Fix:      "Remove Principal; attach the policy to the identities that are meant, or compare aws:PrincipalArn in a condition.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal; AWS Organizations User Guide: SCP syntax",
	Codes:    []string{"UNSUPPORTED_PRINCIPAL", "SCP_SYNTAX_ERROR_PRINCIPAL"},
	Kinds:    of(Identity, Boundary, SCP),
	Match:    statements(SCP, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`),
	Pass:     statements(SCP, `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if s.Principals != nil {
				p.report(s.at(-1, "Principal"), "a policy of the kind %s has no Principal", p.kind)
			}
			if s.NotPrincipals != nil {
				p.report(s.at(-1, "NotPrincipal"), "a policy of the kind %s has no NotPrincipal", p.kind)
			}
		}
	},
}
