package lint

import (
	"slices"
	"strings"

	"warden/policy/catalog"
)

var grantService = &Check{
	ID:       "grant.service",
	Title:    "All actions of a service on all its resources",
	Severity: Warning,
	Why:      "Read and write, delete and share, and whatever the service learns tomorrow.",
	Fix:      "List the actions, by access level for example, or name the resources.",
	Source:   "IAM User Guide: Security best practices in IAM: Apply least-privilege permissions",
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}`, `{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || !slices.Contains(s.Resources, "*") || len(s.Conditions) > 0 || slices.Contains(s.Actions, "*") {
				continue
			}
			for j, v := range s.Actions {
				if prefix, ok := strings.CutSuffix(v, ":*"); ok && catalog.ServiceOf(prefix) != nil {
					p.report(s.at(j, "Action"), "allows all %d actions of %s on all resources", len(catalog.ServiceOf(prefix).Actions()), catalog.ServiceOf(prefix).Name)
				}
			}
		}
	},
}
