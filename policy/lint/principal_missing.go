package lint

var principalMissing = &Check{
	ID:       "principal.missing",
	Title:    "The statement names no principal",
	Severity: Error,
	Why:      "AWS refuses a resource policy, and a trust policy, that does not say who.",
	Fix:      `Add "Principal", for example {"AWS": "arn:aws:iam::111122223333:role/name"}.`,
	Source:   "IAM User Guide: AWS JSON policy elements: Principal",
	Codes:    []string{"MISSING_PRINCIPAL"},
	Kinds:    of(Resource, Trust, RCP, Endpoint),
	Match:    statements(Trust, `{"Effect":"Allow","Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.Principals == nil && s.NotPrincipals == nil {
				p.report(s.at(-1), "the statement has no Principal")
			}
		}
	},
}
