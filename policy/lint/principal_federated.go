package lint

import (
	"strings"
)

var principalFederated = &Check{
	ID:       "principal.federated",
	Title:    "The identity provider is written wrongly, or in the wrong policy",
	Severity: Error,
	Why:      "Only trust policies name identity providers, by the ARN of an OIDC or SAML provider or by the domain of one that AWS knows. AWS refuses anything else.",
	Fix:      "Write arn:aws:iam::ACCOUNT:oidc-provider/HOST or arn:aws:iam::ACCOUNT:saml-provider/NAME; in a resource's policy name the role that the federated users assume.",
	Source:   "IAM User Guide: AWS JSON policy elements: Principal",
	Codes:    []string{"INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", "FEDERATED_PRINCIPAL_NOT_SUPPORTED"},
	Kinds:    of(Resource, Trust, Endpoint),
	Match: append(statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"github"},"Action":"sts:AssumeRoleWithWebIdentity"}`, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:role/a"},"Action":"sts:AssumeRoleWithSAML"}`),
		statements(Resource, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`)...),
	Pass: statements(Trust, `{"Effect":"Allow","Principal":{"Federated":["cognito-identity.amazonaws.com","arn:aws:iam::111122223333:saml-provider/idp"]},"Action":"sts:*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			for _, e := range s.Principals {
				if e.Type != "Federated" || isOpen(e.Value) || hasWildcard(e.Value) {
					continue
				}
				a, ok := splitARN(e.Value)
				provider := ok && a.service == "iam" && (strings.HasPrefix(a.resource, "oidc-provider/") || strings.HasPrefix(a.resource, "saml-provider/"))
				switch {
				case p.kind != Trust:
					p.report(s.at(-1, "Principal"), "only trust policies name identity providers, such as %s", short(e.Value))
				case !provider && (ok || !strings.Contains(e.Value, ".")):
					p.report(s.at(-1, "Principal"), "%s is no identity provider", short(e.Value))
				}
			}
		}
	},
}
