package lint

import (
	"slices"
	"strings"

	"warden/policy"
)

var conditionDenyRegion = &Check{
	ID:       "condition.deny-region",
	Title:    "A Region lock that also denies global services",
	Severity: Warning,
	Why:      "IAM, Organizations, Route 53, CloudFront, Support and others are called in us-east-1, whatever your Region. A Deny outside of chosen Regions cuts them off.",
	Fix:      "Use NotAction with the global services (iam:*, organizations:*, route53:*, cloudfront:*, sts:*, support:* …) in that statement, or include us-east-1.",
	Source:   "IAM User Guide: AWS: Denies access to AWS based on the requested Region",
	Kinds:    of(Identity, Boundary, SCP),
	Match:    statements(SCP, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]}}}`),
	Pass: statements(SCP, `{"Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]}}}`,
		`{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-central-1"]}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.deny || !o.negated || !strings.EqualFold(c.Key, "aws:RequestedRegion") || slices.Contains(c.Values, "us-east-1") {
				return
			}
			if slices.Contains(s.Actions, "*") || s.Actions != nil && listed(s.Actions, "iam:getuser") || s.NotActions != nil && !listed(s.NotActions, "iam:getuser") {
				p.report(s.condition(c, -1), "IAM and other global services, called in us-east-1, are denied")
			}
		})
	},
}
