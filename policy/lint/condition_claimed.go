package lint

import (
	"strings"

	"warden/policy"
)

var conditionClaimed = &Check{
	ID:       "condition.claimed",
	Title:    "The caller chooses the value himself",
	Severity: Security,
	Why:      "aws:Referer and aws:UserAgent are headers that anybody can send. They keep nobody out.",
	Fix:      "Use what the caller cannot choose: aws:PrincipalArn, aws:SourceVpce, aws:SourceIp; for a website a CloudFront origin access control.",
	Source:   "IAM User Guide: AWS global condition context keys: aws:referer, aws:UserAgent",
	Codes:    []string{"UNTRUSTWORTHY_CONDITION_KEY"},
	Match:    statements(Auto, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:Referer":"https://example.com/*"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0123456789abcdef0"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, _ operator) {
			if k := strings.ToLower(c.Key); k == "aws:referer" || k == "aws:useragent" {
				p.report(s.condition(c, -1), "anybody can send any %s", short(c.Key))
			}
		})
	},
}
