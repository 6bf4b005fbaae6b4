package lint

import (
	"slices"
	"strings"
)

var rcpForm = &Check{
	ID:       "rcp.form",
	Title:    "A resource control policy cannot have this",
	Severity: Error,
	Why:      "AWS Organizations refuses the policy.",
	Fix:      `Write Effect Deny, Principal "*" and Action with the names of services that support RCPs; exempt callers with a condition.`,
	Source:   "AWS Organizations User Guide: RCP syntax",
	Codes: []string{"RCP_SYNTAX_ERROR_ALLOW", "RCP_SYNTAX_ERROR_PRINCIPAL",
		"RCP_SYNTAX_ERROR_NOTACTION"},
	Kinds: of(RCP),
	Match: statements(RCP,
		`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*Object","Resource":"*"}`,
		`{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}`),
	Pass: statements(RCP, `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			full := s.allow && len(s.Conditions) == 0 && slices.Equal(s.Actions, []string{"*"}) && slices.Equal(s.Resources, []string{"*"})
			if s.allow && !full {
				p.report(s.at(-1, "Effect"), "an RCP can only deny, beside the Allow of everything that AWS attaches")
			}
			if s.NotPrincipals != nil {
				p.report(s.at(-1, "NotPrincipal"), "an RCP has no NotPrincipal")
			}
			for _, e := range s.Principals {
				if e.Value != "*" && !isOpen(e.Value) {
					p.report(s.at(-1, "Principal"), `the Principal of an RCP is "*" alone, not %s`, short(e.Value))
				}
			}
			if s.NotActions != nil {
				p.report(s.at(-1, "NotAction"), "an RCP has no NotAction")
			}
			for j, v := range s.Actions {
				switch {
				case v == "*" && !full:
					p.report(s.at(j, "Action"), "the Action of an RCP names a service")
				case strings.ContainsAny(strings.TrimSuffix(v, "*"), "*?") && !isOpen(v):
					p.report(s.at(j, "Action"), "%s: an RCP takes a wildcard at the end only", short(v))
				}
			}
		}
	},
}
