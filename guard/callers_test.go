package guard

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/account"
	"warden/internal/fixture"
	"warden/trail"
)

// kindOfCaller is a userIdentity element as AWS writes it, with what has to
// be made of it and of a successful iam:CreateUser by its bearer.
type kindOfCaller struct {
	name string
	// recorded is the file and event of a real trail; documented the AWS page
	// that shows the element, where no real record was at hand.
	recorded, event, documented string
	identity                    string

	kind      trail.Kind
	subjectID string
	subject   string // its ARN
	session   string

	noFacts, facts Verdict
	contain        Verdict // with facts, ContainSessions
	admin          Verdict // with facts: administrator by group, ARN, or none possible
	says           string
}

const userIdentityPage = "CloudTrail User Guide, CloudTrail userIdentity element"

var kindsOfCallers = []kindOfCaller{
	{name: "IAM user", recorded: "stratus-red-team/aws.persistence.iam-create-admin-user.json.gz", event: "3346344c-5a3e-429e-8405-420f98f75d6e",
		kind: trail.IAMUser, noFacts: Unknown, facts: Contain, contain: Contain, admin: Allowed, says: "user christophe"},
	{name: "GetSessionToken or console session of a user", recorded: "sans504-s3-ransomware/AWSLogs/342082656213/CloudTrail/us-west-1/2021/07/30/342082656213_CloudTrail_us-west-1_20210730T1640Z_nSL9KovcuYMjX4JL.json.gz", event: "2e1904b2-8728-4489-bc43-9027437d0cd0",
		kind: trail.IAMUserSession, subjectID: "AIDAU7JNXC7KR6DMIZUTP", subject: "arn:aws:iam::342082656213:user/FalsimentisRoot",
		noFacts: Unknown, facts: Contain, contain: Contain, admin: Allowed, says: "user FalsimentisRoot"},
	{name: "session of a role", recorded: "stratus-red-team/aws.credential-access.ec2-get-password-data.json.gz", event: "450230d4-b39e-4a18-a6a0-d07a6e2105cb",
		kind: trail.AssumedRole, subjectID: "AROAMLQ9F6KHQ07JKA0WY", subject: "arn:aws:iam::457448411975:role/stratus-red-team-ec2-get-password-data-role", session: "aws-go-sdk-1722375070115152000",
		noFacts: Alert, facts: Alert, contain: Contain, admin: Allowed, says: "session aws-go-sdk-1722375070115152000 of role stratus-red-team-ec2-get-password-data-role"},
	{name: "session of a role, as documented, with a source identity", documented: userIdentityPage + "; AWS STS source identity",
		identity: `{"type":"AssumedRole","principalId":"AROAIDPPEZS35WEXAMPLE:AssumedRoleSessionName","arn":"arn:aws:sts::123456789012:assumed-role/RoleToBeAssumed/MySessionName","accountId":"123456789012","accessKeyId":"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAIDPPEZS35WEXAMPLE","arn":"arn:aws:iam::123456789012:role/team/RoleToBeAssumed","accountId":"123456789012","userName":"RoleToBeAssumed"},"attributes":{"mfaAuthenticated":"false","creationDate":"20131102T010628Z"},"sourceIdentity":"alice@example.com"}}`,
		kind:     trail.AssumedRole, subjectID: "AROAIDPPEZS35WEXAMPLE", subject: "arn:aws:iam::123456789012:role/team/RoleToBeAssumed", session: "AssumedRoleSessionName",
		noFacts: Alert, facts: Alert, contain: Contain, admin: Allowed, says: "of role RoleToBeAssumed"},
	{name: "session that a web identity made", documented: "IAM User Guide, Example IAM and AWS STS CloudTrail events (AssumeRoleWithWebIdentity); " + userIdentityPage,
		identity: `{"type":"AssumedRole","principalId":"AROACQRSTUVWRAOEXAMPLE:ci","arn":"arn:aws:sts::123456789012:assumed-role/deploy/ci","accountId":"123456789012","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROACQRSTUVWRAOEXAMPLE","arn":"arn:aws:iam::123456789012:role/deploy","accountId":"123456789012","userName":"deploy"},"webIdFederationData":{"federatedProvider":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com","attributes":{}},"attributes":{"mfaAuthenticated":"false","creationDate":"2026-01-02T03:00:00Z"}}}`,
		kind:     trail.AssumedRole, subjectID: "AROACQRSTUVWRAOEXAMPLE", subject: "arn:aws:iam::123456789012:role/deploy", session: "ci",
		noFacts: Alert, facts: Alert, contain: Contain, admin: Allowed, says: "session ci of role deploy"},
	{name: "session that a SAML identity made", documented: "IAM User Guide, Example IAM and AWS STS CloudTrail events (AssumeRoleWithSAML); " + userIdentityPage,
		identity: `{"type":"AssumedRole","principalId":"AROAMSAMLEXAMPLE:alice@example.com","arn":"arn:aws:sts::123456789012:assumed-role/sso/alice@example.com","accountId":"123456789012","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAMSAMLEXAMPLE","arn":"arn:aws:iam::123456789012:role/sso","accountId":"123456789012","userName":"sso"},"webIdFederationData":{},"attributes":{"mfaAuthenticated":"false","creationDate":"2026-01-02T03:00:00Z"}}}`,
		kind:     trail.AssumedRole, subjectID: "AROAMSAMLEXAMPLE", subject: "arn:aws:iam::123456789012:role/sso", session: "alice@example.com",
		noFacts: Alert, facts: Alert, contain: Contain, admin: Allowed, says: "session alice@example.com of role sso"},
	{name: "web identity itself", documented: "IAM User Guide, Example IAM and AWS STS CloudTrail events (AssumeRoleWithWebIdentity)",
		identity: `{"type":"WebIdentityUser","principalId":"accounts.google.com:<id-of-application>.apps.googleusercontent.com:<id-of-user>","userName":"<id of user>","identityProvider":"accounts.google.com"}`,
		kind:     trail.WebIdentity, noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "web identity"},
	{name: "SAML identity itself", documented: "IAM User Guide, Example IAM and AWS STS CloudTrail events (AssumeRoleWithSAML)",
		identity: `{"type":"SAMLUser","principalId":"SampleUkh1i4+ExamplexL/jEvs=:SamlExample","userName":"SamlExample","identityProvider":"bdGOnTesti4+ExamplexL/jEvs="}`,
		kind:     trail.SAML, noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "SAML identity"},
	{name: "federated user", documented: userIdentityPage + ", Fields: FederatedUser, sessionIssuer",
		identity: `{"type":"FederatedUser","principalId":"123456789012:Bob","arn":"arn:aws:sts::123456789012:federated-user/Bob","accountId":"123456789012","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAJ45Q7YFFAREXAMPLE","arn":"arn:aws:iam::123456789012:user/Alice","accountId":"123456789012","userName":"Alice"},"attributes":{"mfaAuthenticated":"false","creationDate":"2026-01-02T03:00:00Z"}}}`,
		kind:     trail.FederatedUser, subjectID: "AIDAJ45Q7YFFAREXAMPLE", subject: "arn:aws:iam::123456789012:user/Alice", session: "Bob",
		noFacts: Unknown, facts: Contain, contain: Contain, admin: Allowed, says: "federated session Bob of user Alice"},
	{name: "federated user of root", documented: userIdentityPage + ", Fields: sessionIssuer type Root",
		identity: `{"type":"FederatedUser","principalId":"123456789012:Bob","arn":"arn:aws:sts::123456789012:federated-user/Bob","accountId":"123456789012","sessionContext":{"sessionIssuer":{"type":"Root","principalId":"123456789012","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012"}}}`,
		kind:     trail.FederatedUser, session: "Bob", noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "federated user Bob"},
	{name: "permission set's role of Identity Center", recorded: "panther_rule_tests.jsonl.gz", event: "dfd6d93a-2ce6-4dbe-8939-86b8ba67c868",
		kind: trail.IdentityCenter, subjectID: "AROASXP6SDP2F4WLQVARB", subject: "arn:aws:iam::123123123123:role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_DevAdmin_635426549a280cc6", session: "evil.genius",
		noFacts: Alert, facts: Alert, contain: Alert, admin: Allowed, says: "Identity Center caller AWSReservedSSO_DevAdmin_635426549a280cc6 (session evil.genius)"},
	{name: "user of Identity Center", documented: userIdentityPage + ", example of an IAM Identity Center user",
		identity: `{"type":"IdentityCenterUser","accountId":"123456789012","onBehalfOf":{"userId":"544894e8-80c1-707f-60e3-3ba6510dfac1","identityStoreArn":"arn:aws:identitystore::123456789012:identitystore/d-1234567890"},"credentialId":"90e292de-5eb8-446e-9602-90f7c45044f7"}`,
		kind:     trail.IdentityCenter, noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "Identity Center caller 544894e8-80c1-707f-60e3-3ba6510dfac1"},
	{name: "root", recorded: "sans504-s3-ransomware/AWSLogs/342082656213/CloudTrail/us-east-2/2021/07/29/342082656213_CloudTrail_us-east-2_20210729T2355Z_1lQFb8HU3K2s72AX.json.gz", event: "7ec7f858-0775-423c-8eeb-d866ca706aaa",
		kind: trail.Root, noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "root called CreateUser"},
	{name: "AWS service", recorded: "sans504-s3-ransomware/AWSLogs/342082656213/CloudTrail/us-east-2/2021/07/30/342082656213_CloudTrail_us-east-2_20210730T0000Z_khQmkAQdMJkAhkxd.json.gz", event: "ee702af6-14be-453d-a20a-b2f24cd0f222",
		kind: trail.Service, noFacts: Allowed, facts: Allowed, contain: Allowed, admin: Allowed, says: "AWS service cloudtrail.amazonaws.com"},
	{name: "service-linked role", recorded: "panther_rule_tests.jsonl.gz", event: "ab804e72-7237-49c6-8f20-c3ef09859e78",
		kind: trail.ServiceLinked, subjectID: "AROAZBD2CNPWD5DHZ366F", subject: "arn:aws:iam::123123123123:role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup", session: "EKS",
		noFacts: Allowed, facts: Allowed, contain: Allowed, admin: Allowed, says: "service-linked role"},
	{name: "another account", recorded: "panther_rule_tests.jsonl.gz", event: "044e210e-6c5e-3f3e-8f04-2311a826f287",
		kind: trail.OtherAccount, noFacts: Alert, facts: Alert, contain: Alert, admin: Alert, says: "caller of another account"},
}

