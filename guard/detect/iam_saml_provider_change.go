package detect

import (
	"warden/finding"
)

var samlProviderChange = Detection{
	ID:         "iam.saml-provider.change",
	Title:      "SAML provider created or changed",
	Why:        "Whoever owns the provider's key signs himself into every role that trusts it.",
	Techniques: []string{"T1484.002"},
	Severity:   finding.High,
	Events:     on("iam", "CreateSAMLProvider", "UpdateSAMLProvider"),
	Inverse:    changeSAML,
	Hits: []Example{
		{Call: "iam:CreateSAMLProvider", Request: `{"name":"idp"}`},
		{Call: "iam:UpdateSAMLProvider"},
	},
	Misses: []Example{
		{Call: "iam:ListSAMLProviders"},
	},
}
