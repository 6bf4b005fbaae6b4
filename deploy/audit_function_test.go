package deploy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/deploy"
	"warden/policy"
	"warden/report/deliver"
)

// auditTargets are what somebody in a role of the audit would reach for.
var auditTargets = map[string]string{
	"a report":          "arn:aws:s3:::warden-audit-111122223333-us-east-1/warden-audit/111122223333/2026/05/04/20260504T060000Z/report.json",
	"its bucket":        "arn:aws:s3:::warden-audit-111122223333-us-east-1",
	"the exemptions":    "arn:aws:s3:::warden-audit-111122223333-us-east-1/people/exemptions.json",
	"beside the prefix": "arn:aws:s3:::warden-audit-111122223333-us-east-1/warden-audit-2/x",
	"the code":          "arn:aws:s3:::code/warden-lambda-arm64.zip",
	"another bucket":    "arn:aws:s3:::warden-audit-111122223333-us-east-1-other/warden-audit/x",
	"its topic":         "arn:aws:sns:us-east-1:111122223333:warden-audit",
	"another topic":     "arn:aws:sns:us-east-1:111122223333:warden-audit-2",
	"its dead letters":  "arn:aws:sqs:us-east-1:111122223333:warden-audit-dead",
	"another queue":     "arn:aws:sqs:us-east-1:111122223333:orders",
	"its log":           "arn:aws:logs:us-east-1:111122223333:log-group:/warden/audit:log-stream:x",
	"another log":       "arn:aws:logs:us-east-1:111122223333:log-group:/warden/guard:log-stream:x",
	"its function":      "arn:aws:lambda:us-east-1:111122223333:function:warden-audit",
	"another function":  "arn:aws:lambda:us-east-1:111122223333:function:warden-guard",
	"its schedule":      "arn:aws:scheduler:us-east-1:111122223333:schedule/default/warden-audit",
	"the auditor":       "arn:aws:iam::111122223333:role/IAM-Auditor-role",
	"another auditor":   "arn:aws:iam::444455556666:role/IAM-Auditor-role",
	"its role":          "arn:aws:iam::111122223333:role/warden-audit",
	"the guard's role":  "arn:aws:iam::111122223333:role/warden-guard",
	"another role":      "arn:aws:iam::111122223333:role/Admin",
	"a user":            "arn:aws:iam::111122223333:user/alice",
	"the key":           "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
	"another key":       "arn:aws:kms:us-east-1:111122223333:key/5678efab",
	"a secret":          "arn:aws:secretsmanager:us-east-1:111122223333:secret:s",
	"everything else":   "*",
}

func withFunction(more map[string]string) map[string]string {
	out := map[string]string{"LambdaS3BucketName": "code"}
	maps.Copy(out, more)
	return out
}

func roleIn(t *testing.T, s *deploy.Stack, resource, arn string) role {
	t.Helper()
	doc := document(t, s, resource, "PolicyDocument")
	return role{arn, parse(t, resource, doc), loosen(t, doc)}
}

