package lint

import (
	"strings"
)

var trustActions = &Check{
	ID:       "trust.action",
	Title:    "The action does not belong into a trust policy",
	Severity: Error,
	Why:      "A trust policy says who may assume the role. IAM refuses other actions in it, and the wrong kind of assuming never matches.",
	Fix:      "Write sts:AssumeRole for AWS principals and services, sts:AssumeRoleWithWebIdentity for OIDC, sts:AssumeRoleWithSAML for SAML; sts:TagSession and sts:SetSourceIdentity beside them.",
	Source:   "IAM User Guide: IAM roles: Methods to assume a role",
	Codes:    []string{"UNSUPPORTED_ACTION_IN_POLICY", "MISMATCHED_ACTION_FOR_PRINCIPAL"},
	Kinds:    of(Trust),
	Match: statements(Trust,
		`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["sts:AssumeRole","iam:PassRole"]}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/gitlab.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"gitlab.com:sub":"x","gitlab.com:aud":"y"}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"sts:AssumeRoleWithWebIdentity"}`,
		`{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRoleWithSAML"}`),
	Pass: statements(Trust,
		`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["sts:AssumeRole","sts:TagSession"]}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"sts:AssumeRoleWithSAML"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			assumes, federated, other, saml, oidc := "", false, false, false, false
			for j, v := range s.Actions {
				if !isOpen(v) && v != "*" && !trustAction(v) && !strings.HasPrefix(strings.ToLower(v), "sts:") {
					p.report(s.at(j, "Action"), "%s does not belong into a trust policy", short(v))
				}
				if lower := strings.ToLower(v); strings.HasPrefix(lower, "sts:assumerole") {
					assumes += lower + " "
				}
			}
			for _, e := range s.Principals {
				federated = federated || e.Type == "Federated"
				_, isOIDC := oidcIssuer(e)
				oidc, saml = oidc || isOIDC, saml || e.Type == "Federated" && strings.Contains(e.Value, ":saml-provider/")
				other = other || e.Type != "Federated" || isOpen(e.Value)
			}
			web := strings.Contains(assumes, "withwebidentity") || strings.Contains(assumes, "withsaml") || strings.Contains(assumes, "*")
			switch {
			case assumes == "" || isOpen(assumes) || !s.allow:
			case federated && !other && !web:
				p.report(s.at(-1, "Action"), "an identity provider's users call sts:AssumeRoleWithWebIdentity or sts:AssumeRoleWithSAML, never sts:AssumeRole")
			case federated && !other && saml && !oidc && !strings.Contains(assumes, "withsaml") && !strings.Contains(assumes, "*"):
				p.report(s.at(-1, "Action"), "users of a SAML provider call sts:AssumeRoleWithSAML")
			case federated && !other && oidc && !saml && !strings.Contains(assumes, "withwebidentity") && !strings.Contains(assumes, "*"):
				p.report(s.at(-1, "Action"), "users of an OIDC provider call sts:AssumeRoleWithWebIdentity")
			case other && !federated && !strings.Contains(assumes+" ", "sts:assumerole ") && !strings.Contains(assumes, "*"):
				p.report(s.at(-1, "Action"), "AWS principals and services call sts:AssumeRole, never %s", strings.TrimSpace(assumes))
			}
		}
	},
}
