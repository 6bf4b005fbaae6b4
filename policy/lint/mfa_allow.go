package lint

import (
	"strings"

	"warden/policy"
)

var mfaAllow = &Check{
	ID:       "mfa.allow",
	Title:    "The MFA condition lets long-term keys through",
	Severity: Security,
	Why: "aws:MultiFactorAuthPresent is absent when somebody signs with a long-term access key: he has shown no second factor, and nothing says so. With IfExists, " +
		"or with a Null check, that passes. So whoever steals an access key is allowed what was meant for people with MFA.",
	Fix:    `Write "Bool": {"aws:MultiFactorAuthPresent": "true"} in an Allow, and call sts:GetSessionToken with the MFA code for work with keys.`,
	Source: "IAM User Guide: AWS global condition context keys: aws:MultiFactorAuthPresent",
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/a","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Null":{"aws:MultiFactorAuthPresent":"false"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`,
		`{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/a","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.allow || !mfaKey(c.Key) {
				return
			}
			yes := len(c.Values) > 0 && strings.EqualFold(c.Values[0], "true")
			age := strings.EqualFold(c.Key, "aws:MultiFactorAuthAge")
			switch {
			case o.family == "Null" && !age && !yes:
				p.report(s.condition(c, -1), "the key is present, as false, in every session without MFA: this allows sessions without MFA")
			case o.family == "Null" && yes:
				p.report(s.condition(c, -1), "this allows whoever shows no MFA: long-term access keys")
			case o.ifExists:
				p.report(s.condition(c, -1), "requests signed with long-term access keys lack %s and are allowed; sessions need MFA", short(c.Key))
			case o.family == "Bool" && !yes:
				p.report(s.condition(c, -1), "this allows only sessions without MFA")
			case o.negated:
				p.report(s.condition(c, -1), "requests without %s are allowed", short(c.Key))
			}
		})
	},
}

func mfaKey(key string) bool {
	return strings.EqualFold(key, "aws:MultiFactorAuthPresent") || strings.EqualFold(key, "aws:MultiFactorAuthAge")
}