// Every row is everything that the roles of the audit can do: whatever is not
// in it is denied. Of S3 the function has the calls that it makes.
func TestWhatTheAuditsRolesCanDo(t *testing.T) {
	t.Parallel()
	var s3 []string
	for _, call := range methods[deliver.Client]() {
		s3 = append(s3, "s3:"+call)
	}
	function := map[string][]string{
		"sns:Publish": {"its topic"}, "sqs:SendMessage": {"its dead letters"},
		"logs:CreateLogStream": {"its log"}, "logs:PutLogEvents": {"its log"},
	}
	for _, call := range s3 {
		function[call] = []string{"a report"}
	}
	for _, tt := range []struct {
		name, resource, arn string
		parameters          map[string]string
		more                map[string][]string
	}{
		{"as it is", "FunctionRolePolicy", auditTargets["its role"], nil, nil},
		{"with exemptions and a key", "FunctionRolePolicy", auditTargets["its role"],
			map[string]string{"ExemptionsKey": "people/exemptions.json", "ReportKmsKeyArn": auditTargets["the key"]},
			map[string][]string{"s3:GetObject": {"a report", "the exemptions"}}},
		{"the schedule's", "ScheduleRolePolicy", "arn:aws:iam::111122223333:role/warden-audit-schedule", nil, map[string][]string{
			"lambda:InvokeFunction": {"its function"}, "sqs:SendMessage": {"its dead letters"},
		}},
	} {
		want := map[string][]string{}
		if tt.resource == "FunctionRolePolicy" {
			maps.Copy(want, function)
		}
		maps.Copy(want, tt.more)
		r := roleIn(t, resolve(t, "audit", withFunction(tt.parameters)), tt.resource, tt.arn)
		if diff := cmp.Diff(want, reachAmong(r, auditTargets)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	// Whom the function may become, and what it may do with the key, is also
	// said by the other side: here one that leaves it to the account's policies.
	plain := roleIn(t, resolve(t, "audit", withFunction(nil)), "FunctionRolePolicy", auditTargets["its role"])
	trusting := parse(t, "trust", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`)
	for name, arn := range auditTargets {
		got := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: plain.arn, ARN: "arn:aws:sts::111122223333:assumed-role/warden-audit/s"},
			Action:    "sts:AssumeRole", Resource: policy.Resource{ARN: arn, Account: here.Account},
		}, policy.Policies{Identity: []*policy.Document{plain.document}, Resource: trusting})
		if (got.Decision == policy.Allowed) != (name == "the auditor") {
			t.Errorf("becomes %s: %s", name, got.Decision)
		}
	}
	keyPolicy := parse(t, "key", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}`)
	// The key is for what S3 does with it, and for nothing else.
	r := roleIn(t, resolve(t, "audit", withFunction(map[string]string{"ReportKmsKeyArn": auditTargets["the key"]})), "FunctionRolePolicy", auditTargets["its role"])
	for via, want := range map[string]bool{"s3.us-east-1.amazonaws.com": true, "secretsmanager.us-east-1.amazonaws.com": false, "": false} {
		for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
			facts := policy.Context{}
			if via != "" {
				facts.Set("kms:ViaService", policy.One(via))
			}
			got := policy.Evaluate(policy.Request{
				Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: r.arn, ARN: "arn:aws:sts::111122223333:assumed-role/warden-audit/s"},
				Action:    action, Context: facts, Resource: policy.Resource{ARN: auditTargets["the key"], Account: here.Account},
			}, policy.Policies{Identity: []*policy.Document{r.document}, Resource: keyPolicy})
			if (got.Decision == policy.Allowed) != want {
				t.Errorf("%s via %q: %s", action, via, got.Decision)
			}
		}
	}
}

// Without a program the stack is what it always was: roles, policies, a group.
func TestAuditWithoutAProgram(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{}
	for _, r := range resolve(t, "audit", map[string]string{"SecurityHub": "true"}).Resources {
		kinds[r.Type] = true
	}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, []string{"AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}) {
		t.Errorf("it makes %v", got)
	}
	// Given a bucket and a topic, it makes none.
	own := resolve(t, "audit", withFunction(map[string]string{"SNSTopicArn": "arn:aws:sns:us-east-1:111122223333:mine", "ReportBucketName": "mine"}))
	for id, r := range own.Resources {
		if r.Type == "AWS::SNS::Topic" || r.Type == "AWS::S3::Bucket" {
			t.Errorf("it makes %s", id)
		}
		if r.Type == "AWS::CloudWatch::Alarm" && fmt.Sprint(r.Properties["AlarmActions"]) != "[arn:aws:sns:us-east-1:111122223333:mine]" {
			t.Errorf("%s tells %v", id, r.Properties["AlarmActions"])
		}
	}
	r := roleIn(t, own, "FunctionRolePolicy", auditTargets["its role"])
	for what, want := range map[string]bool{"arn:aws:s3:::mine/warden-audit/x": true, "arn:aws:s3:::mine/x": false, auditTargets["a report"]: false} {
		if got := r.may("s3:PutObject", what, ""); got != want {
			t.Errorf("puts %s: %v", what, got)
		}
	}
}

