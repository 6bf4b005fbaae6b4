package twin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	e := w.events(w.truth.Administrator)
	put := func(in *eventbridge.PutRuleInput) error { _, err := e.PutRule(ctx, in); return err }
	pattern := aws.String(`{"source":["x"]}`)
	for _, name := range []string{"r3", "r1", "r2"} {
		w.must(put(&eventbridge.PutRuleInput{Name: &name, EventPattern: pattern}))
	}
	wants(t, put(&eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":[{"like":"x"}]}`)}), "InvalidEventPatternException", "unrecognized match type like")
	wants(t, put(&eventbridge.PutRuleInput{Name: aws.String("r")}), "ValidationException", "EventPattern or ScheduleExpression")
	wants(t, put(&eventbridge.PutRuleInput{Name: aws.String("a b"), EventPattern: pattern}), "ValidationException", "'name'")
	wants(t, put(&eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: pattern, EventBusName: aws.String("other")}), "ResourceNotFoundException", "other")

	page, err := e.ListRules(ctx, &eventbridge.ListRulesInput{Limit: aws.Int32(2)})
	w.must(err)
	rest, err := e.ListRules(ctx, &eventbridge.ListRulesInput{Limit: aws.Int32(2), NextToken: page.NextToken})
	w.must(err)
	if len(page.Rules) != 2 || *page.Rules[0].Name != "r1" || len(rest.Rules) != 1 || *rest.Rules[0].Name != "r3" || rest.NextToken != nil {
		t.Errorf("pages of %d and %d rules", len(page.Rules), len(rest.Rules))
	}

	_, err = e.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: aws.String("r1")})
	w.must(err)
	d, err := e.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r1")})
	w.must(err)
	if d.State != types.RuleStateDisabled || *d.Arn != "arn:aws:events:"+here+":rule/r1" {
		t.Errorf("described as %s %s", *d.Arn, d.State)
	}
	_, err = e.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("none")})
	wants(t, err, "ResourceNotFoundException", "Rule none does not exist")

	target := func(id, arn string) types.Target { return types.Target{Id: &id, Arn: &arn} }
	_, err = e.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r1"), Targets: []types.Target{target("a", "arn:aws:lambda:us-east-1:1:function:f")}})
	wants(t, err, "ValidationException", "SQS queues only")
	var six []types.Target
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		six = append(six, target(id, "arn:aws:sqs:"+here+":q"))
	}
	_, err = e.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r1"), Targets: six})
	wants(t, err, "LimitExceededException", "")
	_, err = e.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r1"), Targets: six[:2]})
	w.must(err)
	_, err = e.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r1")})
	wants(t, err, "ValidationException", "it has targets")
	_, err = e.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r1"), Ids: []string{"1"}})
	w.must(err)
	targets, err := e.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r1")})
	w.must(err)
	if len(targets.Targets) != 1 || *targets.Targets[0].Id != "2" {
		t.Errorf("%d targets are left", len(targets.Targets))
	}
	for range 2 { // the second time is no error
		_, err = e.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r2")})
		w.must(err)
	}
}

func TestRuleStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	const all = `{"source":[{"prefix":"aws."}]}`
	writes := w.tap("writes", all, types.RuleStateEnabled)
	everything := w.tap("everything", all, types.RuleStateEnabledWithAllCloudtrailManagementEvents)
	off := w.tap("off", all, types.RuleStateDisabled)
	_ = w.receive(writes)
	_ = w.receive(everything)

	_, err := w.admin().ListUsers(ctx, &iam.ListUsersInput{})
	w.must(err)
	_, err = w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new")})
	w.must(err)
	_, err = w.sts(w.truth.Administrator).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	w.must(err)
	if got := fmt.Sprint(names(t, w.receive(writes))); got != "[CreateUser GetSessionToken]" {
		t.Errorf("ENABLED took %s", got)
	}
	if got := fmt.Sprint(names(t, w.receive(everything))); got != "[ListUsers CreateUser GetSessionToken]" {
		t.Errorf("ENABLED_WITH_ALL… took %s", got)
	}
	if got := w.receive(off); len(got) != 0 {
		t.Errorf("DISABLED took %d events", len(got))
	}
}

// TestQueuePolicyDecides: without the queue's leave nothing is delivered.
func TestQueuePolicyDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	url := w.tap("guarded", `{"source":["my.app"]}`, types.RuleStateEnabled)
	e := w.events(w.truth.Administrator)
	say := func() int {
		_, err := e.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: aws.String("my.app"), DetailType: aws.String("t"), Detail: aws.String(`{"a":1}`)}}})
		w.must(err)
		return len(w.receive(url))
	}
	if n := say(); n != 1 {
		t.Errorf("with the right policy %d messages came", n)
	}
	for _, p := range []string{admitting("events.amazonaws.com", "arn:aws:events:"+here+":rule/other"), admitting("sns.amazonaws.com", "arn:aws:events:"+here+":rule/guarded"), ""} {
		_, err := w.sqs(w.truth.Administrator).SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"Policy": p}})
		w.must(err)
		if n := say(); n != 0 {
			t.Errorf("with the policy %q %d messages came", p, n)
		}
	}
}

func TestPutEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	url := w.tap("custom", `{"detail":{"n":[{"numeric":[">",1]}]}}`, types.RuleStateEnabled)
	entry := func(source, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: &source, DetailType: aws.String("kind"), Detail: &detail, Resources: []string{"r"}}
	}
	out, err := w.events(w.truth.Administrator).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("my.app", `{"n":2}`), entry("aws.iam", `{"n":2}`), entry("my.app", `{"n":1}`), entry("my.app", `[]`),
	}})
	w.must(err)
	if out.FailedEntryCount != 2 || *out.Entries[1].ErrorCode != "NotAuthorizedForSourceException" || *out.Entries[3].ErrorCode != "MalformedDetail" {
		t.Errorf("%d entries failed", out.FailedEntryCount)
	}
	got := w.receive(url)
	if len(got) != 1 {
		t.Fatalf("%d events came", len(got))
	}
	e := parsed(t, *got[0].Body)
	if e["id"] != *out.Entries[0].EventId || e["source"] != "my.app" || e["detail-type"] != "kind" || e["account"] != SampleAccount || e["version"] != "0" {
		t.Errorf("the envelope is %s", *got[0].Body)
	}
	_, err = w.events(w.truth.Administrator).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{}})
	wants(t, err, "ValidationException", "")
}

// delivered makes n users half a second apart and returns what came, in order.
func delivered(t *testing.T, seed int64, faults Faults, n int) []string {
	t.Helper()
	w := &world{T: t, clock: testNow, transport: http.DefaultTransport.(*http.Transport).Clone()}
	t.Cleanup(w.transport.CloseIdleConnections)
	snap, truth := Sample(seed, testNow)
	tw, err := New(Config{Snapshot: snap, Seed: seed, Now: w.now, Faults: faults})
	w.must(err)
	server, err := tw.Start("127.0.0.1:0")
	w.must(err)
	t.Cleanup(func() { _ = server.Close() })
	w.twin, w.truth, w.url = tw, truth, server.URL()
	url := w.tap("faulty", `{"detail":{"eventName":["CreateUser"]}}`, types.RuleStateEnabled)
	for i := range n {
		_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("u%02d", i))})
		w.must(err)
		w.pass(time.Second / 2)
	}
	w.pass(time.Minute)
	var got []string
	for _, m := range w.receive(url) {
		detail := parsed(t, *m.Body)["detail"].(map[string]any)
		got = append(got, detail["requestParameters"].(map[string]any)["userName"].(string))
	}
	return got
}

func TestDeliveryFaultsReplay(t *testing.T) {
	t.Parallel()
	const n = 30
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("u%02d", i))
	}
	if got := delivered(t, 5, Faults{}, n); !slices.Equal(got, want) {
		t.Errorf("without faults: %v", got)
	}
	if got := delivered(t, 5, Faults{EventDelay: 3 * time.Second}, n); !slices.Equal(got, want) {
		t.Errorf("only late: %v", got)
	}
	tests := []struct {
		name            string
		faults          Faults
		doubled, moved  bool
		leastDeliveries int
	}{
		{"doubled", Faults{Duplicate: 0.4}, true, false, n + 1},
		{"reordered", Faults{Reorder: 0.4}, false, true, n},
		{"jitter", Faults{EventDelay: time.Second, EventJitter: 4 * time.Second}, false, true, n},
		{"all", Faults{EventDelay: time.Second, EventJitter: 4 * time.Second, Duplicate: 0.3, Reorder: 0.3}, true, true, n + 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := delivered(t, 5, tt.faults, n)
			if again := delivered(t, 5, tt.faults, n); !slices.Equal(got, again) {
				t.Errorf("the seed does not replay:\n%v\n%v", got, again)
			}
			if other := delivered(t, 6, tt.faults, n); slices.Equal(got, other) {
				t.Errorf("another seed gives the same: %v", other)
			}
			if len(got) < tt.leastDeliveries {
				t.Errorf("%d deliveries, want at least %d", len(got), tt.leastDeliveries)
			}
			if moved := !slices.IsSorted(got); moved != tt.moved {
				t.Errorf("out of order: %v, want %v: %v", moved, tt.moved, got)
			}
			slices.Sort(got)
			if !tt.doubled && len(got) != n {
				t.Errorf("%d deliveries, want %d", len(got), n)
			}
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("lost: %s", strings.Join(got, " "))
			}
		})
	}
}

// TestDelayedWithoutRequests: the timer delivers, whatever else happens.
func TestDelayedWithoutRequests(t *testing.T) {
	t.Parallel()
	snap, truth := Sample(1, time.Now())
	tw, err := New(Config{Snapshot: snap, Faults: Faults{EventDelay: 50 * time.Millisecond, Reorder: 1}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &world{T: t, twin: tw, truth: truth, url: server.URL(), clock: time.Now(), transport: &http.Transport{}}
	t.Cleanup(w.transport.CloseIdleConnections)
	url := w.tap("late", `{"detail":{"eventName":["CreateUser"]}}`, types.RuleStateEnabled)
	_, err = w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
	w.must(err)
	// The poll began before the event came.
	out, err := w.sqs(truth.Administrator).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
	w.must(err)
	if len(out.Messages) != 1 {
		t.Errorf("%d messages came", len(out.Messages))
	}
}
