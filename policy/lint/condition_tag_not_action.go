package lint

import (
	"warden/policy"
)

var conditionTagNotAction = &Check{
	ID:       "condition.tag-not-action",
	Title:    "A tag condition over actions that know no tags",
	Severity: Warning,
	Why:      "With NotAction the statement speaks of services that do not send the tag. A Deny then does not deny them; an Allow does not allow them, although it seems to.",
	Fix:      "List the actions that send the tag with Action.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"},
	Match:    statements(Auto, `{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/status":"Confidential"}}}`),
	Pass:     statements(Auto, `{"Effect":"Deny","Action":"ec2:TerminateInstances","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/status":"Confidential"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if s.NotActions == nil || !tagKey(c.Key) || o.family == "Null" || o.ifExists || o.negated {
				return
			}
			if s.deny {
				p.reportAs(Security, s.condition(c, -1), "actions whose requests lack %s are not denied", short(c.Key))
			} else {
				p.report(s.condition(c, -1), "actions whose requests lack %s are not allowed", short(c.Key))
			}
		})
	},
}
