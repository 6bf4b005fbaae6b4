package lint

import (
	"strings"

	"warden/policy"
)

var rcpServicePrincipal = &Check{
	ID:       "rcp.service-principal",
	Title:    "The RCP also denies AWS services, or everybody else",
	Severity: Warning,
	Why: "RCPs bind service principals too. A Deny of everybody outside of the organization denies services, which have none; and a Deny of services that act for " +
		"strangers (aws:SourceOrgID) denies all callers who are no service, since they lack that key.",
	Fix:    `Beside aws:Principal… keys add "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}; beside aws:Source… keys "Bool": {"aws:PrincipalIsAWSService": "true"} and "Null": {"aws:SourceAccount": "false"}.`,
	Source: "AWS Organizations User Guide: RCP syntax; IAM User Guide: IAM policy validation check reference",
	Codes:  []string{"RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK"},
	Kinds:  of(RCP),
	Match: statements(RCP,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:SourceOrgID":"o-a1b2c3d4e5"}}}`),
	Pass: statements(RCP,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}`,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:SourceOrgID":"o-a1b2c3d4e5"},"Null":{"aws:SourceAccount":"false"},"Bool":{"aws:PrincipalIsAWSService":"true"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.deny || !o.negated {
				return
			}
			switch strings.ToLower(c.Key) {
			case "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn":
				if s.has("aws:PrincipalIsAWSService", "aws:PrincipalServiceName") == nil {
					p.report(s.condition(c, -1), "services, which lack %s, are denied as well", short(c.Key))
				}
			case "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount":
				switch {
				case s.has("aws:PrincipalIsAWSService", "aws:PrincipalServiceName") == nil:
					p.report(s.condition(c, -1), "users and roles, which lack %s, are denied as well", short(c.Key))
				case !s.mustHave("aws:SourceAccount") && !s.mustHave("aws:SourceArn") && !s.mustHave(c.Key):
					p.report(s.condition(c, -1), "service integrations that send no %s are denied as well", short(c.Key))
				}
			}
		})
	},
}
