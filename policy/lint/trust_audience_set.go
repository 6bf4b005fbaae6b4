package lint

import (
	"strings"

	"warden/policy"
)

var trustAudienceSet = &Check{
	ID:       "trust.audience-set",
	Title:    "ForAnyValue on the audience of a token",
	Severity: Security,
	Why:      "The audience is one value. With ForAnyValue a token with several audiences passes, if one of them fits.",
	Fix:      "Leave ForAnyValue out.",
	Source:   "IAM User Guide: Single-valued vs. multivalued context keys",
	Codes:    []string{"FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE"},
	Kinds:    of(Trust),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringEquals":{"gitlab.com:aud":"a"},"StringEquals":{"gitlab.com:sub":"project_path:g/p:ref_type:branch:ref:main"}}}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if s.allow && o.set == "ForAnyValue" && strings.HasSuffix(strings.ToLower(c.Key), ":aud") {
				p.report(s.condition(c, -1), "%s has one value", short(c.Key))
			}
		})
	},
}
