package lint

import (
	"slices"
	"strings"

	"warden/policy/catalog"
)

var grantExposure = &Check{
	ID:       "grant.exposure",
	Title:    "Resource policies may be changed everywhere",
	Severity: Warning,
	Why:      "Who may change the policies of resources can share them with other accounts, or with everybody.",
	Fix:      "Name the resources, or leave the action out.",
	Source:   "Service Authorization Reference: access level Permissions management",
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"*"}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::b"}`, `{"Effect":"Allow","Action":"s3:GetBucketPolicy","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || !slices.Contains(s.Resources, "*") || len(s.Conditions) > 0 {
				continue
			}
			for j, v := range s.Actions {
				if strings.HasSuffix(v, ":*") || v == "*" {
					continue // grant.service and grant.admin
				}
				var found []string
				for _, a := range p.matching(v) {
					if a.Level == catalog.PermissionsManagement && a.Service.Prefix != "iam" && a.Service.Prefix != "organizations" && len(a.Resources) > 0 {
						found = append(found, a.String())
					}
				}
				if len(found) > 0 {
					p.report(s.at(j, "Action"), "lets share any resource: %s", names(found))
				}
			}
		}
	},
}
