package lint

import (
	"fmt"
	"strings"

	"warden/policy/catalog"
)

var actionUnknown = &Check{
	ID:       "action.unknown",
	Title:    "The action does not exist",
	Severity: Error,
	Why:      "The value matches no request: an Allow gives nothing, and a Deny protects nothing.",
	Fix:      "Correct the name. If AWS added the action after the date of the catalog (docs/lint.md names it), ignore this.",
	Source:   "Service Authorization Reference; IAM User Guide: IAM JSON policy elements: Action",
	Codes:    []string{"INVALID_ACTION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObjects","Resource":"*"}`, `{"Effect":"Deny","Action":["s3:GetObject","iam:CreateUsers"],"Resource":"*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":["s3:getobject","s3:Get*","*"],"Resource":"*"}`),
	run: func(p *pass) {
		p.eachAction(func(s *statement, element string, j int, v string) {
			prefix, name, ok := strings.Cut(v, ":")
			if !ok || isOpen(v) || name == "" || strings.ContainsAny(name, "*?") || catalog.ServiceOf(prefix) == nil || len(p.matching(v)) > 0 {
				return
			}
			near := ""
			if n := catalog.Nearest(v); n != "" {
				near = fmt.Sprintf(", did you mean %s?", n)
			}
			p.report(s.at(j, element), "there is no action %s%s", short(v), near)
		})
	},
}
