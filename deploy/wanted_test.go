package deploy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warden/deploy"
	"warden/doctor"
)

// What doctor looks for is what the template makes.
func TestWanted(t *testing.T) {
	t.Parallel()
	w, err := deploy.Wanted(here, map[string]string{
		"ADMIN_GROUP_NAME": "Administrators, Platform", "PROTECTED": breakGlass, "RESPONDER_ROLE_ARN": "arn:aws:iam::111122223333:role/warden-guard-responder",
		"SNS_TOPIC_ARN": targets["its topic"], "LEDGER_TABLE": "warden-ledger",
	})
	if err != nil {
		t.Fatal(err)
	}
	const queue = "arn:aws:sqs:us-east-1:111122223333:warden-guard"
	if diff := cmp.Diff([]doctor.WantFunction{
		{Name: "warden-guard", Handler: "guard", Queues: []string{queue, queue + "-hold"}, Role: targets["guard role"], Seconds: 60},
		{Name: "warden-guard-sweep", Handler: "sweep", Every: 5 * time.Minute, Role: targets["guard role"], Seconds: 240},
	}, w.Functions, cmpopts.IgnoreFields(doctor.WantFunction{}, "Variables")); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	rules := []string{}
	for _, name := range []string{"compute", "guardrails", "identity-center", "identity"} {
		rules = append(rules, "arn:aws:events:us-east-1:111122223333:rule/warden-guard-"+name)
	}
	if diff := cmp.Diff([]doctor.WantQueue{
		{Name: "warden-guard-dead", ARN: queue + "-dead", Rules: rules, Dead: true, Retention: 1209600},
		{Name: "warden-guard-hold", ARN: queue + "-hold", Role: targets["guard role"], Visibility: 360, Retention: 86400, DeadLetters: queue + "-dead"},
		{Name: "warden-guard", ARN: queue, Rules: rules, Visibility: 360, Retention: 1209600, DeadLetters: queue + "-dead"},
	}, w.Queues, cmpopts.IgnoreFields(doctor.WantQueue{}, "Policy")); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]doctor.WantRole{
		{Name: "warden-guard", ARN: targets["guard role"], Trusted: "lambda.amazonaws.com", Guard: true},
		{Name: "warden-guard-responder", ARN: targets["responder role"], Trusted: targets["guard role"], Responder: true},
	}, w.Roles, cmpopts.IgnoreFields(doctor.WantRole{}, "Policy", "Trust")); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	for _, q := range w.Queues {
		if !strings.Contains(q.Policy, "NobodyElseSends") {
			t.Errorf("the policy of %s: %s", q.Name, q.Policy)
		}
	}
	for _, r := range w.Roles {
		if !strings.Contains(r.Policy, "NeverItself") || !strings.Contains(r.Trust, "sts:AssumeRole") {
			t.Errorf("the policies of %s: %s %s", r.Name, r.Policy, r.Trust)
		}
	}
	if !slices.Contains(w.Functions[0].Variables, "ADMIN_GROUP_NAME") || !strings.Contains(w.TablePolicy, "dynamodb:DeleteItem") || len(w.Excepted) != 4 {
		t.Errorf("variables %v, table %s, excepted %v", w.Functions[0].Variables, w.TablePolicy, w.Excepted)
	}
	for _, r := range w.Rules {
		if r.Target != queue || r.Pattern == "" {
			t.Errorf("rule %+v", r)
		}
	}
	for _, r := range w.Forward {
		if r.Target != "arn:aws:events:us-east-1:111122223333:event-bus/default" {
			t.Errorf("rule %+v", r)
		}
	}
	if len(w.Rules) != 4 || len(w.Forward) != 4 || len(w.Alarms) < 4 || w.Function != "warden-guard" || w.DenyPolicyARN != denyIAM || len(w.AdminGroups) != 2 {
		t.Errorf("%d rules, %d forwarders, alarms %v, %s, %s, %v", len(w.Rules), len(w.Forward), w.Alarms, w.Function, w.DenyPolicyARN, w.AdminGroups)
	}
	workflow, err := deploy.Wanted(here, map[string]string{"RESPONSE_MODE": "workflow"})
	if err != nil || len(workflow.Functions) != 3 || workflow.AdminGroups[0] != "Administrators" {
		t.Errorf("%v: %+v", err, workflow.Functions)
	}
}
