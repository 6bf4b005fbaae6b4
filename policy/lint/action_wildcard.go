package lint

import (
	"strings"

	"warden/policy/catalog"
)

var actionWildcard = &Check{
	ID:       "action.wildcard",
	Title:    "The wildcard matches no action",
	Severity: Error,
	Why:      "The value matches no request: an Allow gives nothing, and a Deny protects nothing.",
	Fix:      "Correct the beginning of the name.",
	Source:   "IAM User Guide: IAM JSON policy elements: Action",
	Codes:    []string{"INVALID_ACTION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:Gte*","Resource":"*"}`, `{"Effect":"Deny","Action":"iam:*Passwords","Resource":"*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":["s3:Get*","iam:???User"],"Resource":"*"}`),
	run: func(p *pass) {
		p.eachAction(func(s *statement, element string, j int, v string) {
			prefix, name, ok := strings.Cut(v, ":")
			if !ok || isOpen(v) || !strings.ContainsAny(name, "*?") || catalog.ServiceOf(prefix) == nil || len(p.matching(v)) > 0 {
				return
			}
			p.report(s.at(j, element), "%s matches none of the %d actions of %s", short(v), len(catalog.ServiceOf(prefix).Actions()), catalog.ServiceOf(prefix).Name)
		})
	},
}