// Who may become the auditor, when somebody is named: he, and the function.
func TestAuditorTrustsTheFunction(t *testing.T) {
	t.Parallel()
	const named = "arn:aws:iam::999988887777:role/Security"
	stack := resolve(t, "audit", withFunction(map[string]string{"TrustedArn": named, "ExternalId": "halden"}))
	trust := parse(t, "trust", document(t, stack, "AuditorRole", "AssumeRolePolicyDocument"))
	mine := parse(t, "audit", document(t, stack, "FunctionRolePolicy", "PolicyDocument"))
	anything := parse(t, "all", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	for _, tt := range []struct {
		role, externalID string
		own              *policy.Document
		want             bool
	}{
		{auditTargets["its role"], "halden", mine, true},
		{auditTargets["its role"], "", mine, false},
		{auditTargets["its role"], "other", mine, false},
		{named, "halden", anything, true},
		{named, "", anything, false},
		{auditTargets["another role"], "halden", anything, false},
	} {
		facts := policy.Context{}
		if tt.externalID != "" {
			facts.Set("sts:ExternalId", policy.One(tt.externalID))
		}
		account := strings.Split(tt.role, ":")[4]
		got := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.Session, Account: account, RoleARN: tt.role, ARN: "arn:aws:sts::" + account + ":assumed-role/r/s"},
			Action:    "sts:AssumeRole", Context: facts, Resource: policy.Resource{ARN: auditTargets["the auditor"], Account: here.Account},
		}, policy.Policies{Identity: []*policy.Document{tt.own}, Resource: trust})
		if (got.Decision == policy.Allowed) != tt.want {
			t.Errorf("%s with %q: %s, want %v", tt.role, tt.externalID, got.Decision, tt.want)
		}
	}
}

// The dead letters are written by the function and its schedule, and by no
// administrator; the bucket and the queue are reached by TLS alone.
func TestAuditsOwnPlaces(t *testing.T) {
	t.Parallel()
	stack := resolve(t, "audit", withFunction(nil))
	anything := parse(t, "all", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	for _, tt := range []struct {
		policy, role, action, target, tls string
		want                              bool
	}{
		{"DeadLettersPolicy", "warden-audit", "sqs:SendMessage", "its dead letters", "true", true},
		{"DeadLettersPolicy", "warden-audit-schedule", "sqs:SendMessage", "its dead letters", "true", true},
		{"DeadLettersPolicy", "Admin", "sqs:SendMessage", "its dead letters", "true", false},
		{"DeadLettersPolicy", "Admin", "sqs:ReceiveMessage", "its dead letters", "true", true},
		{"DeadLettersPolicy", "Admin", "sqs:ReceiveMessage", "its dead letters", "false", false},
		{"BucketPolicy", "warden-audit", "s3:PutObject", "a report", "true", true},
		{"BucketPolicy", "Admin", "s3:GetObject", "a report", "false", false},
		{"TopicPolicy", "Admin", "sns:Publish", "its topic", "false", false},
	} {
		doc := parse(t, tt.policy, document(t, stack, tt.policy, "PolicyDocument"))
		arn := "arn:aws:iam::111122223333:role/" + tt.role
		facts := policy.Context{}
		facts.Set("aws:SecureTransport", policy.One(tt.tls))
		facts.Set("aws:PrincipalArn", policy.One(arn))
		got := policy.Evaluate(policy.Request{
			Principal: policy.Principal{Type: policy.Session, Account: here.Account, RoleARN: arn, ARN: "arn:aws:sts::111122223333:assumed-role/" + tt.role + "/s"},
			Action:    tt.action, Context: facts, Resource: policy.Resource{ARN: auditTargets[tt.target], Account: here.Account},
		}, policy.Policies{Identity: []*policy.Document{anything}, Resource: doc})
		if (got.Decision == policy.Allowed) != tt.want {
			t.Errorf("%s, %s %s, TLS %s: %s, want %v", tt.policy, tt.role, tt.action, tt.tls, got.Decision, tt.want)
		}
	}
	bucket := fmt.Sprint(stack.Resources["Bucket"].Properties)
	for _, want := range []string{"BlockPublicAcls:true", "RestrictPublicBuckets:true", "BucketOwnerEnforced", "Status:Enabled", "SSEAlgorithm:AES256"} {
		if !strings.Contains(bucket, want) {
			t.Errorf("the bucket lacks %s: %s", want, bucket)
		}
	}
	// The schedule begins the function by its time, with the role that may.
	target := stack.Resources["AuditSchedule"].Properties["Target"].(map[string]any)
	if target["Arn"] != auditTargets["its function"] || !strings.Contains(fmt.Sprint(target["Input"]), `"time": "<aws.scheduler.scheduled-time>"`) || fmt.Sprint(target["DeadLetterConfig"]) != "map[Arn:"+auditTargets["its dead letters"]+"]" {
		t.Errorf("the schedule's target: %v", target)
	}
	if text, err := deploy.Template("audit"); err != nil || len(text) >= deploy.MaxBody {
		t.Errorf("the template has %d bytes: %v", len(text), err)
	}
}
