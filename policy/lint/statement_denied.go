package lint

var statementDenied = &Check{
	ID:       "statement.denied",
	Title:    "A Deny without condition cancels this Allow",
	Severity: Warning,
	Why:      "An explicit deny always wins, so that this statement never gives anything.",
	Fix:      "Remove it, or narrow the Deny.",
	Source:   "IAM User Guide: Policy evaluation logic",
	Kinds:    of(Identity, Boundary, SCP),
	Match:    statements(Identity, `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]`),
	Pass:     statements(Identity, `[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || s.Actions == nil || s.Resources == nil || s.open() {
				continue
			}
			for j := range p.statements {
				d := &p.statements[j]
				if d.deny && len(d.Conditions) == 0 && d.Actions != nil && d.Resources != nil && p.spend(8) &&
					allCovered(d.Actions, s.Actions, coversAction, p.spend) && allCovered(d.Resources, s.Resources, coversARN, p.spend) {
					p.report(s.at(-1), "statement %d denies everything that this one allows", j)
					break
				}
			}
		}
	},
}
