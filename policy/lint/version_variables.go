package lint

var versionVariables = &Check{
	ID:       "version.variables",
	Title:    "Variables in a policy whose version does not know them",
	Severity: Error,
	Why:      "Before version 2012-10-17 ${aws:username} is eighteen characters of text: an Allow never matches, and a Deny never protects.",
	Fix:      `Write "Version": "2012-10-17".`,
	Source:   "IAM User Guide: IAM policy elements: Variables and tags",
	Codes:    []string{"VARIABLE_UNSUPPORTED_IN_VERSION"},
	Match: []Example{
		{Auto, `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}}`},
		{Auto, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::home","Condition":{"StringLike":{"s3:prefix":"${aws:username}/*"}}}}`},
	},
	Pass: statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}`),
	run: func(p *pass) {
		if p.doc.Version == "2012-10-17" || isOpen(p.doc.Version) {
			return
		}
		for i := range p.statements {
			s := &p.statements[i]
			for j, v := range s.Resources {
				if hasVariable(v) {
					p.report(s.at(j, "Resource"), "%s is plain text without Version 2012-10-17", short(v))
				}
			}
			for j, v := range s.NotResources {
				if hasVariable(v) {
					p.report(s.at(j, "NotResource"), "%s is plain text without Version 2012-10-17", short(v))
				}
			}
			for k := range s.Conditions {
				for j, v := range s.Conditions[k].Values {
					if hasVariable(v) {
						p.report(s.condition(&s.Conditions[k], j), "%s is plain text without Version 2012-10-17", short(v))
					}
				}
			}
		}
	},
}
