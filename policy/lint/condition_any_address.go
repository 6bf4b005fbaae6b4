package lint

import (
	"warden/policy"
)

var conditionAnyAddress = &Check{
	ID:       "condition.any-address",
	Title:    "Every address is in the block",
	Severity: Security,
	Why:      "The condition looks like a restriction and lets in the whole Internet.",
	Fix:      "Write the blocks that are meant, or remove the condition.",
	Source:   "IAM User Guide: IP address condition operators",
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`, `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["0.0.0.0/0"]}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "IpAddress" || s.allow == o.negated {
				return
			}
			for j, v := range c.Values {
				if b, ok := parsePrefix(v); ok && b.Bits() == 0 {
					p.report(s.condition(c, j), "%s is every address", short(v))
				}
			}
		})
	},
}
