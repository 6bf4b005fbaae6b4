package lint

import (
	"warden/policy"
)

var conditionEpoch = &Check{
	ID:       "condition.epoch",
	Title:    "A date as seconds since 1970",
	Severity: Suggestion,
	Why:      "Nobody reads 1893456000 as a date, and leap seconds make it inexact.",
	Fix:      "Write 2030-01-01T00:00:00Z.",
	Source:   "IAM User Guide: Date condition operators",
	Codes:    []string{"INVALID_DATE_VALUE"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"1893456000"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "Date" {
				return
			}
			for j, v := range c.Values {
				if len(v) > 4 && numberForm.MatchString(v) {
					p.report(s.condition(c, j), "%s is a date in seconds", short(v))
				}
			}
		})
	},
}
