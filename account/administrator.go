package account

import (
	"encoding/json"
	"strings"
)

// AdministratorAccess is AWS's policy of that name, for evidence that says that
// it is attached and not what it says, such as an answer of
// GetAccountAuthorizationDetails without AWS's own policies. It returns nil for
// any other ARN. No other policy of AWS is known here: they change, this one
// has had one version since 2015.
// Source: AWS Managed Policy Reference Guide, "AdministratorAccess".
func AdministratorAccess(arn string) *ManagedPolicy {
	a, err := ParseARN(arn)
	if err != nil || a.Service != "iam" || a.Account != "aws" || !strings.EqualFold(a.Resource, "policy/AdministratorAccess") {
		return nil
	}
	return &ManagedPolicy{
		Path: "/", Name: "AdministratorAccess", ARN: arn,
		Versions: []PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)}},
	}
}
