package lint

import (
	"warden/policy"
)

var conditionHostBits = &Check{
	ID:       "condition.host-bits",
	Title:    "The CIDR block begins elsewhere than written",
	Severity: Suggestion,
	Why:      "AWS ignores the bits behind the mask, so that the block is another than it seems.",
	Fix:      "Write the block's first address, or a longer mask.",
	Source:   "IAM User Guide: IP address condition operators",
	Codes:    []string{"IMPROVE_IP_RANGE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.7/24"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "IpAddress" {
				return
			}
			for j, v := range c.Values {
				if b, ok := parsePrefix(v); ok && b != b.Masked() {
					p.report(s.condition(c, j), "%s is the block %s", short(v), b.Masked())
				}
			}
		})
	},
}
