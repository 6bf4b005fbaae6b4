package lint

import (
	"slices"
	"strings"
)

var grantCredentials = &Check{
	ID:       "grant.credentials",
	Title:    "Secrets of anybody may be read or made",
	Severity: Security,
	Why:      "The action returns credentials or secrets; on * those of other people and of every application.",
	Fix:      "Name the resources; for a user's own keys write arn:aws:iam::*:user/${aws:username}.",
	Source:   "IAM User Guide: Security best practices in IAM; Service Authorization Reference",
	Kinds:    of(Identity),
	Match:    statements(Identity, `{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"*"}`, `{"Effect":"Allow","Action":"secretsmanager:Get*","Resource":"*"}`),
	Pass:     statements(Identity, `{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"arn:aws:iam::*:user/${aws:username}"}`, `{"Effect":"Allow","Action":"secretsmanager:ListSecrets","Resource":"*"}`),
	run: func(p *pass) {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.allow || s.Actions == nil || slices.Contains(s.Actions, "*") || len(s.Conditions) > 0 {
				continue
			}
			var found []string
			for _, a := range secretActions {
				service, _, _ := strings.Cut(a, ":")
				if listed(s.Actions, strings.ToLower(a)) && s.everywhere(service) {
					found = append(found, a)
				}
			}
			if len(found) > 0 {
				p.report(s.at(-1), "gives secrets of everybody: %s", names(found))
			}
		}
	},
}

// secretActions return credentials or secrets.
var secretActions = []string{
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:CreateServiceSpecificCredential",
	"iam:ResetServiceSpecificCredential", "iam:CreateVirtualMFADevice", "secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue",
	"ec2:GetPasswordData", "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "lightsail:DownloadDefaultKeyPair",
	"lightsail:GetInstanceAccessDetails", "gamelift:GetInstanceAccess", "rds-db:connect", "sts:GetFederationToken",
}
