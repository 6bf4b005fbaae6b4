package lint

import (
	"strings"

	"warden/policy"
)

var conditionWide = &Check{
	ID:       "condition.wide",
	Title:    "A wildcard where only a whole id identifies",
	Severity: Security,
	Why:      "Accounts, organizations, VPCs and endpoints are told apart by their whole id. A pattern lets in those of strangers, who may choose or try ids until one fits.",
	Fix:      "Write the ids in full; for aws:userid keep the part before the colon whole.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"WILDCARD_USAGE_TOO_PERMISSIVE"},
	Match: statements(Auto,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:PrincipalOrgID":"o-a1*"}}}`,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:userid":"AROA*:session"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:userid":"AROAEXAMPLEEXAMPLE123:*"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:PrincipalTag/team":"a*"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			key := strings.ToLower(c.Key)
			user := key == "aws:userid"
			if o.family != "String" || !user && (idForms[key] == nil || key == kmsKey) || s.allow == o.negated {
				return
			}
			for j, v := range c.Values {
				if user {
					v, _, _ = strings.Cut(v, ":")
					if v == "*" {
						continue
					}
				}
				if !isOpen(v) && o.like() && hasWildcard(v) {
					p.report(s.condition(c, j), "%s lets in other ids", short(c.Values[j]))
				}
			}
		})
	},
}
