package lint

import (
	"strings"

	"warden/policy"
)

var conditionTagName = &Check{
	ID:       "condition.tag-name",
	Title:    "The condition key lacks the name of the tag",
	Severity: Error,
	Why:      "No request has the key as it stands.",
	Fix:      "Write the tag after the slash: aws:RequestTag/team.",
	Source:   "IAM User Guide: AWS global condition context keys",
	Codes:    []string{"MISSING_TAG_KEY_IN_CONDITION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag":"a"}}}`, `{"Effect":"Allow","Action":"ec2:StartInstances","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/":"a"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"a"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			if tagWithoutName(c.Key) {
				p.report(s.condition(c, -1), "%s lacks the name of the tag", short(c.Key))
			}
		})
	},
}

func tagWithoutName(key string) bool {
	lower := strings.TrimSuffix(strings.ToLower(key), "/")
	return strings.HasSuffix(lower, ":requesttag") || strings.HasSuffix(lower, ":resourcetag") || strings.HasSuffix(lower, ":principaltag")
}
