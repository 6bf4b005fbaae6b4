package lint

import (
	"strings"

	"warden/policy"
)

var conditionDeprecated = &Check{
	ID:       "condition.deprecated",
	Title:    "The condition key is superseded",
	Severity: Warning,
	Why:      "New requests may come without it, and then the condition does not hold.",
	Fix:      "Use the key that the message names.",
	Source:   "IAM User Guide: AWS global condition context keys",
	Codes:    []string{"DEPRECATED_GLOBAL_CONDITION_KEY"},
	Match:    statements(Auto, `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:SourceOwner":"111122223333"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			if instead := map[string]string{"aws:arn": "aws:PrincipalArn", "aws:sourceowner": "aws:SourceAccount", "aws:principaltype": "aws:PrincipalArn"}[strings.ToLower(c.Key)]; instead != "" {
				p.report(s.condition(c, -1), "%s is superseded: use %s", short(c.Key), instead)
			}
		})
	},
}
