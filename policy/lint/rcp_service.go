package lint

import (
	"strings"

	"warden/policy/catalog"
)

var rcpService = &Check{
	ID:       "rcp.service",
	Title:    "RCPs do not apply to the service",
	Severity: Error,
	Why:      "Organizations refuses it; and requests to that service are decided without resource control policies, so that it would protect nothing.",
	Fix:      "Protect those resources by an SCP, or by their own policies.",
	Source:   "AWS Organizations User Guide: List of AWS services that support RCPs",
	Codes:    []string{"RCP_SYNTAX_ERROR_ACTION"},
	Kinds:    of(RCP),
	Match:    statements(RCP, `{"Effect":"Deny","Principal":"*","Action":["s3:*","ec2:RunInstances"],"Resource":"*"}`),
	Pass:     statements(RCP, `{"Effect":"Deny","Principal":"*","Action":["s3:*","sts:*","kms:*","sqs:*","secretsmanager:*"],"Resource":"*"}`),
	run: func(p *pass) {
		p.eachAction(func(s *statement, element string, j int, v string) {
			prefix, _, _ := strings.Cut(v, ":")
			if service := catalog.ServiceOf(prefix); service != nil && !service.RCP {
				p.report(s.at(j, element), "RCPs do not apply to %s", service.Name)
			}
		})
	},
}
