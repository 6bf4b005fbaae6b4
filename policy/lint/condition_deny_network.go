package lint

import (
	"strings"

	"warden/policy"
)

var conditionDenyNetwork = &Check{
	ID:       "condition.deny-network",
	Title:    "A network rule that also denies AWS services",
	Severity: Warning,
	Why: "When a service acts for the caller (CloudFormation, Athena, Lambda at deployment …) the request comes from the service: aws:SourceIp is not yours, " +
		"and aws:SourceVpce and aws:SourceVpc are absent. A Deny of everything from elsewhere denies those calls too.",
	Fix:    `Add "BoolIfExists": {"aws:ViaAWSService": "false"}, and for resources "aws:PrincipalIsAWSService": "false".`,
	Source: "IAM User Guide: AWS: Denies access to AWS based on the source IP",
	Kinds:  of(Identity, Boundary, SCP, RCP, Resource),
	Match:  statements(Identity, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`),
	Pass:   statements(Identity, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"},"Bool":{"aws:ViaAWSService":"false"}}}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.deny || !o.negated || s.has("aws:ViaAWSService", "aws:PrincipalIsAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast") != nil {
				return
			}
			switch strings.ToLower(c.Key) {
			case "aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce":
				p.report(s.condition(c, -1), "calls that AWS services make for the caller are denied as well")
			}
		})
	},
}
