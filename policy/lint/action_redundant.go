package lint

var actionRedundant = &Check{
	ID:       "action.redundant",
	Title:    "The action is in the list already",
	Severity: Suggestion,
	Why:      "It changes nothing, hides what the statement really says, and counts against the policy's size.",
	Fix:      "Remove it (--fix does), or remove the wider value if that was not meant.",
	Source:   "IAM User Guide: IAM JSON policy elements: Action",
	Codes:    []string{"REDUNDANT_ACTION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":["s3:Get*","s3:GetObject"],"Resource":"*"}`, `{"Effect":"Deny","NotAction":["iam:GetUser","IAM:getuser"],"Resource":"*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":["s3:Get*","s3:PutObject"],"Resource":"*"}`),
	run:      func(p *pass) { redundantValues(p, "Action", "NotAction") },
}

// redundantValues reports what other values of the same list take in.
func redundantValues(p *pass, elements ...string) {
	for i := range p.statements {
		s := &p.statements[i]
		for _, e := range elements {
			values, found := s.redundancies(e, p.spend)
			for _, r := range found {
				how := "is included in"
				if r.equal {
					how = "is the same as"
				}
				p.report(s.at(r.index, e), "%s %s %s", short(values[r.index]), how, short(values[r.by]))
				p.fixable()
			}
		}
	}
}
