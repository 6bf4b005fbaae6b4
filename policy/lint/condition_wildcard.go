package lint

import (
	"strings"

	"warden/policy"
)

var conditionWildcard = &Check{
	ID:       "condition.wildcard",
	Title:    "A wildcard in an operator that knows none",
	Severity: Warning,
	Why:      "StringEquals compares letter by letter: the star is a star. The condition never holds, and a StringNotEquals always does.",
	Fix:      "Use StringLike or StringNotLike; write ${*} if the star itself is meant.",
	Source:   "IAM User Guide: IAM JSON policy elements: Condition operators",
	Codes:    []string{"WILDCARD_WITHOUT_LIKE_OPERATOR"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"home/*"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":"home/*"},"StringEquals":{"aws:PrincipalTag/a":"${*}"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "String" || o.like() {
				return
			}
			for j, v := range c.Values {
				if strings.Contains(v, "*") && hasWildcard(v) {
					p.report(s.condition(c, j), "%s knows no wildcards: %q is meant literally", c.Operator, short(v))
				}
			}
		})
	},
}
