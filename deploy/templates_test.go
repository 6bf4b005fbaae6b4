package deploy_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
	"warden/deploy"
	"warden/guard"
	"warden/guard/detect"
	"warden/internal/fixture"
	"warden/policy"
)

func resolve(t *testing.T, template string, parameters map[string]string) *deploy.Stack {
	t.Helper()
	stack, err := deploy.Resolve(template, here, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

func document(t *testing.T, s *deploy.Stack, resource, property string) string {
	t.Helper()
	text, err := s.Document(resource, property)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	if _, err := deploy.Template("none"); err == nil || !strings.Contains(err.Error(), "guard-forwarder") {
		t.Errorf("Template: %v, want the names that there are", err)
	}
	if _, err := deploy.Policy("none", here, nil); err == nil || !strings.Contains(err.Error(), "responder") {
		t.Errorf("Policy: %v, want the names that there are", err)
	}
	if _, err := deploy.Resolve("guard", here, map[string]string{"Admin": "x"}); err == nil || !strings.Contains(err.Error(), "Admin") {
		t.Errorf("Resolve: %v, want that there is no such parameter", err)
	}
}

func TestCFNLint(t *testing.T) {
	t.Parallel()
	lint := fixture.Tool(t, "cfn-lint")
	files, err := filepath.Glob("templates/*.yaml")
	if err != nil || len(files) != len(deploy.Templates()) {
		t.Fatalf("templates %v (%v), want one for each of %v", files, err, deploy.Templates())
	}
	out, err := exec.Command(lint, append([]string{"--non-zero-exit-code", "informational", "--regions", "us-east-1", "--"}, files...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("cfn-lint: %v\n%s", err, out)
	}
}

// The queue admits what the rules send, and nothing else: not the account's
// administrators, not another rule, not another service.
func TestQueueAdmitsOnlyTheRules(t *testing.T) {
	t.Parallel()
	stack := resolve(t, "guard", nil)
	doc, err := policy.Parse("queue", []byte(document(t, stack, "QueuePolicy", "PolicyDocument")))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := policy.Parse("admin", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	user := policy.Principal{Type: policy.User, ARN: "arn:aws:iam::111122223333:user/admin", Account: here.Account}
	service := func(name string) policy.Principal { return policy.Principal{Type: policy.Service, ARN: name} }
	rule := "arn:aws:events:us-east-1:111122223333:rule/warden-guard-"
	for _, tt := range []struct {
		name      string
		principal policy.Principal
		action    string
		rule, tls string
		want      policy.Decision
	}{
		{"the rule", service("events.amazonaws.com"), "sqs:SendMessage", rule + "identity", "true", policy.Allowed},
		{"another of its rules", service("events.amazonaws.com"), "sqs:SendMessage", rule + "guardrails", "true", policy.Allowed},
		{"a rule of somebody else", service("events.amazonaws.com"), "sqs:SendMessage", "arn:aws:events:us-east-1:444455556666:rule/warden-guard-identity", "true", policy.ExplicitlyDenied},
		{"a rule that an intruder made", service("events.amazonaws.com"), "sqs:SendMessage", rule + "identity2", "true", policy.ExplicitlyDenied},
		{"another service", service("sns.amazonaws.com"), "sqs:SendMessage", "arn:aws:sns:us-east-1:111122223333:t", "true", policy.ExplicitlyDenied},
		{"another service under the rule's name", service("scheduler.amazonaws.com"), "sqs:SendMessage", rule + "identity", "true", policy.ImplicitlyDenied},
		{"an administrator", user, "sqs:SendMessage", "", "true", policy.ExplicitlyDenied},
		{"an administrator reads", user, "sqs:ReceiveMessage", "", "true", policy.Allowed},
		{"without TLS", user, "sqs:ReceiveMessage", "", "false", policy.ExplicitlyDenied},
	} {
		for _, queue := range []string{"warden-guard", "warden-guard-dead"} {
			facts := policy.Context{}
			facts.Set("aws:SecureTransport", policy.One(tt.tls))
			if tt.rule != "" {
				facts.Set("aws:SourceArn", policy.One(tt.rule))
			}
			got := policy.Evaluate(policy.Request{
				Principal: tt.principal, Action: tt.action, Context: facts,
				Resource: policy.Resource{ARN: "arn:aws:sqs:us-east-1:111122223333:" + queue, Account: here.Account},
			}, policy.Policies{Identity: []*policy.Document{admin}, Resource: doc})
			if got.Decision != tt.want {
				t.Errorf("%s, %s: %s, want %s %v", tt.name, queue, got.Decision, tt.want, got.Unknown)
			}
		}
	}
}

// pattern is an EventBridge pattern as the templates write them.
type pattern struct {
	Source     []any    `json:"source"`
	DetailType []string `json:"detail-type"`
	Detail     struct {
		EventSource []string `json:"eventSource"`
		EventName   []any    `json:"eventName"`
	} `json:"detail"`
}

func fits(tests []any, value string) bool {
	if len(tests) == 0 {
		return true
	}
	return slices.ContainsFunc(tests, func(test any) bool {
		switch test := test.(type) {
		case string:
			return test == value
		case map[string]any:
			prefix, ok := test["prefix"].(string)
			return ok && len(test) == 1 && strings.HasPrefix(value, prefix)
		}
		return false
	})
}

func (p pattern) matches(source, name string) bool {
	service := strings.TrimSuffix(source, ".amazonaws.com")
	return fits(p.Source, "aws."+service) && fits(p.Detail.EventName, name) &&
		(len(p.Detail.EventSource) == 0 || slices.Contains(p.Detail.EventSource, source))
}

func patterns(t *testing.T, s *deploy.Stack) map[string]pattern {
	t.Helper()
	out := map[string]pattern{}
	for id, r := range s.Resources {
		if r.Type != "AWS::Events::Rule" || r.Properties["ScheduleExpression"] != nil {
			continue
		}
		data, err := json.Marshal(r.Properties["EventPattern"])
		if err != nil {
			t.Fatal(err)
		}
		// Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
		if len(data) > 2048 {
			t.Errorf("%s: the pattern has %d characters, EventBridge takes 2048", id, len(data))
		}
		var p pattern
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if !slices.Contains(p.DetailType, "AWS API Call via CloudTrail") {
			t.Errorf("%s: detail types %v", id, p.DetailType)
		}
		if state := r.Properties["State"]; state != "ENABLED" {
			t.Errorf("%s: state %v", id, state)
		}
		out[id] = p
	}
	return out
}

// Every call that a detection is about reaches the guard, from every region
// and account that is connected.
func TestRulesCoverTheDetections(t *testing.T) {
	t.Parallel()
	for _, template := range deploy.Templates() {
		rules := patterns(t, resolve(t, template, nil))
		if len(rules) == 0 {
			continue
		}
		for _, d := range detect.All() {
			for _, c := range d.Events {
				if template == "guard-forwarder" && c.Source == detect.IAM {
					continue // recorded in the guard's region only
				}
				name := strings.Replace(c.Name, "*", "20150331", 1)
				matched := 0
				for _, p := range rules {
					if p.matches(c.Source, name) {
						matched++
					}
				}
				if matched == 0 {
					t.Errorf("%s: no rule brings %s %s (%s)", template, c.Source, c.Name, d.ID)
				}
				if matched > 1 {
					t.Errorf("%s: %d rules bring %s %s: it would be delivered as often", template, matched, c.Source, c.Name)
				}
			}
		}
		for _, p := range rules {
			if p.matches("s3.amazonaws.com", "CreateBucket") || p.matches("lambda.amazonaws.com", "TagResource20170331v2") {
				t.Errorf("%s: a rule brings what nobody looks at", template)
			}
		}
	}
}

func TestTableIsTheLedgers(t *testing.T) {
	t.Parallel()
	table := resolve(t, "guard", nil).Resources["Ledger"].Properties
	want := ledger.TableDefinition("warden-ledger")
	// The SDK's names are the template's.
	shape := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(withoutNil(plain))
	}
	for name, v := range map[string]any{
		"TableName": aws.ToString(want.TableName), "BillingMode": want.BillingMode, "KeySchema": want.KeySchema,
		"AttributeDefinitions": want.AttributeDefinitions, "LocalSecondaryIndexes": want.LocalSecondaryIndexes,
	} {
		if diff := cmp.Diff(shape(v), shape(table[name])); diff != "" {
			t.Errorf("%s (-store +template):\n%s", name, diff)
		}
	}
	if table["DeletionProtectionEnabled"] != true || table["PointInTimeRecoverySpecification"].(map[string]any)["PointInTimeRecoveryEnabled"] != true {
		t.Error("the ledger is not protected")
	}
}

func withoutNil(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if v[k] = withoutNil(e); v[k] == nil {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNil(v[i])
		}
	}
	return v
}

func TestFailuresAreKept(t *testing.T) {
	t.Parallel()
	r := resolve(t, "guard", nil).Resources
	dead := "arn:aws:sqs:us-east-1:111122223333:warden-guard-dead"
	for queue, source := range map[string]string{"Queue": "EventSource", "HoldQueue": "HoldEventSource"} {
		timeout, visibility := r["Function"].Properties["Timeout"].(int), r[queue].Properties["VisibilityTimeout"].(int)
		// Source: AWS Lambda Developer Guide, "Configuring Lambda event source
		// mappings for Amazon SQS".
		if visibility < 6*timeout {
			t.Errorf("%s hides messages for %d s, want six times the function's %d s", queue, visibility, timeout)
		}
		if got := fmt.Sprint(r[source].Properties["FunctionResponseTypes"]); got != "[ReportBatchItemFailures]" {
			t.Errorf("%s: FunctionResponseTypes: %s", source, got)
		}
		if got := r[queue].Properties["RedrivePolicy"].(map[string]any)["deadLetterTargetArn"]; got != dead {
			t.Errorf("the dead letters of %s go to %v", queue, got)
		}
	}
	for id, res := range r {
		if res.Type != "AWS::Events::Rule" || res.Properties["ScheduleExpression"] != nil {
			continue // what one run of the sweep misses the next one finds
		}
		for _, target := range res.Properties["Targets"].([]any) {
			if got := fmt.Sprint(target.(map[string]any)["DeadLetterConfig"]); got != "map[Arn:"+dead+"]" {
				t.Errorf("%s: what cannot be delivered goes to %s", id, got)
			}
		}
	}
}

// The policy that the stack makes denies what the guard proves.
func TestDenyPolicy(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"guard", "guard-member"} {
		doc, err := policy.Parse("DENY-IAM", []byte(document(t, resolve(t, template, nil), "DenyPolicy", "PolicyDocument")))
		if err != nil {
			t.Fatal(err)
		}
		if err := guard.ProveDenied(doc, policy.Principal{Type: policy.User, ARN: targets["user"], Account: here.Account}, nil); err != nil {
			t.Errorf("%s: %v", template, err)
		}
	}
	all, err := policy.Parse("DENY-ALL", []byte(document(t, resolve(t, "guard", map[string]string{"Level": "deny-all"}), "DenyAllPolicy", "PolicyDocument")))
	if err != nil {
		t.Fatal(err)
	}
	who := policy.Principal{Type: policy.User, ARN: targets["user"], Account: here.Account}
	if err := guard.DenyAll.Prove(policy.Policies{Identity: []*policy.Document{all}}, who, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatIsOptional(t *testing.T) {
	t.Parallel()
	plain := resolve(t, "guard", nil).Resources
	all := resolve(t, "guard", map[string]string{
		"TrailDestS3BucketName": "trail-bucket", "CreateResponderRole": "true", "NotificationEmail": "a@example.com",
		"OrganizationId": "o-abcdefghij", "MemberAccounts": "444455556666", "ResponseMode": "workflow", "Level": "deny-all",
	}).Resources
	var optional []string
	for id := range all {
		if _, ok := plain[id]; !ok {
			optional = append(optional, id)
		}
	}
	slices.Sort(optional)
	want := []string{
		"DenyAllPolicy", "EventBusPolicy", "ResponderRole", "ResponderRolePolicy", "StateMachine", "Subscription", "Trail", "TrailBucket",
		"TrailBucketPolicy", "TrailLog", "TrailLogRole", "TrailLogRolePolicy", "WorkflowAbortedAlarm", "WorkflowFailedAlarm",
		"WorkflowFunction", "WorkflowLog", "WorkflowRole", "WorkflowRolePolicy", "WorkflowTimedOutAlarm",
	}
	if diff := cmp.Diff(want, optional); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	own := resolve(t, "guard", map[string]string{"SNSTopicArn": "arn:aws:sns:us-east-1:111122223333:mine"}).Resources
	if _, made := own["Topic"]; made {
		t.Error("a topic is made although one was given")
	}
	for id, res := range own {
		if res.Type == "AWS::CloudWatch::Alarm" && fmt.Sprint(res.Properties["AlarmActions"]) != "[arn:aws:sns:us-east-1:111122223333:mine]" {
			t.Errorf("%s tells %v", id, res.Properties["AlarmActions"])
		}
	}
}
