package trail

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestActor(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	issued := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	const attributes = `"attributes":{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"false"}`
	role := func(path, name string) string {
		return `{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/` + name + `/alice","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role` + path + name + `","accountId":"111122223333","userName":"` + name + `"},"webIdFederationData":{},` + attributes + `}}`
	}
	session := func(kind Kind, path, name string) Actor {
		return Actor{
			Kind: kind, ARN: "arn:aws:sts::111122223333:assumed-role/" + name + "/alice", Account: "111122223333",
			ID: "AROAEXAMPLE", UserID: "AROAEXAMPLE:alice", Name: name, AccessKey: "ASIAEXAMPLE", SessionName: "alice",
			MFA: &no, IssuedAt: issued,
			Role: &Issuer{ARN: "arn:aws:iam::111122223333:role" + path + name, ID: "AROAEXAMPLE", Name: name, Path: path, Account: "111122223333"},
		}
	}
	chained := session(AssumedRole, "/", "ops")
	chained.SourceIdentity, chained.InvokedBy, chained.Provider = "alice@example.com", "cloudformation.amazonaws.com", "arn:aws:iam::111122223333:oidc-provider/ci"

	tests := map[string]struct {
		identity string
		want     Actor
	}{
		"user with a key": {`{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/eng/alice","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"alice"}`,
			Actor{Kind: IAMUser, ARN: "arn:aws:iam::111122223333:user/eng/alice", Account: "111122223333", ID: "AIDAEXAMPLE", UserID: "AIDAEXAMPLE", Name: "alice", AccessKey: "AKIAEXAMPLE"}},
		"user with GetSessionToken": {`{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","userName":"alice","sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{"creationDate":"2026-01-02T03:00:00Z","mfaAuthenticated":"true"}}}`,
			Actor{Kind: IAMUserSession, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", ID: "AIDAEXAMPLE", UserID: "AIDAEXAMPLE", Name: "alice", AccessKey: "ASIAEXAMPLE", MFA: &yes, IssuedAt: issued}},
		"console session, old record": {`{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","userName":"alice","sessionContext":{` + attributes + `}}`,
			Actor{Kind: IAMUserSession, ARN: "arn:aws:iam::111122223333:user/alice", Account: "111122223333", ID: "AIDAEXAMPLE", UserID: "AIDAEXAMPLE", Name: "alice", MFA: &no, IssuedAt: issued}},
		"user without a name": {`{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/eng/alice"}`,
			Actor{Kind: IAMUser, ARN: "arn:aws:iam::111122223333:user/eng/alice", Account: "111122223333", ID: "AIDAEXAMPLE", UserID: "AIDAEXAMPLE", Name: "alice"}},
		"role with a path":    {role("/team/a/", "ops"), session(AssumedRole, "/team/a/", "ops")},
		"service-linked role": {role("/aws-service-role/autoscaling.amazonaws.com/", "AWSServiceRoleForAutoScaling"), session(ServiceLinked, "/aws-service-role/autoscaling.amazonaws.com/", "AWSServiceRoleForAutoScaling")},
		"permission set":      {role("/aws-reserved/sso.amazonaws.com/eu-west-1/", "AWSReservedSSO_Admin_0123456789abcdef"), session(IdentityCenter, "/aws-reserved/sso.amazonaws.com/eu-west-1/", "AWSReservedSSO_Admin_0123456789abcdef")},
		// Whoever may create roles may choose such names, not such paths.
		"a role that poses as a permission set":      {role("/", "AWSReservedSSO_Admin_0123456789abcdef"), session(AssumedRole, "/", "AWSReservedSSO_Admin_0123456789abcdef")},
		"a role that poses as service-linked":        {role("/", "AWSServiceRoleForAutoScaling"), session(AssumedRole, "/", "AWSServiceRoleForAutoScaling")},
		"a role that poses, in a path of its own":    {role("/x/aws-service-role/", "a"), session(AssumedRole, "/x/aws-service-role/", "a")},
		"chained, through a provider, for a service": {`{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/ops/alice","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","invokedBy":"cloudformation.amazonaws.com","sessionContext":{"sourceIdentity":"alice@example.com","sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/ops","accountId":"111122223333","userName":"ops"},"webIdFederationData":{"federatedProvider":"arn:aws:iam::111122223333:oidc-provider/ci"},` + attributes + `}}`, chained},
		"role without an issuer": {`{"type":"AssumedRole","principalId":"AROAEXAMPLE:i-1","arn":"arn:aws:sts::111122223333:assumed-role/worker/i-1","accountId":"111122223333"}`,
			Actor{Kind: AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/worker/i-1", Account: "111122223333", ID: "AROAEXAMPLE", UserID: "AROAEXAMPLE:i-1", Name: "worker", SessionName: "i-1"}},
		"federated user": {`{"type":"FederatedUser","principalId":"111122223333:bob","arn":"arn:aws:sts::111122223333:federated-user/bob","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","userName":"alice"},` + attributes + `}}`,
			Actor{Kind: FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/bob", Account: "111122223333", ID: "111122223333:bob", UserID: "111122223333:bob", Name: "bob", AccessKey: "ASIAEXAMPLE", SessionName: "bob", MFA: &no, IssuedAt: issued,
				Parent: &Issuer{ARN: "arn:aws:iam::111122223333:user/alice", ID: "AIDAEXAMPLE", Name: "alice", Path: "/", Account: "111122223333"}}},
		"root": {`{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"","userName":"company"}`,
			Actor{Kind: Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333", ID: "111122223333", UserID: "111122223333", Name: "company"}},
		"assumed root": {`{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"assumedRoot":"true",` + attributes + `}}`,
			Actor{Kind: Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333", ID: "111122223333", UserID: "111122223333", AccessKey: "ASIAEXAMPLE", MFA: &no, IssuedAt: issued, AssumedRoot: true}},
		"web identity": {`{"type":"WebIdentityUser","principalId":"accounts.example:app:user","userName":"user","identityProvider":"accounts.example"}`,
			Actor{Kind: WebIdentity, ID: "accounts.example:app:user", UserID: "accounts.example:app:user", Name: "user", Provider: "accounts.example"}},
		"SAML": {`{"type":"SAMLUser","principalId":"Xy9=:alice","userName":"alice","identityProvider":"idp"}`,
			Actor{Kind: SAML, ID: "Xy9=:alice", UserID: "Xy9=:alice", Name: "alice", Provider: "idp"}},
		"Identity Center user": {`{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"94482488-3041","identityStoreArn":"arn:aws:identitystore::111122223333:identitystore/d-1"},"credentialId":"c"}`,
			Actor{Kind: IdentityCenter, Account: "111122223333", ID: "94482488-3041", UserID: "94482488-3041", Provider: "arn:aws:identitystore::111122223333:identitystore/d-1"}},
		"service":              {`{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, Actor{Kind: Service, InvokedBy: "ec2.amazonaws.com"}},
		"service, no type":     {`{"accountId":"111122223333","invokedBy":"AWS Internal"}`, Actor{Kind: Service, Account: "111122223333", InvokedBy: "AWS Internal"}},
		"other account":        {`{"type":"AWSAccount","principalId":"AIDAOTHER","accountId":"444455556666"}`, Actor{Kind: OtherAccount, Account: "444455556666", ID: "AIDAOTHER", UserID: "AIDAOTHER"}},
		"account, no type":     {`{"accountId":"444455556666"}`, Actor{Kind: OtherAccount, Account: "444455556666"}},
		"a kind of next year":  {`{"type":"Robot","accountId":"111122223333"}`, Actor{Kind: Unknown, Account: "111122223333"}},
		"nothing":              {`{}`, Actor{Kind: Unknown}},
		"type of another case": {`{"type":"root"}`, Actor{Kind: Unknown}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := ParseEvent([]byte(`{"eventID":"e","eventName":"n","eventSource":"s","userIdentity":` + tt.identity + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, e.Actor()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
