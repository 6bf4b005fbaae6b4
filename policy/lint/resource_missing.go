package lint

var resourceMissing = &Check{
	ID:       "resource.missing",
	Title:    "The statement has no Resource",
	Severity: Error,
	Why:      "AWS refuses the policy: each statement says what it is about, by Resource or NotResource.",
	Fix:      `Add "Resource" with the ARNs that are meant.`,
	Source:   "IAM User Guide: IAM JSON policy elements: Resource",
	Codes:    []string{"MISSING_RESOURCE"},
	Kinds:    withResource,
	Match:    statements(Identity, `{"Effect":"Allow","Action":"s3:GetObject"}`),
	Pass:     append(statements(Identity, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`), statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}`)...),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.Resources == nil && s.NotResources == nil {
				p.report(s.at(-1), "the statement has neither Resource nor NotResource")
			}
		}
	},
}
