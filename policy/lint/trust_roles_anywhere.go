package lint

import (
	"slices"
	"strings"

	"warden/policy"
)

var trustRolesAnywhere = &Check{
	ID:       "trust.roles-anywhere",
	Title:    "IAM Roles Anywhere needs three actions",
	Severity: Error,
	Why:      "The service assumes a role with session tags and a source identity. If one of the actions is missing nobody gets a session.",
	Fix:      "Allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com.",
	Source:   "IAM Roles Anywhere User Guide: Trust model",
	Codes:    []string{"MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY"},
	Kinds:    of(Trust),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}`),
	run: func(p *pass) {
		const service = "rolesanywhere.amazonaws.com"
		at := -1
		missing := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || !slices.ContainsFunc(s.Principals, func(e policy.PrincipalEntry) bool { return e.Type == "Service" && e.Value == service }) {
				continue
			}
			if at < 0 {
				at = i
			}
			missing = slices.DeleteFunc(missing, func(a string) bool { return s.grants(strings.ToLower(a)) })
		}
		if at >= 0 && len(missing) > 0 {
			p.report(p.statements[at].at(-1, "Action"), "%s also needs %s", service, strings.Join(missing, " and "))
		}
	},
}
