package lint

var boundaryEmpty = &Check{
	ID:       "boundary.empty",
	Title:    "The boundary allows nothing",
	Severity: Warning,
	Why:      "A permissions boundary grants nothing, and limits to what it allows. Without any Allow its bearers can do nothing at all.",
	Fix:      `Begin with Allow "*" on "*" where only some things are to be forbidden.`,
	Source:   "IAM User Guide: Permissions boundaries for IAM entities",
	Kinds:    of(Boundary),
	Match:    statements(Boundary, `{"Effect":"Deny","Action":"iam:*","Resource":"*"}`),
	Pass:     statements(Boundary, `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]`),
	run: func(p *pass) {
		for i := range p.statements {
			if !p.statements[i].deny {
				return
			}
		}
		p.report(whole(), "the boundary has no Allow: whoever has it can do nothing")
	},
}
