package deploy_test

import (
	"encoding/json"
	"testing"

	"warden/change/ledger"
	"warden/policy"
)

// tablePolicy is the policy of a table, which binds the account's
// administrators too.
func tablePolicy(t *testing.T, table string) *policy.Document {
	t.Helper()
	p := resolve(t, "guard", nil).Resources[table].Properties["ResourcePolicy"].(map[string]any)["PolicyDocument"]
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := policy.Parse(table, data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Nobody approves under another's unique id, not even an administrator; the
// policy for approvers allows no more than one's own.
func TestApprovalsAreSignedByAWS(t *testing.T) {
	t.Parallel()
	table := tablePolicy(t, "Approvals")
	admin, err := policy.Parse("admin", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	approver := roleOf(t, "approver", targets["role"]).document
	for _, tt := range []struct {
		name, action, key string
		admin, approver   policy.Decision
	}{
		{"under his own id", "PutItem", "AROAX:alice", policy.Allowed, policy.Allowed},
		{"under another's", "PutItem", "AIDABOB", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"under that of another session", "PutItem", "AROAX:bob", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"takes one back", "DeleteItem", "AROAX:alice", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"changes one", "UpdateItem", "AROAX:alice", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"writes many", "BatchWriteItem", "AROAX:alice", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"by a statement", "PartiQLInsert", "AROAX:alice", policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		{"reads", "Scan", "", policy.Allowed, policy.ImplicitlyDenied},
	} {
		for who, want := range map[*policy.Document]policy.Decision{admin: tt.admin, approver: tt.approver} {
			facts := policy.Context{}
			facts.Set("aws:userid", policy.One("AROAX:alice"))
			if tt.key != "" {
				facts.Set("dynamodb:LeadingKeys", policy.Many(tt.key))
			}
			got := policy.Evaluate(policy.Request{
				Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: targets["role"], ARN: "arn:aws:sts::111122223333:assumed-role/app/alice"},
				Action:    "dynamodb:" + tt.action, Context: facts,
				Resource: policy.Resource{ARN: targets["its approvals"], Account: here.Account},
			}, policy.Policies{Identity: []*policy.Document{who}, Resource: table})
			if got.Decision != want {
				t.Errorf("%s, %s: %s, want %s", tt.name, map[bool]string{true: "an administrator", false: "an approver"}[who == admin], got.Decision, want)
			}
		}
	}
}

// What is in the ledger is not updated or deleted, by nobody.
func TestLedgerIsAppendOnly(t *testing.T) {
	t.Parallel()
	table := tablePolicy(t, "Ledger")
	admin, err := policy.Parse("admin", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]policy.Decision{
		"PutItem": policy.Allowed, "GetItem": policy.Allowed, "Query": policy.Allowed,
		"UpdateItem": policy.ExplicitlyDenied, "DeleteItem": policy.ExplicitlyDenied, "BatchWriteItem": policy.ExplicitlyDenied,
		"PartiQLUpdate": policy.ExplicitlyDenied, "PartiQLDelete": policy.ExplicitlyDenied, "PartiQLInsert": policy.ExplicitlyDenied,
	} {
		got := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.User, Account: here.Account, ARN: targets["user"]},
			Action:    "dynamodb:" + action, Resource: policy.Resource{ARN: targets["its ledger"], Account: here.Account},
		}, policy.Policies{Identity: []*policy.Document{admin}, Resource: table})
		if got.Decision != want {
			t.Errorf("%s: %s, want %s", action, got.Decision, want)
		}
	}
}

// The guard alone writes notes to itself.
func TestHoldQueueAdmitsOnlyTheGuard(t *testing.T) {
	t.Parallel()
	queue, err := policy.Parse("hold", []byte(document(t, resolve(t, "guard", nil), "HoldQueuePolicy", "PolicyDocument")))
	if err != nil {
		t.Fatal(err)
	}
	guard := roleOf(t, "guard", targets["guard role"]).document
	admin, err := policy.Parse("admin", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, role string
		rights     *policy.Document
		want       policy.Decision
	}{
		{"the guard", targets["guard role"], guard, policy.Allowed},
		{"an administrator", targets["role"], admin, policy.ExplicitlyDenied},
		{"a role of the guard's name elsewhere", "arn:aws:iam::444455556666:role/warden-guard", admin, policy.ExplicitlyDenied},
	} {
		facts := policy.Context{}
		facts.Set("aws:PrincipalArn", policy.One(tt.role))
		facts.Set("aws:SecureTransport", policy.One("true"))
		got := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: tt.role, ARN: "arn:aws:sts::111122223333:assumed-role/r/s"},
			Action:    "sqs:SendMessage", Context: facts, Resource: policy.Resource{ARN: targets["its hold queue"], Account: here.Account},
		}, policy.Policies{Identity: []*policy.Document{tt.rights}, Resource: queue})
		if got.Decision != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Decision, tt.want)
		}
	}
}

func TestApprovalsTableIsTheLedgers(t *testing.T) {
	t.Parallel()
	table := resolve(t, "guard", nil).Resources["Approvals"].Properties
	want := ledger.ApprovalTableDefinition("warden-ledger")
	if table["TableName"] != *want.TableName {
		t.Errorf("named %v, the program looks for %s", table["TableName"], *want.TableName)
	}
	for i, k := range want.KeySchema {
		got := table["KeySchema"].([]any)[i].(map[string]any)
		if got["AttributeName"] != *k.AttributeName || got["KeyType"] != string(k.KeyType) {
			t.Errorf("key %d is %v, want %s %s", i, got, *k.AttributeName, k.KeyType)
		}
	}
}
