package lint

import (
	"strings"

	"warden/policy"
)

var conditionBoth = &Check{
	ID:       "condition.both",
	Title:    "true and false together",
	Severity: Warning,
	Why:      "Values of one key are alternatives: with both the condition holds whenever the key is there, and restricts nothing.",
	Fix:      "Leave one.",
	Source:   "IAM User Guide: Boolean condition operators",
	Codes:    []string{"INVALID_CONDITION_MULTIPLE_BOOLEAN"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "Bool" && o.family != "Null" {
				return
			}
			t, f := false, false
			for _, v := range c.Values {
				t, f = t || strings.EqualFold(v, "true"), f || strings.EqualFold(v, "false")
			}
			if t && f {
				p.report(s.condition(c, -1), "%s is compared with true and false", short(c.Key))
			}
		})
	},
}
