package lint

var statementRedundant = &Check{
	ID:       "statement.redundant",
	Title:    "Another statement includes this one",
	Severity: Suggestion,
	Why:      "It changes nothing. Often it is the rest of an attempt to restrict what the wider statement still allows.",
	Fix:      "Remove it (--fix does), or narrow the other one.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"REDUNDANT_STATEMENT"},
	Match: statements(Auto,
		`[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]`,
		`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]`),
	Pass: statements(Auto,
		`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}]`,
		`[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]`),
	run: func(p *pass) {
		found := redundantStatements(p.doc, p.statements, p.spend)
		for i := range p.statements {
			if by, ok := found[i]; ok {
				p.report(p.statements[i].at(-1), "statement %d includes everything that this one says", by)
				p.fixable()
			}
		}
	},
}
