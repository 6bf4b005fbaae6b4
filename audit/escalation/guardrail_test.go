package escalation_test

import (
	"encoding/json"
	"testing"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
)

// TestGuardrail: what an organisation forbids is no way, also where it leaves
// one region only.
func TestGuardrail(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, scp string
		ways      int
	}{
		{"one region", `{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}}`, 1},
		{"no functions", `{"Effect":"Deny","Action":"lambda:*","Resource":"*"}`, 0},
	} {
		p := &planter{s: &account.Snapshot{Version: account.Version, Account: number, Partition: "aws"}}
		p.policy("AdministratorAccess", "aws", everything)
		p.s.Users = []account.User{p.user("dev", []string{`{"Effect":"Allow","Action":["lambda:CreateFunction","lambda:InvokeFunction","iam:PassRole"],"Resource":"*"}`})}
		p.s.Roles = []account.Role{{Path: "/", Name: "strong", ID: "AROA1", ARN: arnOf("role", "strong"), Attached: []string{administrator}, Trust: trust(`{"Service":"lambda.amazonaws.com"}`, "sts:AssumeRole")}}
		p.s.Guardrails = &account.Fact[[]account.GuardrailLevel]{Value: []account.GuardrailLevel{{ID: "r-1", Kind: "ROOT", SCPs: []account.Guardrail{
			{ID: "p-1", Name: "all", Document: json.RawMessage(everything)},
			{ID: "p-2", Name: x.name, Document: document([]string{x.scp})},
		}}}}
		r := escalation.Find(authorize.New(p.s), p.s)
		if len(r.Ways) != x.ways || r.Count(authorize.Allowed) != x.ways || len(r.Administrators) != 1 {
			t.Errorf("%s: %d ways, %d administrators; want %d and 1", x.name, len(r.Ways), len(r.Administrators), x.ways)
		}
	}
}

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
