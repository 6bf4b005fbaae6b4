package look

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamo "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"warden/doctor"
)

// Function reads a Lambda function with what leads events to it and who may
// invoke it.
func (c Clients) Function(ctx context.Context, name string) doctor.Read[*doctor.Function] {
	what := "function " + name + " cannot be read"
	in := aws.String(name)
	cfg, err := c.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: in})
	if missing(err) {
		return doctor.Read[*doctor.Function]{}
	}
	if err != nil {
		return unread[*doctor.Function](what, err)
	}
	f := &doctor.Function{
		State: string(cfg.State), LastUpdate: string(cfg.LastUpdateStatus), Handler: aws.ToString(cfg.Handler), Runtime: string(cfg.Runtime),
		CodeHash: aws.ToString(cfg.CodeSha256), Modified: aws.ToString(cfg.LastModified), Environment: map[string]string{},
		Role: aws.ToString(cfg.Role), Seconds: int(aws.ToInt32(cfg.Timeout)),
	}
	for _, l := range cfg.Layers {
		f.Layers = append(f.Layers, aws.ToString(l.Arn))
	}
	if cfg.Environment != nil {
		f.Environment = cfg.Environment.Variables
	}
	kept, err := c.Lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: in})
	if err != nil {
		return unread[*doctor.Function](what, err)
	}
	if n := kept.ReservedConcurrentExecutions; n != nil {
		f.Reserved = aws.Int(int(*n))
	}
	switch pol, err := c.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: in}); {
	case missing(err):
	case err != nil:
		return unread[*doctor.Function](what, err)
	default:
		f.Policy = aws.ToString(pol.Policy)
	}
	pages := lambda.NewListEventSourceMappingsPaginator(c.Lambda, &lambda.ListEventSourceMappingsInput{FunctionName: in})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unread[*doctor.Function](what, err)
		}
		for _, m := range page.EventSourceMappings {
			mapping := doctor.Mapping{
				Source: aws.ToString(m.EventSourceArn), State: aws.ToString(m.State),
				Filtered: m.FilterCriteria != nil && len(m.FilterCriteria.Filters) > 0,
			}
			for _, t := range m.FunctionResponseTypes {
				mapping.Partial = mapping.Partial || t == lambdatypes.FunctionResponseTypeReportBatchItemFailures
			}
			f.Mappings = append(f.Mappings, mapping)
		}
	}
	return doctor.Known(f)
}

// lastRun is when a function last ran within a day, to five minutes.
func (c Clients) lastRun(ctx context.Context, name string, now time.Time) doctor.Read[*time.Time] {
	out, err := c.CloudWatch.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Invocations"), Statistics: []cw.Statistic{cw.StatisticSum},
		Dimensions: []cw.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(name)}},
		StartTime:  aws.Time(now.Add(-24 * time.Hour)), EndTime: aws.Time(now), Period: aws.Int32(300),
	})
	if err != nil {
		return unread[*time.Time]("when function "+name+" ran cannot be read", err)
	}
	var last *time.Time
	for _, p := range out.Datapoints {
		if aws.ToFloat64(p.Sum) > 0 && (last == nil || p.Timestamp.After(*last)) {
			last = p.Timestamp
		}
	}
	return doctor.Known(last)
}

func (c Clients) table(ctx context.Context, name string) doctor.Read[*doctor.Table] {
	what := "table " + name + " cannot be read"
	out, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if missing(err) {
		return doctor.Read[*doctor.Table]{}
	}
	if err != nil {
		return unread[*doctor.Table](what, err)
	}
	t := &doctor.Table{Status: string(out.Table.TableStatus), DeletionProtected: aws.ToBool(out.Table.DeletionProtectionEnabled)}
	backups, err := c.DynamoDB.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(name)})
	if err != nil {
		return unread[*doctor.Table](what, err)
	}
	if d := backups.ContinuousBackupsDescription; d != nil && d.PointInTimeRecoveryDescription != nil {
		t.Restore = d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == dynamo.PointInTimeRecoveryStatusEnabled
	}
	return doctor.Known(t)
}

// tablePolicy is the policy of the table itself.
func (c Clients) tablePolicy(ctx context.Context, in Place, name string) doctor.Read[*string] {
	arn := "arn:" + in.Partition + ":dynamodb:" + in.Home + ":" + in.Account + ":table/" + name
	out, err := c.DynamoDB.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: aws.String(arn)})
	var none *dynamo.PolicyNotFoundException
	switch {
	case errors.As(err, &none):
		return doctor.Known(aws.String(""))
	case missing(err):
		return doctor.Read[*string]{}
	case err != nil:
		return unread[*string]("the policy of table "+name+" cannot be read", err)
	}
	return doctor.Known(aws.String(aws.ToString(out.Policy)))
}

// topicPolicy is the policy of the topic itself.
func (c Clients) topicPolicy(ctx context.Context, topic string) doctor.Read[*string] {
	if topic == "" {
		return doctor.Read[*string]{}
	}
	out, err := c.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(topic)})
	if missing(err) {
		return doctor.Read[*string]{}
	}
	if err != nil {
		return unread[*string]("the topic's policy cannot be read", err)
	}
	text := out.Attributes["Policy"]
	return doctor.Known(&text)
}

// subscribers are the protocols of the confirmed subscriptions of a topic. One
// that waits to be confirmed has no ARN yet. Source: Amazon SNS API Reference,
// ListSubscriptionsByTopic.
func (c Clients) subscribers(ctx context.Context, topic string) doctor.Read[[]string] {
	out := []string{}
	if topic == "" {
		return doctor.Known(out)
	}
	pages := sns.NewListSubscriptionsByTopicPaginator(c.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(topic)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return doctor.Known(out)
		}
		if err != nil {
			return unread[[]string]("the topic's subscriptions cannot be read", err)
		}
		for _, s := range page.Subscriptions {
			if arn := aws.ToString(s.SubscriptionArn); len(arn) > 4 && arn[:4] == "arn:" {
				out = append(out, aws.ToString(s.Protocol))
			}
		}
	}
	return doctor.Known(out)
}

func (c Clients) alarms(ctx context.Context, wanted []doctor.WantAlarm) doctor.Read[[]doctor.Alarm] {
	out := []doctor.Alarm{}
	var names []string
	for _, a := range wanted {
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return doctor.Known(out)
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.CloudWatch, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unread[[]doctor.Alarm]("the alarms cannot be read", err)
		}
		for _, a := range page.MetricAlarms {
			out = append(out, doctor.Alarm{
				Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Actions: a.AlarmActions, Enabled: aws.ToBool(a.ActionsEnabled),
				Namespace: aws.ToString(a.Namespace), Metric: aws.ToString(a.MetricName), Comparison: string(a.ComparisonOperator),
				Missing: aws.ToString(a.TreatMissingData), Threshold: aws.ToFloat64(a.Threshold),
			})
		}
	}
	return doctor.Known(out)
}
