package audit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"warden/account"
)

// may puts a policy on ann's group.
func may(statements string) func(*account.Snapshot) {
	return func(s *account.Snapshot) {
		s.Groups[0].Inline = append(s.Groups[0].Inline, account.InlinePolicy{Name: "more", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	}
}

func unreadable(s *account.Snapshot) {
	s.Groups[0].Attached = append(s.Groups[0].Attached, arn("policy/elsewhere"))
}

var excessExamples = map[string][]example{
	"principal.escalation": {
		{"attaches policies to himself", may(`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*"}`), fail, "", "iam-008"},
		{"with MFA", may(`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), fail, "", "hangs on aws:multifactorauthpresent"},
		{"attaches policies of one kind only", may(`{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::111122223333:policy/read"}}}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", "policy/elsewhere"},
	},
	"principal.whole-service": {
		{"two services", may(`{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"}`), fail, "", "s3, sqs"},
		{"with MFA", may(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), fail, "", "under conditions on aws:multifactorauthpresent"},
		{"of one bucket", may(`{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", ""},
	},
	"principal.admin": {
		{"by a group, in pieces", may(`{"Effect":"Allow","Action":["iam:*","kms:*","s3:*"],"Resource":"*"},{"Effect":"Allow","NotAction":["iam:*","kms:*","s3:*"],"Resource":"*"}`), fail, "", "may do everything"},
		{"but for what is denied", may(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}`), pass, "", ""},
		{"but for a bucket", may(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`), fail, "", "may do everything"},
		{"but for what a control policy denies", func(s *account.Snapshot) {
			may(`{"Effect":"Allow","Action":"*","Resource":"*"}`)(s)
			s.CentralRoot = nil // which the management account alone is told
			s.Organization.Value.ManagementAccount = "999988887777"
			s.Guardrails = known("organizations:ListPoliciesForTarget", []account.GuardrailLevel{{ID: "r-1", Kind: "ROOT", SCPs: []account.Guardrail{
				{ID: "p-1", Name: "FullAWSAccess", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)},
				{ID: "p-2", Name: "secrets", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"secretsmanager:*","Resource":"*"}]}`)},
			}}})
		}, fail, "", "may do everything"},
		{"but for the boundary", func(s *account.Snapshot) {
			may(`{"Effect":"Allow","Action":"*","Resource":"*"}`)(s)
			for i := range s.Users {
				s.Users[i].Boundary = arn("policy/read")
			}
		}, pass, "", ""},
		{"with MFA", may(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), fail, "", "under conditions on aws:multifactorauthpresent"},
		{"a policy that was not read", unreadable, unknown, "", "policy/elsewhere"},
		{"not read", func(s *account.Snapshot) { lose(s, "iam:GetAccountAuthorizationDetails") }, unknown, "", "AccessDenied"},
	},
	"principal.changes-iam": {
		{"roles of the account", may(`{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::111122223333:role/*"}`), fail, "", "iam:AttachRolePolicy"},
		{"roles of one path", may(`{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"arn:aws:iam::111122223333:role/app/*"}`), pass, "", ""},
		{"his own keys", may(`{"Effect":"Allow","Action":"iam:CreateAccessKey","Resource":"arn:aws:iam::*:user/${aws:username}"}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", ""},
	},
	"principal.reads-secrets": {
		{"all secrets", may(`{"Effect":"Allow","Action":"secretsmanager:Get*","Resource":"*"}`), fail, "", "secretsmanager:GetSecretValue"},
		{"all parameters", may(`{"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:*:parameter/*"}`), fail, "", "ssm:GetParameter"},
		{"of one application", may(`{"Effect":"Allow","Action":"ssm:Get*","Resource":"arn:aws:ssm:*:*:parameter/app/*"}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", ""},
	},
	"principal.reads-data": {
		{"all objects", may(`{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::*"}`), fail, "", "s3:GetObject"},
		{"of one bucket", may(`{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", ""},
	},
	"principal.pass-role": {
		{"every role", may(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`), fail, "", "iam:PassRole"},
		{"every role to one service", may(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}`), fail, "", "under conditions on iam:passedtoservice"},
		{"an administrator, who is told of elsewhere", may(`{"Effect":"Allow","Action":"*","Resource":"*"}`), pass, "", ""},
		{"one role", may(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app"}`), pass, "", ""},
		{"a policy that was not read", unreadable, unknown, "", ""},
	},
}

func TestExcessExamples(t *testing.T) {
	t.Parallel()
	for control, list := range excessExamples {
		for _, x := range list {
			t.Run(control+"/"+x.name, func(t *testing.T) {
				t.Parallel()
				s := good()
				x.change(s)
				found := of(t, s, control)
				check(t, found, x)
				for _, f := range found {
					if f.Status == fail && (len(f.Evidence) == 0 || !strings.Contains(f.Evidence[0].Fact, "statement") && !strings.Contains(f.Evidence[0].Fact, "hangs on")) {
						t.Errorf("no statement in the evidence: %+v", f.Evidence)
					}
				}
			})
		}
	}
}
