package lint

import (
	"strings"

	"warden/policy"
)

var conditionIfExists = &Check{
	ID:       "condition.if-exists",
	Title:    "IfExists lets through requests without the key",
	Severity: Security,
	Why:      "With IfExists a request that lacks the key passes. In an Allow that is everybody to whom the key does not apply: callers without credentials have no organization, calls from outside no endpoint.",
	Fix:      "Leave IfExists out of the Allow; it belongs into a Deny.",
	Source:   "IAM User Guide: IAM JSON policy elements: Condition operators, section …IfExists",
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Principal":"*","Resource":"arn:aws:s3:::b/*","Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`),
	Pass: statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Principal":"*","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`,
		`{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"StringEqualsIfExists":{"ec2:InstanceType":"t3.micro"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if s.allow && o.ifExists && !o.negated && owning[strings.ToLower(c.Key)] {
				p.report(s.condition(c, -1), "a request without %s is allowed too", short(c.Key))
			}
		})
	},
}
