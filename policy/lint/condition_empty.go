package lint

import (
	"warden/policy"
)

var conditionEmpty = &Check{
	ID:       "condition.empty",
	Title:    "A condition without values",
	Severity: Warning,
	Why:      "Nothing equals one of no values: the condition never holds, and a negated one always does.",
	Fix:      "Write the values, or remove the key.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"EMPTY_ARRAY_CONDITION", "EMPTY_ARRAY_CONDITION_FORALLVALUES", "EMPTY_ARRAY_CONDITION_FORANYVALUE", "EMPTY_ARRAY_CONDITION_IFEXISTS", "EMPTY_ARRAY_CONDITION_NEGATED", "EMPTY_OBJECT_CONDITION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":[]}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-a1b2c3d4e5"]}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			if len(c.Values) == 0 {
				p.report(s.condition(c, -1), "%s has no value", short(c.Key))
			}
		})
	},
}
