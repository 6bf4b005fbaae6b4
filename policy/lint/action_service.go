package lint

import (
	"fmt"
	"strings"

	"warden/policy/catalog"
)

var actionService = &Check{
	ID:       "action.service",
	Title:    "The action's service does not exist",
	Severity: Error,
	Why:      "The value matches no request: an Allow gives nothing, and a Deny protects nothing.",
	Fix:      "Write the service's prefix; it is often not its name (CloudWatch Logs is logs, EventBridge is events).",
	Source:   "Service Authorization Reference; IAM User Guide: IAM JSON policy elements: Action",
	Codes:    []string{"INVALID_SERVICE_IN_ACTION"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"cloudwatchlogs:PutLogEvents","Resource":"*"}`, `{"Effect":"Deny","NotAction":["iamm:*"],"Resource":"*"}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":["logs:PutLogEvents","S3:*"],"Resource":"*"}`),
	run: func(p *pass) {
		p.eachAction(func(s *statement, element string, j int, v string) {
			prefix, _, ok := strings.Cut(v, ":")
			if !ok || isOpen(v) || prefix == "" || strings.ContainsAny(prefix, "*?") || catalog.ServiceOf(prefix) != nil {
				return
			}
			near := ""
			if n := catalog.NearestService(prefix); n != "" {
				near = fmt.Sprintf(", did you mean %q?", n)
			}
			p.report(s.at(j, element), "no service has the prefix %q%s", short(prefix), near)
		})
	},
}
