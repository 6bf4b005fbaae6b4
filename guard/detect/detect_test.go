package detect

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"warden/finding"
	"warden/trail"
)

// callers are the callers of examples.
var callers = map[string]string{
	"":        `{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE","userName":"mallory"}`,
	"session": `{"type":"IAMUser","principalId":"AIDAMALLORY","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","userName":"mallory"}`,
	"role":    `{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/ci/s","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/ci","accountId":"111122223333","userName":"ci"}}}`,
	"sso":     `{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/s","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef","accountId":"111122223333","userName":"AWSReservedSSO_Dev_0123456789abcdef"}}}`,
	"root":    `{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`,
	"other":   `{"type":"AWSAccount","principalId":"AIDAOTHER","accountId":"444455556666"}`,
}

// event builds the record that an example stands for.
func event(t *testing.T, x Example) *trail.Event {
	t.Helper()
	service, name, ok := strings.Cut(x.Call, ":")
	by, known := callers[x.By]
	if !ok || !known {
		t.Fatalf("example %+v: want a call like iam:CreateUser and a caller of %v", x, callers)
	}
	record := fmt.Sprintf(`{"eventID":"e","eventName":%q,"eventSource":"%s.amazonaws.com","userIdentity":%s,"recipientAccountId":"111122223333"`, name, service, by)
	for key, value := range map[string]string{"requestParameters": x.Request, "responseElements": x.Response, "additionalEventData": x.Additional} {
		if value != "" {
			record += fmt.Sprintf(`,%q:%s`, key, value)
		}
	}
	if x.UserAgent != "" {
		record += fmt.Sprintf(`,"userAgent":%q`, x.UserAgent)
	}
	if x.Error != "" {
		record += fmt.Sprintf(`,"errorCode":%q`, x.Error)
	}
	e, err := trail.ParseEvent([]byte(record + "}"))
	if err != nil {
		t.Fatalf("example %+v: %v", x, err)
	}
	return e
}

func TestExamples(t *testing.T) {
	t.Parallel()
	for _, d := range All() {
		t.Run(d.ID, func(t *testing.T) {
			t.Parallel()
			has := func(x Example) bool {
				e := event(t, x)
				for _, found := range Match(e, e.Actor()) {
					if found == d {
						return true
					}
				}
				return false
			}
			for _, x := range d.Hits {
				if !has(x) {
					t.Errorf("must match: %+v", x)
				}
				if d.Inverse == nil {
					continue
				}
				if f, ok := d.Inverse.Effect(event(t, x)); x.Response != "" && !ok || x.Error != "" && ok {
					t.Errorf("effect of %+v is %+v, %v", x, f, ok)
				}
			}
			for _, x := range d.Misses {
				if has(x) {
					t.Errorf("must not match: %+v", x)
				}
			}
		})
	}
}

