package collect_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	aatypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	cfgtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	gocmp "github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/account/collect"
)

// monitored is the monitoring of one region as AWS would tell it.
type monitored struct {
	trails    []cttypes.Trail
	selectors map[string]*cloudtrail.GetEventSelectorsOutput // by ARN; others may not be read
	filters   []cwltypes.MetricFilter
	alarms    []cwtypes.MetricAlarm
	composite []cwtypes.CompositeAlarm
	topics    map[string][]snstypes.Subscription
	recorders []cfgtypes.ConfigurationRecorder
	analyzers []aatypes.AnalyzerSummary
}

func (m *monitored) clients() collect.Regional {
	return collect.Regional{Trails: m, Logs: m, Alarms: m, Topics: m, Config: m, Analyzers: m}
}

var forbidden = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not\nyou"}

func (m *monitored) DescribeTrails(context.Context, *cloudtrail.DescribeTrailsInput, ...func(*cloudtrail.Options)) (*cloudtrail.DescribeTrailsOutput, error) {
	return &cloudtrail.DescribeTrailsOutput{TrailList: m.trails}, nil
}

func (m *monitored) GetTrailStatus(_ context.Context, in *cloudtrail.GetTrailStatusInput, _ ...func(*cloudtrail.Options)) (*cloudtrail.GetTrailStatusOutput, error) {
	if m.selectors[*in.Name] == nil {
		return nil, forbidden
	}
	return &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(true)}, nil
}

func (m *monitored) GetEventSelectors(_ context.Context, in *cloudtrail.GetEventSelectorsInput, _ ...func(*cloudtrail.Options)) (*cloudtrail.GetEventSelectorsOutput, error) {
	if s := m.selectors[*in.TrailName]; s != nil {
		return s, nil
	}
	return nil, forbidden
}

func (m *monitored) DescribeMetricFilters(_ context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeMetricFiltersOutput, error) {
	if in.NextToken == nil { // an empty page is not the last
		return &cloudwatchlogs.DescribeMetricFiltersOutput{NextToken: aws.String("more")}, nil
	}
	return &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: m.filters}, nil
}

func (m *monitored) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: m.alarms, CompositeAlarms: m.composite}, nil
}

func (m *monitored) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	s, ok := m.topics[*in.TopicArn]
	if !ok {
		return nil, &smithy.GenericAPIError{Code: "NotFound", Message: "Topic does not exist"}
	}
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: s}, nil
}

func (m *monitored) DescribeConfigurationRecorders(context.Context, *configservice.DescribeConfigurationRecordersInput, ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecordersOutput, error) {
	return &configservice.DescribeConfigurationRecordersOutput{ConfigurationRecorders: m.recorders}, nil
}

func (m *monitored) DescribeConfigurationRecorderStatus(context.Context, *configservice.DescribeConfigurationRecorderStatusInput, ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecorderStatusOutput, error) {
	var out []cfgtypes.ConfigurationRecorderStatus
	for _, r := range m.recorders {
		out = append(out, cfgtypes.ConfigurationRecorderStatus{Name: r.Name, Recording: true, LastStatus: cfgtypes.RecorderStatusFailure})
	}
	return &configservice.DescribeConfigurationRecorderStatusOutput{ConfigurationRecordersStatus: out}, nil
}

func (m *monitored) ListAnalyzers(context.Context, *accessanalyzer.ListAnalyzersInput, ...func(*accessanalyzer.Options)) (*accessanalyzer.ListAnalyzersOutput, error) {
	if m.analyzers == nil {
		return nil, forbidden
	}
	return &accessanalyzer.ListAnalyzersOutput{Analyzers: m.analyzers}, nil
}

