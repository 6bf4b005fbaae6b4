package lint

var resourceInTrust = &Check{
	ID:       "resource.in-trust",
	Title:    "A trust policy has no Resource",
	Severity: Error,
	Why:      "A trust policy speaks of the role that it belongs to. IAM refuses it with Resource or NotResource.",
	Fix:      "Remove Resource.",
	Source:   "IAM User Guide: IAM JSON policy elements: Resource; IAM roles: terms and concepts",
	Codes:    []string{"ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE"},
	Kinds:    of(Trust),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole","Resource":"*"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if s.Resources != nil {
				p.report(s.at(-1, "Resource"), "a trust policy has no Resource")
			}
			if s.NotResources != nil {
				p.report(s.at(-1, "NotResource"), "a trust policy has no NotResource")
			}
		}
	},
}
