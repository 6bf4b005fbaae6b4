package lint

var resourceNotAllow = &Check{
	ID:       "resource.not-allow",
	Title:    "Allow with NotResource gives everything else",
	Severity: Security,
	Why:      "The statement reaches every resource that is not listed, also those that are made tomorrow and those of other accounts.",
	Fix:      "List what is allowed with Resource; forbid the rest with Deny.",
	Source:   "IAM User Guide: IAM JSON policy elements: NotResource",
	Kinds:    of(Identity, Resource, Endpoint),
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}`),
	Pass:     statements(Auto, `{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::public/*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.allow && s.NotResources != nil {
				p.report(s.at(-1, "NotResource"), "allows everything but %s", short(names(s.NotResources)))
			}
		}
	},
}