// Trails that log in several regions are read once, topics where an alarm on a
// counted metric tells them, and what is denied is a gap with its place.
func TestRegions(t *testing.T) {
	t.Parallel()
	w := sample(t)
	const here, away = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/all", "arn:aws:cloudtrail:us-west-2:999988887777:trail/org"
	all := cttypes.Trail{Name: aws.String("all"), TrailARN: aws.String(here), HomeRegion: aws.String("eu-west-1"), IsMultiRegionTrail: aws.Bool(true),
		IncludeGlobalServiceEvents: aws.Bool(true), LogFileValidationEnabled: aws.Bool(true), S3BucketName: aws.String("logs"),
		CloudWatchLogsLogGroupArn: aws.String("arn:aws:logs:eu-west-1:123456789012:log-group:trail:*"), KmsKeyId: aws.String("k")}
	org := cttypes.Trail{Name: aws.String("org"), TrailARN: aws.String(away), HomeRegion: aws.String("us-west-2"), IsOrganizationTrail: aws.Bool(true)}
	field := func(name string, f func(*cttypes.AdvancedFieldSelector)) cttypes.AdvancedFieldSelector {
		s := cttypes.AdvancedFieldSelector{Field: aws.String(name)}
		f(&s)
		return s
	}
	equals := func(v ...string) func(*cttypes.AdvancedFieldSelector) {
		return func(s *cttypes.AdvancedFieldSelector) { s.Equals = v }
	}
	ireland := &monitored{
		trails: []cttypes.Trail{all, org},
		selectors: map[string]*cloudtrail.GetEventSelectorsOutput{here: {
			EventSelectors: []cttypes.EventSelector{
				{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cttypes.ReadWriteTypeWriteOnly, ExcludeManagementEventSources: []string{"kms.amazonaws.com"},
					DataResources: []cttypes.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3:::one/"}}}},
				{IncludeManagementEvents: aws.Bool(false), ReadWriteType: cttypes.ReadWriteTypeAll,
					DataResources: []cttypes.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3"}}}}},
			AdvancedEventSelectors: []cttypes.AdvancedEventSelector{
				{FieldSelectors: []cttypes.AdvancedFieldSelector{field("eventCategory", equals("Management")), field("readOnly", equals("true")),
					field("eventSource", func(s *cttypes.AdvancedFieldSelector) { s.NotEquals = []string{"rdsdata.amazonaws.com"} })}},
				{FieldSelectors: []cttypes.AdvancedFieldSelector{field("eventCategory", equals("Data")), field("resources.type", equals("AWS::Lambda::Function")),
					field("resources.ARN", func(s *cttypes.AdvancedFieldSelector) { s.StartsWith = []string{"arn:x"} })}}},
		}},
		filters: []cwltypes.MetricFilter{{FilterName: aws.String("root"), LogGroupName: aws.String("trail"), FilterPattern: aws.String("{ $.userIdentity.type = Root }"),
			MetricTransformations: []cwltypes.MetricTransformation{{MetricName: aws.String("Root"), MetricNamespace: aws.String("CIS"), MetricValue: aws.String("1"), DefaultValue: aws.Float64(0)}}}},
		composite: []cwtypes.CompositeAlarm{
			{AlarmName: aws.String("any"), AlarmRule: aws.String("ALARM(root) OR ALARM(x)"), ActionsEnabled: aws.Bool(true), AlarmActions: []string{"arn:aws:sns:eu-west-1:123456789012:more"}, ActionsSuppressor: aws.String("night")},
			{AlarmName: aws.String("unasked"), AlarmRule: aws.String("ALARM(x)"), AlarmActions: []string{"arn:aws:sns:eu-west-1:123456789012:unasked"}}},
		alarms: []cwtypes.MetricAlarm{
			{AlarmName: aws.String("root"), AlarmArn: aws.String("arn:alarm"), MetricName: aws.String("Root"), Namespace: aws.String("CIS"), ActionsEnabled: aws.Bool(true),
				AlarmActions: []string{"arn:aws:sns:eu-west-1:123456789012:people", "arn:aws:sns:eu-west-1:123456789012:gone", "arn:aws:lambda:eu-west-1:123456789012:function:f"},
				Statistic:    cwtypes.StatisticSum, ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold, Threshold: aws.Float64(1), Period: aws.Int32(300),
				EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(1)},
			{AlarmName: aws.String("query"), Metrics: []cwtypes.MetricDataQuery{{Id: aws.String("m"), MetricStat: &cwtypes.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60), Metric: &cwtypes.Metric{Namespace: aws.String("AWS/EC2"), MetricName: aws.String("CPU")}}}}},
			{AlarmName: aws.String("math"), Metrics: []cwtypes.MetricDataQuery{{Id: aws.String("e")}, {Id: aws.String("m"), MetricStat: &cwtypes.MetricStat{Metric: &cwtypes.Metric{Namespace: aws.String("AWS/EC2"), MetricName: aws.String("CPU")}}}},
				AlarmActions: []string{"arn:aws:sns:eu-west-1:123456789012:unasked"}},
		},
		topics: map[string][]snstypes.Subscription{"arn:aws:sns:eu-west-1:123456789012:people": {
			{Protocol: aws.String("email"), SubscriptionArn: aws.String("PendingConfirmation"), Endpoint: aws.String("a@example.com")},
			{Protocol: aws.String("sqs"), SubscriptionArn: aws.String("arn:aws:sns:eu-west-1:123456789012:people:1")}}},
		recorders: []cfgtypes.ConfigurationRecorder{{Name: aws.String("default"), RecordingGroup: &cfgtypes.RecordingGroup{AllSupported: true}}},
		analyzers: []aatypes.AnalyzerSummary{{Name: aws.String("a"), Arn: aws.String("arn:a"), Type: aatypes.TypeAccount, Status: aatypes.AnalyzerStatusActive}},
	}
	virginia := &monitored{trails: []cttypes.Trail{all, org}}
	c, _ := w.as(t, w.truth.Administrator)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := collect.Account(t.Context(), collect.Clients{IAM: c.IAM, Regions: map[string]collect.Regional{"us-east-1": virginia.clients(), "eu-west-1": ireland.clients()}},
		collect.Options{Account: w.account, Partition: "aws", Now: func() time.Time { return now }, Sleep: impatient(new(time.Duration))})
	if err != nil {
		t.Fatal(err)
	}
	from := func(call string) account.Evidence { return account.Evidence{Source: call, At: now} }
	want := []account.Region{
		{Name: "eu-west-1",
			Trails: &account.Fact[[]account.Trail]{Evidence: from("cloudtrail:DescribeTrails"), Value: []account.Trail{
				{Name: "all", ARN: here, Home: "eu-west-1", MultiRegion: true, GlobalEvents: true, LogValidation: true, Bucket: "logs",
					LogGroup: "arn:aws:logs:eu-west-1:123456789012:log-group:trail:*", KMSKey: "k", Status: &account.TrailStatus{Logging: true},
					Selectors: []account.EventSelector{
						{Management: true, WriteEvents: true, ExcludedSources: []string{"kms.amazonaws.com"}},
						{WriteEvents: true, DataResources: []string{"AWS::S3::Object"}, Narrowed: true},
						{ReadEvents: true, WriteEvents: true, DataResources: []string{"AWS::S3::Object"}},
						{Management: true, ReadEvents: true, ExcludedSources: []string{"rdsdata.amazonaws.com"}},
						{ReadEvents: true, WriteEvents: true, DataResources: []string{"AWS::Lambda::Function"}, Narrowed: true}}},
				{Name: "org", ARN: away, Home: "us-west-2", Organization: true}}},
			MetricFilters: &account.Fact[[]account.MetricFilter]{Evidence: from("logs:DescribeMetricFilters"), Value: []account.MetricFilter{
				{Name: "root", LogGroup: "trail", Pattern: "{ $.userIdentity.type = Root }", Metrics: []account.Metric{{Namespace: "CIS", Name: "Root", Value: "1", Default: aws.Float64(0)}}}}},
			Alarms: &account.Fact[[]account.Alarm]{Evidence: from("cloudwatch:DescribeAlarms"), Value: []account.Alarm{
				{Name: "root", ARN: "arn:alarm", Metrics: []account.Metric{{Namespace: "CIS", Name: "Root"}}, Actions: ireland.alarms[0].AlarmActions, ActionsEnabled: true,
					Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: aws.Float64(1), Period: 300, EvaluationPeriods: 3, DatapointsToAlarm: 1},
				{Name: "query", Metrics: []account.Metric{{Namespace: "AWS/EC2", Name: "CPU"}}, Statistic: "Sum", Period: 60},
				{Name: "math", Metrics: []account.Metric{{Namespace: "AWS/EC2", Name: "CPU"}}, Actions: ireland.alarms[2].AlarmActions},
				{Name: "any", Rule: "ALARM(root) OR ALARM(x)", Actions: []string{"arn:aws:sns:eu-west-1:123456789012:more"}, ActionsEnabled: true, Suppressor: "night"},
				{Name: "unasked", Rule: "ALARM(x)", Actions: []string{"arn:aws:sns:eu-west-1:123456789012:unasked"}}}},
			Topics: &account.Fact[[]account.Topic]{Evidence: from("sns:ListSubscriptionsByTopic"), Value: []account.Topic{
				{ARN: "arn:aws:sns:eu-west-1:123456789012:gone", Subscriptions: []account.Subscription{}},
				{ARN: "arn:aws:sns:eu-west-1:123456789012:more", Subscriptions: []account.Subscription{}},
				{ARN: "arn:aws:sns:eu-west-1:123456789012:people", Subscriptions: []account.Subscription{{Protocol: "email"}, {Protocol: "sqs", Confirmed: true}}}}},
			Recorders: &account.Fact[[]account.Recorder]{Evidence: from("config:DescribeConfigurationRecorders"), Value: []account.Recorder{{Name: "default", Recording: true, LastStatus: "Failure", AllSupported: true}}},
			Analyzers: &account.Fact[[]account.Analyzer]{Evidence: from("access-analyzer:ListAnalyzers"), Value: []account.Analyzer{{Name: "a", ARN: "arn:a", Type: "ACCOUNT", Status: "ACTIVE"}}}},
		{Name: "us-east-1",
			Trails:        &account.Fact[[]account.Trail]{Evidence: from("cloudtrail:DescribeTrails"), Value: []account.Trail{}},
			MetricFilters: &account.Fact[[]account.MetricFilter]{Evidence: from("logs:DescribeMetricFilters"), Value: []account.MetricFilter{}},
			Alarms:        &account.Fact[[]account.Alarm]{Evidence: from("cloudwatch:DescribeAlarms"), Value: []account.Alarm{}},
			Topics:        &account.Fact[[]account.Topic]{Evidence: from("sns:ListSubscriptionsByTopic"), Value: []account.Topic{}},
			Recorders:     &account.Fact[[]account.Recorder]{Evidence: from("config:DescribeConfigurationRecorders"), Value: []account.Recorder{}}},
	}
	if diff := gocmp.Diff(want, s.Regions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	gaps := []account.Gap{
		{What: "access-analyzer:ListAnalyzers", Subject: "us-east-1", Reason: "AccessDeniedException: not you"},
		{What: "cloudtrail:GetEventSelectors", Subject: away, Reason: "AccessDeniedException: not you"},
		{What: "cloudtrail:GetTrailStatus", Subject: away, Reason: "AccessDeniedException: not you"},
	}
	if diff := gocmp.Diff(gaps, s.Gaps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
