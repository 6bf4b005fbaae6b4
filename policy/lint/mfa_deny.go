package lint

import (
	"strings"

	"warden/policy"
)

var mfaDeny = &Check{
	ID:       "mfa.deny",
	Title:    "The MFA condition does not stop long-term keys",
	Severity: Security,
	Why: "aws:MultiFactorAuthPresent is absent when somebody signs with a long-term access key. A Deny with plain Bool false does not match such a request: it stops " +
		"people at the console without MFA, and lets through whoever stole an access key.",
	Fix:    `Write "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"} for users, who then need sts:GetSessionToken with MFA for their keys; see mfa.lockout for what else it denies.`,
	Source: "IAM User Guide: AWS global condition context keys: aws:MultiFactorAuthPresent; AWS: Allows MFA-authenticated IAM users to manage their own credentials",
	Match: statements(Auto,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`,
		`{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"NumericGreaterThan":{"aws:MultiFactorAuthAge":"3600"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Deny","NotAction":["iam:EnableMFADevice"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`,
		`{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"NumericGreaterThanIfExists":{"aws:MultiFactorAuthAge":"3600"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if !s.deny || !mfaKey(c.Key) || o.ifExists || o.negated || o.family == "Null" {
				return
			}
			if o.family == "Bool" && len(c.Values) > 0 && strings.EqualFold(c.Values[0], "true") {
				p.reportAs(Warning, s.condition(c, -1), "this denies those who have shown MFA")
				return
			}
			// A second statement may catch the requests without the key.
			for i := range p.statements {
				if other := &p.statements[i]; other.deny && i != s.index {
					if c2 := other.has(c.Key); c2 != nil && operatorOf(c2.Operator).family == "Null" && len(c2.Values) > 0 && strings.EqualFold(c2.Values[0], "true") {
						return
					}
				}
			}
			p.report(s.condition(c, -1), "requests signed with long-term access keys lack %s and are not denied", short(c.Key))
		})
	},
}