func TestListIsSound(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9-]+)+$`)
	technique := regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	seen := map[string]bool{}
	files := map[string]bool{}
	for _, d := range All() {
		if !id.MatchString(d.ID) || seen[d.ID] {
			t.Errorf("id %q is malformed or occurs twice", d.ID)
		}
		seen[d.ID] = true
		if d.Title == "" || d.Why == "" || len(d.Techniques) == 0 || len(d.Hits) == 0 || len(d.Misses) == 0 ||
			len(d.Events) == 0 && d != &iamWrite {
			t.Errorf("%s: title, why, techniques, events, hits and misses are all required", d.ID)
		}
		for _, x := range d.Techniques {
			if !technique.MatchString(x) {
				t.Errorf("%s: %q is no ATT&CK id", d.ID, x)
			}
		}
		if d.Severity > finding.Critical {
			t.Errorf("%s: severity %d", d.ID, d.Severity)
		}
		for _, c := range d.Events {
			if !strings.HasSuffix(c.Source, ".amazonaws.com") || !Names(c.Source, strings.TrimSuffix(c.Name, "*")) {
				t.Errorf("%s: event %+v", d.ID, c)
			}
		}
		if Find(d.ID) != d {
			t.Errorf("Find(%q) finds another", d.ID)
		}
		// One file per detection, named after it.
		name := strings.NewReplacer(".", "_", "-", "_").Replace(d.ID) + ".go"
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), `"`+d.ID+`"`) {
			t.Errorf("%s is not in the file %s: %v", d.ID, name, err)
		}
		files[name] = true
	}
	// No detection is forgotten in the list.
	declared := regexp.MustCompile(`(?m)^var \w+ = Detection\{`)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range entries {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if declared.Match(text) && !files[f.Name()] {
			t.Errorf("%s declares a detection that is not in the list", f.Name())
		}
	}
	if Find("no.such") != nil {
		t.Error("found what is not there")
	}
}

func TestIAMWrite(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"CreateUser": true, "TagRole": true, "PassRole": true, "AcceptDelegationRequest": true, "": true,
		"GetUser": false, "ListUsers": false, "GenerateCredentialReport": false, "SimulatePrincipalPolicy": false,
	} {
		if got := IAMWrite(IAM, name); got != want {
			t.Errorf("IAMWrite(%q) = %v", name, got)
		}
	}
	if !IAMWrite("iam.amazonaws.com.cn", "CreateUser") || IAMWrite("s3.amazonaws.com", "CreateBucket") {
		t.Error("IAMWrite mistakes the source")
	}
	for name, want := range map[string]bool{
		"AssumeRole": true, "AssumeRoleWithSAML": true, "AssumeRoot": true, "GetSessionToken": true, "GetFederationToken": true,
		"GetWebIdentityToken": true, "GetCallerIdentity": false, "DecodeAuthorizationMessage": false, "GetAccessKeyInfo": false,
	} {
		if got := STSWrite(STS, name); got != want {
			t.Errorf("STSWrite(%q) = %v", name, got)
		}
	}
}

func TestEffect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id   string
		x    Example
		want Effect
	}{
		{"iam.access-key.create", Example{Call: "iam:CreateAccessKey", Response: `{"accessKey":{"userName":"mallory","accessKeyId":"AKIA1"}}`},
			Effect{Undo: DeactivateKey, User: "mallory", Credential: "AKIA1"}},
		{"iam.access-key.create", Example{Call: "iam:CreateAccessKey", Request: `{"userName":"eve"}`, Response: `{"accessKey":{"accessKeyId":"AKIA1"}}`},
			Effect{Undo: DeactivateKey, User: "eve", Credential: "AKIA1"}},
		{"iam.access-key.activate", Example{Call: "iam:UpdateAccessKey", Request: `{"accessKeyId":"AKIA1","status":"Active"}`},
			Effect{Undo: DeactivateKey, User: "mallory", Credential: "AKIA1"}},
		{"iam.policy.attach", Example{Call: "iam:AttachRolePolicy", Request: `{"roleName":"ci","policyArn":"arn:p"}`},
			Effect{Undo: DetachPolicy, Role: "ci", Policy: "arn:p"}},
		{"iam.user.create", Example{Call: "iam:CreateUser", Request: `{"userName":"eve","path":"/x/"}`, Response: `{"user":{"userName":"eve","arn":"arn:aws:iam::111122223333:user/x/eve"}}`},
			Effect{Undo: QuarantineUser, User: "eve", ARN: "arn:aws:iam::111122223333:user/x/eve"}},
		{"iam.group.add-user", Example{Call: "iam:AddUserToGroup", Request: `{"userName":"eve","groupName":"devs"}`},
			Effect{Undo: RemoveFromGroup, User: "eve", Group: "devs"}},
		{"iam.role.create", Example{Call: "iam:CreateRole", Request: `{"roleName":"r"}`, Response: `{"role":{"roleName":"r","roleId":"AROA1"}}`},
			Effect{Undo: QuarantineRole, Role: "r", ID: "AROA1"}},
		{"iam.credential.remove", Example{Call: "iam:UpdateAccessKey", Request: `{"userName":"eve","accessKeyId":"AKIA1","status":"Inactive"}`},
			Effect{Undo: ActivateKey, User: "eve", Credential: "AKIA1"}},
		{"iam.credential.remove", Example{Call: "iam:DeleteLoginProfile", Request: `{"userName":"eve"}`},
			Effect{Undo: ByHand, User: "eve", Advice: activateKey.Advice}},
		{"iam.policy.put-inline", Example{Call: "iam:PutGroupPolicy", Request: `{"groupName":"g","policyName":"p","policyDocument":"{}"}`},
			Effect{Undo: RestoreInline, Group: "g", Name: "p", Document: "{}"}},
		{"iam.policy.delete-inline", Example{Call: "iam:DeleteUserPolicy", Request: `{"userName":"eve","policyName":"p"}`},
			Effect{Undo: RestoreInline, User: "eve", Name: "p"}},
		{"iam.policy-version.create", Example{Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"arn:p","policyDocument":"{}","setAsDefault":true}`, Response: `{"policyVersion":{"versionId":"v2"}}`},
			Effect{Undo: RestoreVersion, Policy: "arn:p", Version: "v2", Document: "{}"}},
		{"iam.policy-version.set-default", Example{Call: "iam:SetDefaultPolicyVersion", Request: `{"policyArn":"arn:p","versionId":"v1"}`},
			Effect{Undo: RestoreVersion, Policy: "arn:p", Version: "v1"}},
		{"iam.policy.detach", Example{Call: "iam:DetachGroupPolicy", Request: `{"groupName":"g","policyArn":"arn:p"}`},
			Effect{Undo: AttachPolicy, Group: "g", Policy: "arn:p"}},
		{"iam.policy.delete", Example{Call: "iam:DeletePolicy", Request: `{"policyArn":"arn:p"}`}, Effect{Undo: RestorePolicy, Policy: "arn:p"}},
		{"iam.policy.delete", Example{Call: "iam:DeletePolicyVersion", Request: `{"policyArn":"arn:p","versionId":"v1"}`}, Effect{Undo: ByHand, Advice: restorePolicy.Advice}},
		{"iam.boundary.put", Example{Call: "iam:PutRolePermissionsBoundary", Request: `{"roleName":"r","permissionsBoundary":"arn:b"}`},
			Effect{Undo: RestoreBoundary, Role: "r", Boundary: "arn:b"}},
		{"iam.role.trust-update", Example{Call: "iam:UpdateAssumeRolePolicy", Request: `{"roleName":"r","policyDocument":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\"}}"}`},
			Effect{Undo: RestoreTrust, Role: "r", Document: `{"Statement":{"Effect":"Allow","Principal":"*"}}`, Outsiders: true}},
		{"iam.group.remove-user", Example{Call: "iam:RemoveUserFromGroup", Request: `{"userName":"eve","groupName":"devs"}`},
			Effect{Undo: AddToGroup, User: "eve", Group: "devs"}},
		{"iam.oidc-provider.change", Example{Call: "iam:AddClientIDToOpenIDConnectProvider", Request: `{"openIDConnectProviderArn":"arn:o","clientID":"me"}`},
			Effect{Undo: RemoveClient, ARN: "arn:o", Client: "me"}},
		{"iam.oidc-provider.change", Example{Call: "iam:CreateOpenIDConnectProvider", Response: `{"openIDConnectProviderArn":"arn:o"}`}, Effect{Undo: DeleteProvider, ARN: "arn:o"}},
		{"iam.oidc-provider.change", Example{Call: "iam:UpdateOpenIDConnectProviderThumbprint"}, Effect{Undo: ByHand, Advice: changeOIDC.Advice}},
		{"iam.saml-provider.change", Example{Call: "iam:CreateSAMLProvider", Response: `{"sAMLProviderArn":"arn:s"}`}, Effect{Undo: DeleteProvider, ARN: "arn:s"}},
		{"iam.saml-provider.change", Example{Call: "iam:UpdateSAMLProvider"}, Effect{Undo: ByHand, Advice: changeSAML.Advice}},
		{"iam.mfa.deactivate", Example{Call: "iam:DeactivateMFADevice", Request: `{"userName":"eve"}`}, Effect{Undo: ByHand, Advice: Find("iam.mfa.deactivate").Inverse.Advice}},
	}
	for _, tt := range tests {
		if got, ok := Find(tt.id).Inverse.Effect(event(t, tt.x)); !ok || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.id, got, ok, tt.want)
		}
	}
	for id, x := range map[string]Example{
		"iam.policy.attach":         {Call: "iam:AttachRolePolicy", Request: `{"roleName":"ci"}`},
		"iam.policy.attach-admin":   {Call: "iam:AttachUserPolicy", Request: `{"userName":"eve","policyArn":"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}`},
		"iam.access-key.create":     {Call: "iam:CreateAccessKey"},
		"iam.policy-version.create": {Call: "iam:CreatePolicyVersion", Request: `{"policyArn":"arn:p"}`, Response: `{"policyVersion":{"versionId":"v2"}}`},
		"iam.role.trust-outsider":   {Call: "iam:CreateRole", Request: `{"roleName":"r"}`},
		"iam.user.create":           {Call: "iam:CreateUser", Request: `{"userName":"eve"}`, Error: "EntityAlreadyExistsException"},
	} {
		if got, ok := Find(id).Inverse.Effect(event(t, x)); ok {
			t.Errorf("%s: effect %+v of an event that has none", id, got)
		}
	}
	if _, ok := Find("iam.policy.create").Inverse.Effect(event(t, Example{Call: "iam:CreatePolicy"})); ok {
		t.Error("an effect without an inverse")
	}
}
