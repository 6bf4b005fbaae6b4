package lint

import (
	"warden/policy"
	"warden/policy/catalog"
)

var conditionARNText = &Check{
	ID:       "condition.arn-text",
	Title:    "ARNs compared as text",
	Severity: Suggestion,
	Why:      "StringLike lets a * cross the colons: arn:aws:sns:*:111122223333:t matches an ARN with another account before that number. The Arn operators compare part by part.",
	Fix:      "Use ArnLike or ArnNotLike.",
	Source:   "IAM User Guide: Amazon Resource Name (ARN) condition operators",
	Codes:    []string{"STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", "STRING_EQUALS_OPERATOR_WITH_ARN_CONDITION_KEYS"},
	Match:    statements(Auto, `{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:t"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:t"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			k := keyOf(c.Key)
			if k == nil || k.Type.Element() != catalog.ARN || o.family != "String" {
				return
			}
			for _, v := range c.Values {
				if hasWildcard(v) && o.like() {
					p.reportAs(Security, s.condition(c, -1), "%s lets * cross the colons of %s", c.Operator, k.Name)
					return
				}
			}
			p.report(s.condition(c, -1), "%s holds ARNs, and %s compares text", k.Name, c.Operator)
		})
	},
}
