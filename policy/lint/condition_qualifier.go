package lint

import (
	"warden/policy"
)

var conditionQualifier = &Check{
	ID:       "condition.qualifier",
	Title:    "A multivalued key without ForAllValues or ForAnyValue",
	Severity: Error,
	Why:      "Requests have several values of the key. Without a set operator the condition matches none of them.",
	Fix:      "Write ForAnyValue: if one value shall do; in a Deny or beside a Null check, ForAllValues: if all must.",
	Source:   "IAM User Guide: Set operators for multivalued context keys",
	Codes:    []string{"MISSING_QUALIFIER"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":["team","env"]}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["team","env"]},"Null":{"aws:TagKeys":"false"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if k := keyOf(c.Key); k != nil && k.Type.Multivalued() && o.set == "" && o.family != "Null" {
				p.report(s.condition(c, -1), "%s has several values, and %s compares one", k.Name, c.Operator)
			}
		})
	},
}