// TestKindsOfCallers judges the same successful call by every kind of caller,
// with the identity as real trails or AWS's documentation have it: without
// facts, with facts, with sessions contained, as an administrator, and at the
// level that changes nothing.
func TestKindsOfCallers(t *testing.T) {
	t.Parallel()
	for _, tt := range kindsOfCallers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			identity := tt.identity
			if identity == "" {
				identity = recordedIdentity(t, tt.recorded, tt.event)
			}
			e := createUserBy(t, identity)
			by := e.Actor()
			of := Subject(by)
			if by.Kind != tt.kind || by.SessionName != tt.session || tt.subjectID != "" && of.ID != tt.subjectID || tt.subject != "" && of.ARN != tt.subject {
				t.Errorf("kind %s, session %q, subject %s %s", by.Kind, by.SessionName, of.ID, of.ARN)
			}
			exists := Facts{Account: e.RecipientAccount,
				User: &UserFacts{Exists: true, ID: of.ID, ARN: of.ARN, Name: of.Name}, Role: &RoleFacts{Exists: true, ID: of.ID, ARN: of.ARN, Name: of.Name}}
			member := exists
			member.User = &UserFacts{Exists: true, ID: of.ID, ARN: of.ARN, Name: of.Name, Groups: []string{"Administrators"}}
			gap := exists
			gap.Gaps = []account.Gap{{What: "iam:GetUser", Reason: "throttled"}}
			sessions := Config{ContainSessions: true}
			for _, c := range []struct {
				name  string
				cfg   Config
				facts *Facts
				want  Verdict
			}{
				{"without facts", Config{}, nil, tt.noFacts},
				{"with facts", Config{}, &exists, tt.facts},
				{"sessions contained", sessions, &exists, tt.contain},
				{"an administrator", Config{AdminRoles: []string{of.ARN}}, &member, tt.admin},
				{"level alert", Config{ContainSessions: true, Level: AlertOnly}, &exists, instead(tt.contain, Contain, Alert)},
				{"protected", Config{ContainSessions: true, Protected: []string{of.ARN}}, &exists, instead(tt.contain, Contain, Alert)},
				{"a fact could not be read", sessions, &gap, instead(tt.contain, Contain, Escalate)},
			} {
				j := Judge(c.cfg, e, c.facts, now)
				if j.Verdict != c.want {
					t.Errorf("%s: %s, want %s: %s", c.name, j.Verdict, c.want, j.Reason)
				}
				if c.name == "with facts" && !strings.Contains(j.Reason, tt.says) {
					t.Errorf("reason %q, want …%s…", j.Reason, tt.says)
				}
				if j.Verdict == Contain && (j.Subject.ID == "" || j.Subject.ARN == "") {
					t.Errorf("%s: contain %+v", c.name, j.Subject)
				}
			}
		})
	}
}

