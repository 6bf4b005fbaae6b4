package lint

import "strings"

var trustAudience = &Check{
	ID:       "trust.audience",
	Title:    "The trust in an identity provider does not check the audience",
	Severity: Warning,
	Why:      "A token says for whom it was made. Without the check a token that was made for another application is good for this role too.",
	Fix:      `Add StringEquals on the provider's aud ("sts.amazonaws.com" for GitHub), or on SAML:aud ("https://signin.aws.amazon.com/saml").`,
	Source:   "IAM User Guide: Available keys for AWS OIDC federation; Create a role for SAML 2.0 federation",
	Codes:    []string{"CONFIRM_AUDIENCE_CLAIM_TYPE"},
	Kinds:    of(Trust),
	Match: statements(Trust,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"gitlab.com:sub":"project_path:g/p:ref_type:branch:ref:main"}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"sts:AssumeRoleWithSAML"}`),
	Pass: statements(Trust, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow {
				continue
			}
			for _, e := range s.Principals {
				key := ""
				if issuer, ok := oidcIssuer(e); ok {
					key = issuer + ":aud"
				} else if e.Type == "Federated" && strings.Contains(e.Value, ":saml-provider/") {
					key = "SAML:aud"
				}
				if key != "" && s.has(key, strings.TrimSuffix(key, "aud")+"oaud", strings.TrimSuffix(key, "aud")+"app_id") == nil && (key != "SAML:aud" || s.has("SAML:iss", "SAML:doc") == nil) {
					p.report(s.at(-1, "Condition"), "no condition on %s", key)
				}
			}
		}
	},
}
