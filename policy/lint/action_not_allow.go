package lint

var actionNotAllow = &Check{
	ID:       "action.not-allow",
	Title:    "Allow with NotAction gives everything else",
	Severity: Security,
	Why:      "The statement allows every action of every service that is not listed, also those that AWS adds tomorrow, and IAM's own.",
	Fix:      "List what is allowed with Action; or use Deny with NotAction if the rest is to be forbidden.",
	Source:   "IAM User Guide: IAM JSON policy elements: NotAction",
	Kinds:    of(Identity, Resource, Endpoint),
	Match:    statements(Auto, `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`),
	Pass:     statements(Auto, `{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			if s := &p.statements[i]; s.allow && s.NotActions != nil {
				extra := ""
				if !listed(s.NotActions, "iam:passrole") || !listed(s.NotActions, "iam:createaccesskey") {
					extra = ", IAM's own actions among them"
				}
				p.report(s.at(-1, "NotAction"), "allows everything but %s%s", short(names(s.NotActions)), extra)
			}
		}
	},
}
