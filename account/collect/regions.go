package collect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"warden/account"
)

// Regional are the clients of one region.
type Regional struct {
	Trails    TrailClient
	Logs      LogsClient
	Alarms    AlarmClient
	Topics    TopicClient
	Config    ConfigClient
	Analyzers AnalyzerClient
	// Hub is not asked where it is nil; nor are Keys and Estate.
	Hub    HubClient
	Keys   KeyClient
	Estate EstateClient
}

// LogsClient holds the call of CloudWatch Logs that Account makes.
type LogsClient interface {
	DescribeMetricFilters(ctx context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeMetricFiltersOutput, error)
}

// AlarmClient holds the call of CloudWatch that Account makes.
type AlarmClient interface {
	DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// TopicClient holds the call of SNS that Account makes.
type TopicClient interface {
	ListSubscriptionsByTopic(ctx context.Context, in *sns.ListSubscriptionsByTopicInput, opts ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error)
}

// ConfigClient holds the calls of AWS Config that Account makes.
type ConfigClient interface {
	DescribeConfigurationRecorders(ctx context.Context, in *configservice.DescribeConfigurationRecordersInput, opts ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecordersOutput, error)
	DescribeConfigurationRecorderStatus(ctx context.Context, in *configservice.DescribeConfigurationRecorderStatusInput, opts ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecorderStatusOutput, error)
}

// AnalyzerClient holds the call of IAM Access Analyzer that Account makes.
type AnalyzerClient interface {
	ListAnalyzers(ctx context.Context, in *accessanalyzer.ListAnalyzersInput, opts ...func(*accessanalyzer.Options)) (*accessanalyzer.ListAnalyzersOutput, error)
}

// regions reads what is asked for of each region: a call and more for each
// part.
func (r *reader) regions(ctx context.Context) {
	if len(r.Regions) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(r.Regions))
	r.snapshot.Regions = make([]account.Region, len(names))
	for i, name := range names {
		c, at := r.Regions[name], &r.snapshot.Regions[i]
		at.Name = name
		r.Progress("monitoring, keys, networks and instances in " + name)
		r.part(ctx, "cloudtrail:DescribeTrails", name, func() (func(), error) {
			got, err := r.trails(ctx, c.Trails, name)
			return func() { at.Trails = fact(r, "cloudtrail:DescribeTrails", got) }, err
		})
		r.part(ctx, "logs:DescribeMetricFilters", name, func() (func(), error) {
			got, err := metricFilters(ctx, c.Logs)
			return func() { at.MetricFilters = fact(r, "logs:DescribeMetricFilters", got) }, err
		})
		r.part(ctx, "cloudwatch:DescribeAlarms", name, func() (func(), error) {
			got, err := alarms(ctx, c.Alarms)
			return func() { at.Alarms = fact(r, "cloudwatch:DescribeAlarms", got) }, err
		})
		r.part(ctx, "config:DescribeConfigurationRecorders", name, func() (func(), error) {
			got, err := recorders(ctx, c.Config)
			return func() { at.Recorders = fact(r, "config:DescribeConfigurationRecorders", got) }, err
		})
		r.part(ctx, "access-analyzer:ListAnalyzers", name, func() (func(), error) {
			got, err := analyzers(ctx, c.Analyzers)
			return func() { at.Analyzers = fact(r, "access-analyzer:ListAnalyzers", got) }, err
		})
		if c.Hub != nil {
			r.part(ctx, "securityhub:DescribeHub", name, func() (func(), error) {
				got, err := hub(ctx, c.Hub)
				return func() { at.SecurityHub = fact(r, "securityhub:DescribeHub", got) }, err
			})
		}
		r.estate(ctx, c, at)
	}
	r.all.Wait()
	// Only now is it known which keys there are, and which topics somebody
	// would be told through.
	for i, name := range names {
		c, at := r.Regions[name], &r.snapshot.Regions[i]
		r.keys(ctx, c, at)
		if at.Alarms == nil || at.MetricFilters == nil {
			continue
		}
		r.part(ctx, "sns:ListSubscriptionsByTopic", name, func() (func(), error) {
			got, err := topics(ctx, c.Topics, *at)
			return func() { at.Topics = fact(r, "sns:ListSubscriptionsByTopic", got) }, err
		})
	}
}

func metricFilters(ctx context.Context, c LogsClient) ([]account.MetricFilter, error) {
	out := []account.MetricFilter{}
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(c, &cloudwatchlogs.DescribeMetricFiltersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range page.MetricFilters {
			filter := account.MetricFilter{Name: aws.ToString(f.FilterName), LogGroup: aws.ToString(f.LogGroupName), Pattern: aws.ToString(f.FilterPattern)}
			for _, m := range f.MetricTransformations {
				filter.Metrics = append(filter.Metrics, account.Metric{Namespace: aws.ToString(m.MetricNamespace), Name: aws.ToString(m.MetricName), Value: aws.ToString(m.MetricValue), Default: m.DefaultValue})
			}
			out = append(out, filter)
		}
	}
	return out, nil
}

