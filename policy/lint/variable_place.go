package lint

import (
	"warden/policy"
)

var variablePlace = &Check{
	ID:       "variable.place",
	Title:    "No variables here",
	Severity: Error,
	Why:      "Variables work in the last part of a resource, and in conditions on text and ARNs. Elsewhere ${…} is literal text that matches nothing.",
	Fix:      "Write the value itself; use String or Arn operators for values that vary.",
	Source:   "IAM User Guide: Where you can use policy variables",
	Codes:    []string{"VARIABLE_UNSUPPORTED_IN_ELEMENT", "INVALID_VARIABLE_FOR_OPERATOR"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:${aws:username}","Resource":"*"}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"NumericLessThan":{"s3:max-keys":"${aws:PrincipalTag/n}"}}}`),
	Pass: statements(Auto, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"${aws:username}/*"}}}`),
	run: func(p *pass) {
		p.eachAction(func(s *statement, element string, j int, v string) {
			if hasVariable(v) && !isOpen(v) {
				p.report(s.at(j, element), "%s: an action has no variables", short(v))
			}
		})
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family == "String" || o.family == "Arn" {
				return
			}
			for j, v := range c.Values {
				if hasVariable(v) && !isOpen(v) {
					p.report(s.condition(c, j), "%s: %s takes no variables", short(v), c.Operator)
				}
			}
		})
	},
}
