package lint

import (
	"strings"

	"warden/policy"
)

var principalServiceKey = &Check{
	ID:       "principal.service-key",
	Title:    "Services do not have the condition key",
	Severity: Error,
	Why:      "A service that acts by itself has no account, organization, tag or name: the Allow never lets it in.",
	Fix:      "Put services into a statement of their own, with aws:SourceAccount, aws:SourceArn or aws:SourceOrgID.",
	Source:   "IAM User Guide: AWS global condition context keys: Properties of the principal",
	Codes:    []string{"UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"},
	Kinds:    named,
	Match:    statements(Auto, `{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`),
	Pass: statements(Auto, `{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`,
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			services := 0
			for _, e := range s.Principals {
				if e.Type == "Service" {
					services++
				}
			}
			if !s.allow || services == 0 || o.negated || o.ifExists || o.set == "ForAllValues" || o.family == "Null" {
				return
			}
			switch lower := strings.ToLower(c.Key); {
			case lower == "aws:principalorgid", lower == "aws:principalorgpaths", lower == "aws:principalaccount", lower == "aws:principalarn",
				lower == "aws:username", lower == "aws:userid", lower == "aws:multifactorauthpresent", strings.HasPrefix(lower, "aws:principaltag/"):
				p.report(s.condition(c, -1), "service principals do not have %s", short(c.Key))
			}
		})
	},
}
