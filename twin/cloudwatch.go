package twin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"warden/account"
)

// Amazon CloudWatch: metric alarms, which never change their state. Errors are
// those of the Amazon CloudWatch API Reference.

func monitoringOperations() map[string]operation {
	return map[string]operation{
		"DescribeAlarms": op(func(c *call, _ *cloudwatch.DescribeAlarmsInput) ([]demand, error) {
			return []demand{{action: "cloudwatch:DescribeAlarms", resource: c.alarmARN("*")}}, nil
		}, describeAlarms),
		"PutMetricAlarm": op(func(c *call, in *cloudwatch.PutMetricAlarmInput) ([]demand, error) {
			if deref(in.AlarmName) == "" {
				return nil, alarmInvalid("The parameter AlarmName is required.")
			}
			return []demand{{action: "cloudwatch:PutMetricAlarm", resource: c.alarmARN(*in.AlarmName)}}, nil
		}, putMetricAlarm),
		"DeleteAlarms": op(func(c *call, in *cloudwatch.DeleteAlarmsInput) ([]demand, error) {
			if n := len(in.AlarmNames); n < 1 || n > 100 {
				return nil, alarmInvalid("The parameter AlarmNames must have between 1 and 100 members.")
			}
			var out []demand
			for _, name := range in.AlarmNames {
				out = append(out, demand{action: "cloudwatch:DeleteAlarms", resource: c.alarmARN(name)})
			}
			return out, nil
		}, deleteAlarms),
	}
}

func (c *call) alarmARN(name string) string { return c.regionalARN("cloudwatch", "alarm:"+name) }

func alarmInvalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "ValidationError", format, args...)
}

// alarmOf is an alarm of a snapshot as CloudWatch tells it.
func alarmOf(a account.Alarm, s *account.Snapshot) types.MetricAlarm {
	out := types.MetricAlarm{
		AlarmName: ptr(a.Name), AlarmArn: ptr(a.ARN), ActionsEnabled: ptr(a.ActionsEnabled), AlarmActions: append([]string{}, a.Actions...),
		OKActions: []string{}, InsufficientDataActions: []string{}, Dimensions: []types.Dimension{}, Statistic: types.Statistic(a.Statistic),
		ComparisonOperator: types.ComparisonOperator(a.Comparison), Threshold: a.Threshold, EvaluationPeriods: ptr(int32(1)),
		StateValue: types.StateValueOk, StateReason: ptr("Unchecked: Initial alarm creation"), StateUpdatedTimestamp: when(s.CollectedAt),
		AlarmConfigurationUpdatedTimestamp: when(s.CollectedAt),
	}
	if a.EvaluationPeriods > 0 {
		out.EvaluationPeriods = ptr(int32(a.EvaluationPeriods))
	}
	if a.DatapointsToAlarm > 0 {
		out.DatapointsToAlarm = ptr(int32(a.DatapointsToAlarm))
	}
	if a.Period > 0 {
		out.Period = ptr(int32(a.Period))
	}
	if len(a.Metrics) == 1 {
		out.Namespace, out.MetricName = ptr(a.Metrics[0].Namespace), ptr(a.Metrics[0].Name)
		return out
	}
	for i, m := range a.Metrics {
		out.Metrics = append(out.Metrics, types.MetricDataQuery{Id: ptr("m" + string(rune('0'+i%10))), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: ptr(m.Namespace), MetricName: ptr(m.Name)}, Period: ptr(int32(cmp.Or(a.Period, 300))), Stat: ptr(cmp.Or(a.Statistic, "Sum"))}})
	}
	return out
}

// alarmFact is an alarm as a snapshot keeps it.
func alarmFact(a types.MetricAlarm) account.Alarm {
	out := account.Alarm{
		Name: deref(a.AlarmName), ARN: deref(a.AlarmArn), Actions: a.AlarmActions, ActionsEnabled: *a.ActionsEnabled,
		Statistic: string(a.Statistic), Comparison: string(a.ComparisonOperator), Threshold: a.Threshold,
	}
	for _, x := range []struct {
		to   *int
		from *int32
	}{{&out.Period, a.Period}, {&out.EvaluationPeriods, a.EvaluationPeriods}, {&out.DatapointsToAlarm, a.DatapointsToAlarm}} {
		if x.from != nil {
			*x.to = int(*x.from)
		}
	}
	if a.MetricName != nil {
		out.Metrics = append(out.Metrics, account.Metric{Namespace: deref(a.Namespace), Name: *a.MetricName})
	}
	for _, q := range a.Metrics {
		if q.MetricStat != nil && q.MetricStat.Metric != nil {
			out.Metrics = append(out.Metrics, account.Metric{Namespace: deref(q.MetricStat.Metric.Namespace), Name: deref(q.MetricStat.Metric.MetricName)})
		}
	}
	return out
}

// compositeOf is a composite alarm of a snapshot as CloudWatch tells it.
func compositeOf(a account.Alarm, s *account.Snapshot) types.CompositeAlarm {
	out := types.CompositeAlarm{
		AlarmName: ptr(a.Name), AlarmArn: ptr(a.ARN), ActionsEnabled: ptr(a.ActionsEnabled), AlarmActions: append([]string{}, a.Actions...), AlarmRule: ptr(a.Rule),
		OKActions: []string{}, InsufficientDataActions: []string{}, StateValue: types.StateValueOk, StateUpdatedTimestamp: when(s.CollectedAt),
	}
	if a.Suppressor != "" {
		out.ActionsSuppressor = ptr(a.Suppressor)
	}
	return out
}

