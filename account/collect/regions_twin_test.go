package collect_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warden/account"
	"warden/account/collect"
	"warden/twin"
)

// watched is an account with monitoring in two regions, of every kind that a
// snapshot can tell.
func watched(now time.Time) (*account.Snapshot, twin.Truth) {
	s, truth := twin.Sample(1, now)
	bare(s)
	before := now.AddDate(0, 0, -20).Truncate(time.Second).UTC()
	at := account.Evidence{Source: "test", At: now}
	arn := func(service, region, rest string) string {
		return "arn:aws:" + service + ":" + region + ":" + s.Account + ":" + rest
	}
	s.Regions = []account.Region{{
		Name: "eu-west-1",
		Trails: &account.Fact[[]account.Trail]{Evidence: at, Value: []account.Trail{
			{Name: "local", ARN: arn("cloudtrail", "eu-west-1", "trail/local"), Home: "eu-west-1", Bucket: "logs-eu", Status: &account.TrailStatus{LastDelivery: &before},
				Selectors: []account.EventSelector{{Management: true, WriteEvents: true, ReadEvents: true}}},
		}},
		MetricFilters: &account.Fact[[]account.MetricFilter]{Evidence: at, Value: []account.MetricFilter{}},
		Alarms:        &account.Fact[[]account.Alarm]{Evidence: at, Value: []account.Alarm{}},
		Topics:        &account.Fact[[]account.Topic]{Evidence: at, Value: []account.Topic{}},
		Recorders:     &account.Fact[[]account.Recorder]{Evidence: at, Value: []account.Recorder{}},
		Analyzers:     &account.Fact[[]account.Analyzer]{Evidence: at, Value: []account.Analyzer{}},
	}, {
		Name: "us-east-1",
		Trails: &account.Fact[[]account.Trail]{Evidence: at, Value: []account.Trail{
			{Name: "all", ARN: arn("cloudtrail", "us-east-1", "trail/all"), Home: "us-east-1", MultiRegion: true, GlobalEvents: true, LogValidation: true,
				Bucket: "logs", LogGroup: arn("logs", "us-east-1", "log-group:trail:*"), KMSKey: arn("kms", "us-east-1", "key/k"),
				Status: &account.TrailStatus{Logging: true, LastLogsDelivery: &before, LogsError: "AccessDenied"},
				Selectors: []account.EventSelector{
					{Management: true, ReadEvents: true, WriteEvents: true, ExcludedSources: []string{"kms.amazonaws.com"}},
					{ReadEvents: true, WriteEvents: false, DataResources: []string{"AWS::S3::Object"}, Narrowed: true},
				}},
		}},
		MetricFilters: &account.Fact[[]account.MetricFilter]{Evidence: at, Value: []account.MetricFilter{
			{Name: "root", LogGroup: "trail", Pattern: `{ $.userIdentity.type = "Root" }`, Metrics: []account.Metric{{Namespace: "CIS", Name: "Root", Value: "1", Default: aws.Float64(0)}}},
		}},
		Alarms: &account.Fact[[]account.Alarm]{Evidence: at, Value: []account.Alarm{
			{Name: "math", ARN: arn("cloudwatch", "us-east-1", "alarm:math"), Metrics: []account.Metric{{Namespace: "CIS", Name: "A"}, {Namespace: "CIS", Name: "B"}}, Comparison: "GreaterThanThreshold", Threshold: aws.Float64(0.5), EvaluationPeriods: 1},
			{Name: "root", ARN: arn("cloudwatch", "us-east-1", "alarm:root"), Metrics: []account.Metric{{Namespace: "CIS", Name: "Root"}}, Actions: []string{arn("sns", "us-east-1", "people")},
				ActionsEnabled: true, Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: aws.Float64(1), Period: 300, EvaluationPeriods: 3, DatapointsToAlarm: 2},
			{Name: "any", ARN: arn("cloudwatch", "us-east-1", "alarm:any"), Rule: "ALARM(root)", Actions: []string{arn("sns", "us-east-1", "people")}, ActionsEnabled: true, Suppressor: "night"},
		}},
		Topics: &account.Fact[[]account.Topic]{Evidence: at, Value: []account.Topic{
			{ARN: arn("sns", "us-east-1", "people"), Subscriptions: []account.Subscription{{Protocol: "email", Confirmed: true}, {Protocol: "https"}}},
		}},
		Recorders: &account.Fact[[]account.Recorder]{Evidence: at, Value: []account.Recorder{{Name: "default", Recording: true, LastStatus: "SUCCESS", AllSupported: true, GlobalTypes: true}}},
		Analyzers: &account.Fact[[]account.Analyzer]{Evidence: at, Value: []account.Analyzer{{Name: "outside", ARN: arn("access-analyzer", "us-east-1", "analyzer/outside"), Type: "ACCOUNT", Status: "ACTIVE"}}},
	}}
	return s, truth
}

// What the twin of a snapshot tells of its regions is what the snapshot says,
// over the protocols that AWS speaks; and it is saved so.
func TestRegionsOfTheTwin(t *testing.T) {
	t.Parallel()
	s, truth := watched(time.Now())
	w := serve(t, s, truth, twin.Faults{})
	c, _ := w.as(t, truth.Administrator)
	ask := collect.Clients{IAM: c.IAM, Regions: map[string]collect.Regional{}}
	for _, name := range []string{"eu-west-1", "us-east-1", "us-west-2"} {
		r := c.In(name)
		ask.Regions[name] = collect.Regional{Trails: r.CloudTrail, Logs: r.Logs, Alarms: r.CloudWatch, Topics: r.SNS, Config: r.Config, Analyzers: r.AccessAnalyzer}
	}
	got, err := collect.Account(t.Context(), ask, collect.Options{Account: w.account, Partition: "aws", Sleep: impatient(new(time.Duration))})
	if err != nil || len(got.Gaps) > 0 {
		t.Fatalf("%v, gaps %v", err, got.Gaps)
	}
	same := gocmp.Options{
		cmpopts.IgnoreTypes(account.Evidence{}), cmpopts.EquateEmpty(), // subscriptions come in no order
		cmpopts.SortSlices(func(a, b account.Subscription) bool { return a.Protocol < b.Protocol }),
		// While it logs, a trail has just delivered.
		gocmp.FilterPath(func(p gocmp.Path) bool { return p.Last().String() == ".LastDelivery" }, gocmp.Ignore()),
	}
	if d := gocmp.Diff(s.Regions, got.Regions[:2], same); d != "" {
		t.Errorf("-snapshot +collected\n%s", d)
	}
	if d := gocmp.Diff(s.Regions, w.twin.Snapshot().Regions, same); d != "" {
		t.Errorf("-snapshot +saved\n%s", d)
	}
	for i, want := range []int{1, 1, 0} {
		if n := len(got.Regions[i].Trails.Value); n != want {
			t.Errorf("%d trails are told in %s, want %d", n, got.Regions[i].Name, want)
		}
	}
	if st := got.Regions[1].Trails.Value[0].Status; st.LastDelivery == nil || time.Since(*st.LastDelivery) > time.Hour {
		t.Errorf("last delivery %v", st.LastDelivery)
	}
}
