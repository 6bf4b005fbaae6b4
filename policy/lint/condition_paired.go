package lint

import (
	"strings"

	"warden/policy"
)

var conditionPaired = &Check{
	ID:       "condition.paired",
	Title:    "The key means little alone",
	Severity: Security,
	Why:      "Private addresses repeat in every VPC: aws:VpcSourceIp says something together with the VPC or the endpoint only.",
	Fix:      "Add StringEquals aws:SourceVpc or aws:SourceVpce.",
	Source:   "IAM User Guide: AWS global condition context keys: aws:VpcSourceIp",
	Codes:    []string{"MISSING_PAIRED_CONDITION_KEYS"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"},"StringEquals":{"aws:SourceVpc":"vpc-0123456789abcdef0"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if s.allow && strings.EqualFold(c.Key, "aws:VpcSourceIp") && s.has("aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn") == nil && o.family != "Null" {
				p.report(s.condition(c, -1), "any VPC of anybody may have these addresses")
			}
		})
	},
}