func compositeFact(a types.CompositeAlarm) account.Alarm {
	return account.Alarm{Name: deref(a.AlarmName), ARN: deref(a.AlarmArn), Actions: a.AlarmActions, ActionsEnabled: *a.ActionsEnabled, Rule: deref(a.AlarmRule), Suppressor: deref(a.ActionsSuppressor)}
}

// describeAlarms gives alarms by name, 50 a page and 100 at most: metric
// alarms, and composite ones where the request asks for them. Amazon
// CloudWatch API Reference, DescribeAlarms.
func describeAlarms(c *call, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if in.MaxRecords != nil && (*in.MaxRecords < 1 || *in.MaxRecords > 100) {
		return nil, alarmInvalid("1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must be between 1 and 100", *in.MaxRecords)
	}
	if in.AlarmNamePrefix != nil && len(in.AlarmNames) > 0 {
		return nil, alarmInvalid("AlarmNamePrefix and AlarmNames are mutually exclusive.")
	}
	unwanted := func(name string, state types.StateValue, actions []string) bool {
		return len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name) || !strings.HasPrefix(name, deref(in.AlarmNamePrefix)) || in.StateValue != "" && in.StateValue != state ||
			in.ActionPrefix != nil && !slices.ContainsFunc(actions, func(x string) bool { return strings.HasPrefix(x, *in.ActionPrefix) })
	}
	type either struct {
		name      string
		metric    *types.MetricAlarm
		composite *types.CompositeAlarm
	}
	var found []either
	m := c.monitored()
	if len(in.AlarmTypes) == 0 || slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		for i := range m.alarms {
			if a := &m.alarms[i]; !unwanted(*a.AlarmName, a.StateValue, a.AlarmActions) {
				found = append(found, either{name: *a.AlarmName, metric: a})
			}
		}
	}
	if slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) {
		for i := range m.composites {
			if a := &m.composites[i]; !unwanted(*a.AlarmName, a.StateValue, a.AlarmActions) {
				found = append(found, either{name: *a.AlarmName, composite: a})
			}
		}
	}
	size := int32(50)
	if in.MaxRecords != nil {
		size = *in.MaxRecords
	}
	part, next, _, err := page(c, found, func(a either) string { return a.name }, in.NextToken, &size)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "InvalidNextToken", "The next token specified is invalid.")
	}
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next}
	for _, a := range part {
		if a.metric != nil {
			out.MetricAlarms = append(out.MetricAlarms, *a.metric)
		} else {
			out.CompositeAlarms = append(out.CompositeAlarms, *a.composite)
		}
	}
	return out, nil
}

// putMetricAlarm makes an alarm or replaces it as a whole. Amazon CloudWatch
// API Reference, PutMetricAlarm.
func putMetricAlarm(c *call, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	switch {
	case in.EvaluationPeriods == nil || in.ComparisonOperator == "" || in.Threshold == nil:
		return nil, alarmInvalid("The parameters EvaluationPeriods, ComparisonOperator and Threshold are required by the twin.")
	case (in.MetricName == nil) == (len(in.Metrics) == 0):
		return nil, refuse(http.StatusBadRequest, "InvalidParameterCombination", "Exactly one of MetricName and Metrics must be given.")
	}
	yes := in.ActionsEnabled == nil || *in.ActionsEnabled
	a := types.MetricAlarm{
		AlarmName: in.AlarmName, AlarmArn: ptr(c.alarmARN(*in.AlarmName)), AlarmDescription: in.AlarmDescription, ActionsEnabled: ptr(yes),
		AlarmActions: append([]string{}, in.AlarmActions...), OKActions: append([]string{}, in.OKActions...), InsufficientDataActions: append([]string{}, in.InsufficientDataActions...),
		MetricName: in.MetricName, Namespace: in.Namespace, Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic, Dimensions: append([]types.Dimension{}, in.Dimensions...),
		Period: in.Period, Unit: in.Unit, EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm, Threshold: in.Threshold,
		ComparisonOperator: in.ComparisonOperator, TreatMissingData: in.TreatMissingData, Metrics: in.Metrics,
		StateValue: types.StateValueInsufficientData, StateReason: ptr("Unchecked: Initial alarm creation"), StateUpdatedTimestamp: when(c.now), AlarmConfigurationUpdatedTimestamp: when(c.now),
	}
	m := c.monitored()
	m.alarms = append(slices.DeleteFunc(m.alarms, func(x types.MetricAlarm) bool { return *x.AlarmName == *in.AlarmName }), a)
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

func deleteAlarms(c *call, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	m := c.monitored()
	for _, name := range in.AlarmNames {
		if !slices.ContainsFunc(m.alarms, func(x types.MetricAlarm) bool { return *x.AlarmName == name }) {
			return nil, fail(http.StatusNotFound, "ResourceNotFound", "Alarm %s does not exist.", name)
		}
	}
	m.alarms = slices.DeleteFunc(m.alarms, func(x types.MetricAlarm) bool { return slices.Contains(in.AlarmNames, *x.AlarmName) })
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}
