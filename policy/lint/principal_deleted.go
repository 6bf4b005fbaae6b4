package lint

import (
	"strings"

	"warden/policy"
)

var principalDeleted = &Check{
	ID:       "principal.deleted",
	Title:    "The principal was deleted",
	Severity: Warning,
	Why:      "AWS shows a unique id (AIDA…, AROA…) in place of an ARN where the user or role is gone. Nobody can be that principal again, also if the name is made anew.",
	Fix:      "Remove it; or write the ARN again, if a new one of that name is meant.",
	Source:   "IAM User Guide: IAM identifiers: Unique identifiers",
	Codes:    []string{"INVALID_ROLE_REFERENCE", "INVALID_USER_REFERENCE"},
	Kinds:    of(Resource, Trust, Endpoint),
	Match:    statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"sts:AssumeRole"}`),
	Pass:     statements(Trust, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/AROA"},"Action":"sts:AssumeRole"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			for k, list := range [][]policy.PrincipalEntry{s.Principals, s.NotPrincipals} {
				for _, e := range list {
					if e.Type == "AWS" && len(e.Value) >= 16 && (strings.HasPrefix(e.Value, "AIDA") || strings.HasPrefix(e.Value, "AROA")) && !strings.Contains(e.Value, ":") {
						p.report(s.at(-1, [...]string{"Principal", "NotPrincipal"}[k]), "%s is the id of a deleted user or role", short(e.Value))
					}
				}
			}
		}
	},
}
