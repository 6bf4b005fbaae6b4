package audit_test

import (
	"fmt"
	"testing"

	"warden/audit"
	"warden/trail"
)

// TestSee: whose use a recorded call is.
func TestSee(t *testing.T) {
	t.Parallel()
	const event = `{"eventVersion":"1.08","eventTime":"2026-01-30T10:00:00Z","eventSource":%q,"eventName":%q,"eventType":%q,"awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","eventID":"e","recipientAccountId":"111122223333","responseElements":%s,"userIdentity":%s}`
	const (
		ann     = `{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann","accessKeyId":"AKIAEXAMPLE"}`
		support = `{"type":"AssumedRole","principalId":"AROASUPPORT:me","arn":"arn:aws:sts::111122223333:assumed-role/support/me","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROASUPPORT","arn":"arn:aws:iam::111122223333:role/support","accountId":"111122223333","userName":"support"}}}`
		root    = `{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"%s}`
		other   = `{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::999988887777:user/ann","accountId":"999988887777","userName":"ann"}`
	)
	for name, c := range map[string]struct {
		source, call, kind, response, identity, who string
	}{
		"a user":                {"s3.amazonaws.com", "ListBuckets", "AwsApiCall", "null", ann, "AIDAANN"},
		"a role":                {"s3.amazonaws.com", "ListBuckets", "AwsApiCall", "null", support, "AROASUPPORT"},
		"root":                  {"s3.amazonaws.com", "ListBuckets", "AwsApiCall", "null", fmt.Sprintf(root, ""), arn("root")},
		"root signs in":         {"signin.amazonaws.com", "ConsoleLogin", "AwsConsoleSignIn", `{"ConsoleLogin":"Success"}`, fmt.Sprintf(root, ""), arn("root")},
		"a service as root":     {"kms.amazonaws.com", "RotateKey", "AwsServiceEvent", "null", fmt.Sprintf(root, ""), ""},
		"for a service as root": {"s3.amazonaws.com", "ListBuckets", "AwsApiCall", "null", fmt.Sprintf(root, `,"invokedBy":"support.amazonaws.com"`), ""},
		"a failed sign-in":      {"signin.amazonaws.com", "ConsoleLogin", "AwsConsoleSignIn", `{"ConsoleLogin":"Failure"}`, ann, ""},
		"another account's":     {"s3.amazonaws.com", "GetObject", "AwsApiCall", "null", other, ""},
	} {
		ev, err := trail.ParseEvent(fmt.Appendf(nil, event, c.source, c.call, c.kind, c.response, c.identity))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e := audit.NewEvidence(good(), now)
		e.See(ev, "trail.json")
		if _, ok := e.Seen[c.who]; (c.who != "") != ok || c.who == "" && len(e.Seen) > 0 {
			t.Errorf("%s: %v", name, e.Seen)
		}
		// What comes after now is no evidence yet.
		late := audit.NewEvidence(good(), ago(30))
		if late.See(ev, "trail.json"); len(late.Seen) > 0 {
			t.Errorf("%s: seen before it was: %v", name, late.Seen)
		}
	}
}
