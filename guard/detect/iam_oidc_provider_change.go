package detect

import (
	"warden/finding"
)

var oidcProviderChange = Detection{
	ID:         "iam.oidc-provider.change",
	Title:      "OIDC provider created or changed",
	Why:        "A provider, client or thumbprint of the intruder's own lets him into roles without any AWS credential.",
	Techniques: []string{"T1484.002"},
	Severity:   finding.High,
	Events:     on("iam", "CreateOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint"),
	Inverse:    changeOIDC,
	Hits: []Example{
		{Call: "iam:CreateOpenIDConnectProvider", Request: `{"url":"https://idp.example"}`},
		{Call: "iam:UpdateOpenIDConnectProviderThumbprint"},
	},
	Misses: []Example{
		{Call: "iam:GetOpenIDConnectProvider"},
	},
}
