package twin

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"warden/account"
)

// Amazon CloudWatch Logs: log groups without logs, and metric filters, which
// count nothing. Errors are those of the Amazon CloudWatch Logs API Reference.

func logsOperations() map[string]operation {
	return map[string]operation{
		"CreateLogGroup": op(func(c *call, in *cloudwatchlogs.CreateLogGroupInput) ([]demand, error) {
			return c.onLogGroup("CreateLogGroup", in.LogGroupName)
		}, createLogGroup),
		"DescribeMetricFilters": op(func(c *call, in *cloudwatchlogs.DescribeMetricFiltersInput) ([]demand, error) {
			// Without a group the resource names none (*seen*).
			if in.LogGroupName == nil {
				return []demand{{action: "logs:DescribeMetricFilters", resource: c.regionalARN("logs", "log-group::log-stream:")}}, nil
			}
			return c.onLogGroup("DescribeMetricFilters", in.LogGroupName)
		}, describeMetricFilters),
		"PutMetricFilter": op(func(c *call, in *cloudwatchlogs.PutMetricFilterInput) ([]demand, error) {
			return c.onLogGroup("PutMetricFilter", in.LogGroupName)
		}, putMetricFilter),
		"DeleteMetricFilter": op(func(c *call, in *cloudwatchlogs.DeleteMetricFilterInput) ([]demand, error) {
			return c.onLogGroup("DeleteMetricFilter", in.LogGroupName)
		}, deleteMetricFilter),
	}
}

// Source: Amazon CloudWatch Logs API Reference, CreateLogGroup.
var logGroupName = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]{1,512}$`)

func logsInvalid(format string, args ...any) error {
	return fail(http.StatusBadRequest, "InvalidParameterException", format, args...)
}

func (c *call) onLogGroup(operation string, name *string) ([]demand, error) {
	if !logGroupName.MatchString(deref(name)) {
		return nil, logsInvalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+", deref(name))
	}
	return []demand{{action: "logs:" + operation, resource: c.regionalARN("logs", "log-group:"+*name+":log-stream:")}}, nil
}

// filterOf is a filter of a snapshot as CloudWatch Logs tells it.
func filterOf(f account.MetricFilter, s *account.Snapshot) types.MetricFilter {
	out := types.MetricFilter{FilterName: ptr(f.Name), LogGroupName: ptr(f.LogGroup), FilterPattern: ptr(f.Pattern), CreationTime: ptr(s.CollectedAt.UnixMilli())}
	for _, m := range f.Metrics {
		out.MetricTransformations = append(out.MetricTransformations, types.MetricTransformation{MetricName: ptr(m.Name), MetricNamespace: ptr(m.Namespace), MetricValue: ptr(m.Value), DefaultValue: m.Default})
	}
	return out
}

// filterFact is a filter as a snapshot keeps it.
func filterFact(f types.MetricFilter) account.MetricFilter {
	out := account.MetricFilter{Name: deref(f.FilterName), LogGroup: deref(f.LogGroupName), Pattern: deref(f.FilterPattern)}
	for _, m := range f.MetricTransformations {
		out.Metrics = append(out.Metrics, account.Metric{Namespace: deref(m.MetricNamespace), Name: deref(m.MetricName), Value: deref(m.MetricValue), Default: m.DefaultValue})
	}
	return out
}

func createLogGroup(c *call, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	m := c.monitored()
	if m.groups[*in.LogGroupName] {
		return nil, fail(http.StatusBadRequest, "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	m.groups[*in.LogGroupName] = true
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

// describeMetricFilters gives 50 filters a page, by name. Amazon CloudWatch
// Logs API Reference, DescribeMetricFilters.
func describeMetricFilters(c *call, in *cloudwatchlogs.DescribeMetricFiltersInput) (*cloudwatchlogs.DescribeMetricFiltersOutput, error) {
	m := c.monitored()
	switch {
	case in.LogGroupName != nil && !m.groups[*in.LogGroupName]:
		return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
	case in.Limit != nil && (*in.Limit < 1 || *in.Limit > 50):
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50", *in.Limit)
	case (in.MetricName == nil) != (in.MetricNamespace == nil):
		return nil, logsInvalid("metricName and metricNamespace must be given together.")
	}
	var found []types.MetricFilter
	for _, f := range m.filters {
		counts := in.MetricName == nil || slices.ContainsFunc(f.MetricTransformations, func(x types.MetricTransformation) bool {
			return deref(x.MetricName) == *in.MetricName && deref(x.MetricNamespace) == *in.MetricNamespace
		})
		if counts && (in.LogGroupName == nil || *f.LogGroupName == *in.LogGroupName) && strings.HasPrefix(*f.FilterName, deref(in.FilterNamePrefix)) {
			found = append(found, f)
		}
	}
	size := int32(50)
	if in.Limit != nil {
		size = *in.Limit
	}
	part, next, _, err := page(c, found, func(f types.MetricFilter) string { return *f.FilterName + "\x00" + *f.LogGroupName }, in.NextToken, &size)
	if err != nil {
		return nil, logsInvalid("The specified nextToken is invalid.")
	}
	return &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: append([]types.MetricFilter{}, part...), NextToken: next}, nil
}

// maxFilters is a quota of a log group (Amazon CloudWatch Logs API Reference,
// PutMetricFilter).
const maxFilters = 100

// putMetricFilter makes a filter or replaces the one of that name.
func putMetricFilter(c *call, in *cloudwatchlogs.PutMetricFilterInput) (*cloudwatchlogs.PutMetricFilterOutput, error) {
	m := c.monitored()
	same := func(f types.MetricFilter) bool {
		return *f.LogGroupName == *in.LogGroupName && *f.FilterName == deref(in.FilterName)
	}
	n := 0
	for _, f := range m.filters {
		if *f.LogGroupName == *in.LogGroupName && !same(f) {
			n++
		}
	}
	switch {
	case !m.groups[*in.LogGroupName]:
		return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
	case deref(in.FilterName) == "" || in.FilterPattern == nil:
		return nil, logsInvalid("filterName and filterPattern are required.")
	case len(in.MetricTransformations) != 1:
		return nil, logsInvalid("1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length 1")
	case n >= maxFilters:
		return nil, fail(http.StatusBadRequest, "LimitExceededException", "Resource limit exceeded.")
	}
	m.filters = append(slices.DeleteFunc(m.filters, same), types.MetricFilter{
		FilterName: in.FilterName, LogGroupName: in.LogGroupName, FilterPattern: in.FilterPattern, MetricTransformations: in.MetricTransformations,
		CreationTime: ptr(c.now.Truncate(time.Millisecond).UnixMilli()),
	})
	return &cloudwatchlogs.PutMetricFilterOutput{}, nil
}

func deleteMetricFilter(c *call, in *cloudwatchlogs.DeleteMetricFilterInput) (*cloudwatchlogs.DeleteMetricFilterOutput, error) {
	m := c.monitored()
	n := len(m.filters)
	m.filters = slices.DeleteFunc(m.filters, func(f types.MetricFilter) bool {
		return *f.LogGroupName == *in.LogGroupName && *f.FilterName == deref(in.FilterName)
	})
	if len(m.filters) == n {
		return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "The specified metric filter does not exist.")
	}
	return &cloudwatchlogs.DeleteMetricFilterOutput{}, nil
}