func instead(v, of, other Verdict) Verdict {
	if v == of {
		return other
	}
	return v
}

// createUserBy is a record of iam:CreateUser by the bearer of the identity, in
// the trail of his account.
func createUserBy(t *testing.T, identity string) *trail.Event {
	t.Helper()
	var id struct {
		AccountID string `json:"accountId"`
		ARN       string `json:"arn"`
	}
	if err := json.Unmarshal([]byte(identity), &id); err != nil {
		t.Fatal(err)
	}
	e, err := trail.ParseEvent([]byte(`{"eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-01-02T03:04:05Z","recipientAccountId":"` +
		first(id.AccountID, "123456789012") + `","userIdentity":` + identity + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// recordedIdentity is the userIdentity of a record in the real trails.
func recordedIdentity(t *testing.T, file, event string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixture.Shared(t), "data", "cloudtrail", file))
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	type record struct {
		ID       string          `json:"eventID"`
		Identity json.RawMessage `json:"userIdentity"`
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct {
			record
			Records []record
			Event   record
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // a line of a file that is one value over several lines
		}
		for _, r := range append(line.Records, line.record, line.Event) {
			if r.ID == event {
				return string(r.Identity)
			}
		}
	}
	t.Fatalf("no event %s in %s", event, file)
	return ""
}
