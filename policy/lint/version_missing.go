package lint

import (
	"slices"

	"warden/policy"
)

var versionMissing = &Check{
	ID:       "version.missing",
	Title:    "The policy has no Version",
	Severity: Warning,
	Why:      "Without Version the rules of 2008-10-17 hold: policy variables such as ${aws:username} are then plain text that matches nothing.",
	Fix:      `Add "Version": "2012-10-17" as the first element.`,
	Source:   "IAM User Guide: IAM JSON policy elements: Version",
	Codes:    []string{"MISSING_VERSION"},
	Match:    []Example{{Auto, `{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`}},
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`),
	run: func(p *pass) {
		if p.doc.Version == "" {
			p.report(whole(), "the policy has no Version, and follows the rules of 2008-10-17")
			if !usesVariables(p.doc) {
				p.fixable()
			}
		}
	},
}

// usesVariables tells whether a newer version would change how the policy is
// read.
func usesVariables(doc *policy.Document) bool {
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if slices.ContainsFunc(s.Resources, hasVariable) || slices.ContainsFunc(s.NotResources, hasVariable) {
			return true
		}
		for _, c := range s.Conditions {
			if slices.ContainsFunc(c.Values, hasVariable) {
				return true
			}
		}
	}
	return false
}
