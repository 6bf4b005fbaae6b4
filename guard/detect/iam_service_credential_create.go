package detect

import (
	"warden/finding"
)

var serviceCredentialCreate = Detection{
	ID:         "iam.service-credential.create",
	Title:      "Service-specific credential created or reset",
	Why:        "User name and password for CodeCommit or Keyspaces, or a Bedrock API key: a credential that access key reviews miss.",
	Techniques: []string{"T1098.001"},
	Severity:   finding.Medium,
	Events:     on("iam", "CreateServiceSpecificCredential", "ResetServiceSpecificCredential"),
	Inverse:    deactivateCredential,
	Hits: []Example{
		{Call: "iam:CreateServiceSpecificCredential", Request: `{"userName":"eve","serviceName":"codecommit.amazonaws.com"}`, Response: `{"serviceSpecificCredential":{"userName":"eve","serviceSpecificCredentialId":"ACCAEXAMPLE123"}}`},
		{Call: "iam:ResetServiceSpecificCredential", Request: `{"userName":"eve","serviceSpecificCredentialId":"ACCAEXAMPLE123"}`},
	},
	Misses: []Example{
		{Call: "iam:ListServiceSpecificCredentials", Request: `{"userName":"eve"}`},
	},
}
