package lint

import (
	"strings"

	"warden/policy"
)

var conditionForAll = &Check{
	ID:       "condition.for-all",
	Title:    "ForAllValues lets through requests without the key",
	Severity: Security,
	Why:      "ForAllValues is true where the request has no value at all. In an Allow that opens the statement to everybody who leaves the key out.",
	Fix:      `Add "Null": {"KEY": "false"}, or use ForAnyValue; for a key with one value leave the set operator out.`,
	Source:   "IAM User Guide: Set operators for multivalued context keys",
	Codes:    []string{"FORALLVALUES_WITH_SINGLE_VALUED_KEY"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`,
		`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"ForAllValues:StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]},"Null":{"aws:TagKeys":"false"}}}`,
		`{"Effect":"Deny","Action":"ec2:CreateTags","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["owner"]}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.set != "ForAllValues" {
				return
			}
			k := keyOf(c.Key)
			one := k != nil && !k.Type.Multivalued()
			switch {
			case s.allow && !s.mustHave(c.Key):
				severity := Security
				if !one {
					severity = Warning // often meant, as with optional tags
				}
				p.reportAs(severity, s.condition(c, -1), "a request without %s is allowed too", short(c.Key))
			case one && s.deny:
				p.reportAs(Warning, s.condition(c, -1), "%s has one value: ForAllValues only makes the Deny catch requests without it", short(c.Key))
			case one:
				p.reportAs(Warning, s.condition(c, -1), "%s has one value: no set operator is needed", short(c.Key))
			}
		})
	},
}

// mustHave tells whether a Null condition demands the key.
func (s *statement) mustHave(key string) bool {
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if strings.EqualFold(c.Key, key) && operatorOf(c.Operator).family == "Null" && len(c.Values) == 1 && strings.EqualFold(c.Values[0], "false") {
			return true
		}
	}
	return false
}
