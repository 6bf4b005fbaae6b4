package lint

import (
	"strings"

	"warden/policy"
)

var conditionIrrelevant = &Check{
	ID:       "condition.irrelevant",
	Title:    "The key belongs into the policy of a resource",
	Severity: Warning,
	Why:      "aws:SourceArn and aws:SourceAccount are set when a service calls a resource for somebody. Requests of users and roles do not have them: this Allow gives nothing.",
	Fix:      "Move the condition to the resource's policy; compare aws:PrincipalAccount or aws:ResourceAccount here.",
	Source:   "IAM User Guide: AWS global condition context keys: aws:SourceArn, aws:SourceAccount",
	Codes:    []string{"IRRELEVANT_CONDITION_KEY_IN_POLICY"},
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"111122223333"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			switch strings.ToLower(c.Key) {
			case "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths":
				if s.allow && !o.ifExists && !o.negated && o.family != "Null" {
					p.report(s.condition(c, -1), "requests of users and roles do not have %s", short(c.Key))
				}
			}
		})
	},
}