func alarms(ctx context.Context, c AlarmClient) ([]account.Alarm, error) {
	out := []account.Alarm{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(c, &cloudwatch.DescribeAlarmsInput{
		AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}, MaxRecords: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.MetricAlarms {
			alarm := account.Alarm{
				Name: aws.ToString(a.AlarmName), ARN: aws.ToString(a.AlarmArn), Actions: a.AlarmActions, ActionsEnabled: aws.ToBool(a.ActionsEnabled),
				Statistic: string(a.Statistic), Comparison: string(a.ComparisonOperator), Threshold: a.Threshold, Period: int(aws.ToInt32(a.Period)),
				EvaluationPeriods: int(aws.ToInt32(a.EvaluationPeriods)), DatapointsToAlarm: int(aws.ToInt32(a.DatapointsToAlarm)),
			}
			if a.MetricName != nil {
				alarm.Metrics = append(alarm.Metrics, account.Metric{Namespace: aws.ToString(a.Namespace), Name: *a.MetricName})
			}
			for _, q := range a.Metrics {
				if q.MetricStat != nil && q.MetricStat.Metric != nil {
					alarm.Metrics = append(alarm.Metrics, account.Metric{Namespace: aws.ToString(q.MetricStat.Metric.Namespace), Name: aws.ToString(q.MetricStat.Metric.MetricName)})
				}
			}
			if len(a.Metrics) == 1 && a.Metrics[0].MetricStat != nil { // one metric, asked for as a query
				alarm.Statistic, alarm.Period = aws.ToString(a.Metrics[0].MetricStat.Stat), int(aws.ToInt32(a.Metrics[0].MetricStat.Period))
			}
			out = append(out, alarm)
		}
		for _, a := range page.CompositeAlarms {
			out = append(out, account.Alarm{
				Name: aws.ToString(a.AlarmName), ARN: aws.ToString(a.AlarmArn), Actions: a.AlarmActions, ActionsEnabled: aws.ToBool(a.ActionsEnabled),
				Rule: aws.ToString(a.AlarmRule), Suppressor: aws.ToString(a.ActionsSuppressor),
			})
		}
	}
	return out, nil
}

// topics reads those that an alarm on the metric of a filter tells, or one
// composed of such alarms: others do not matter to an audit, and there may be
// many.
func topics(ctx context.Context, c TopicClient, in account.Region) ([]account.Topic, error) {
	counted := map[string]bool{}
	for _, f := range in.MetricFilters.Value {
		for _, m := range f.Metrics {
			counted[m.Namespace+" "+m.Name] = true
		}
	}
	arns := map[string]bool{}
	var names []string
	for _, a := range in.Alarms.Value {
		if slices.ContainsFunc(a.Metrics, func(m account.Metric) bool { return counted[m.Namespace+" "+m.Name] }) {
			names = append(names, a.Name)
		}
	}
	for _, a := range in.Alarms.Value {
		if slices.Contains(names, a.Name) || a.Rule != "" && slices.ContainsFunc(names, func(n string) bool { return strings.Contains(a.Rule, n) }) {
			for _, action := range a.Actions {
				if strings.Contains(action, ":sns:") {
					arns[action] = true
				}
			}
		}
	}
	out := []account.Topic{}
	for _, arn := range slices.Sorted(maps.Keys(arns)) {
		topic := account.Topic{ARN: arn, Subscriptions: []account.Subscription{}}
		pages := sns.NewListSubscriptionsByTopicPaginator(c, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(arn)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if failedWith(err, "NotFound") {
				break // the topic is gone: nobody is told
			}
			if err != nil {
				return nil, fmt.Errorf("topic %s: %w", arn, err)
			}
			for _, s := range page.Subscriptions {
				topic.Subscriptions = append(topic.Subscriptions, account.Subscription{
					Protocol: aws.ToString(s.Protocol), Confirmed: strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:")})
			}
		}
		out = append(out, topic)
	}
	return out, nil
}

func recorders(ctx context.Context, c ConfigClient) ([]account.Recorder, error) {
	all, err := c.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		return nil, err
	}
	out := []account.Recorder{}
	if len(all.ConfigurationRecorders) == 0 {
		return out, nil
	}
	states, err := c.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	if err != nil {
		return nil, err
	}
	for _, x := range all.ConfigurationRecorders {
		recorder := account.Recorder{Name: aws.ToString(x.Name)}
		if g := x.RecordingGroup; g != nil {
			recorder.AllSupported, recorder.GlobalTypes = g.AllSupported, g.IncludeGlobalResourceTypes
		}
		for _, s := range states.ConfigurationRecordersStatus {
			if aws.ToString(s.Name) == recorder.Name {
				recorder.Recording, recorder.LastStatus = s.Recording, string(s.LastStatus)
			}
		}
		out = append(out, recorder)
	}
	return out, nil
}

func analyzers(ctx context.Context, c AnalyzerClient) ([]account.Analyzer, error) {
	out := []account.Analyzer{}
	pages := accessanalyzer.NewListAnalyzersPaginator(c, &accessanalyzer.ListAnalyzersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Analyzers {
			out = append(out, account.Analyzer{Name: aws.ToString(a.Name), ARN: aws.ToString(a.Arn), Type: string(a.Type), Status: string(a.Status)})
		}
	}
	return out, nil
}
