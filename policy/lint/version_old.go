package lint

var versionOld = &Check{
	ID:       "version.old",
	Title:    "The policy has the old version 2008-10-17",
	Severity: Suggestion,
	Why:      "Features that came later, such as policy variables, do not work in it and fail silently.",
	Fix:      `Write "Version": "2012-10-17".`,
	Source:   "IAM User Guide: IAM JSON policy elements: Version",
	Match:    []Example{{Auto, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`}},
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`),
	run: func(p *pass) {
		if p.doc.Version == "2008-10-17" {
			p.report(whole("Version"), "version 2008-10-17 is superseded by 2012-10-17")
			if !usesVariables(p.doc) {
				p.fixable()
			}
		}
	},
}
