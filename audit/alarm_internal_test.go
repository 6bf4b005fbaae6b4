package audit

import (
	"testing"

	"warden/account"
)

// TestRings: a composite alarm that fires whatever the others do.
func TestRings(t *testing.T) {
	t.Parallel()
	child := &account.Alarm{Name: "root used", ARN: "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:root used"}
	for text, want := range map[string]truth{
		`ALARM("root used")`:                 yes,
		`ALARM(root used) OR ALARM(other)`:   yes,
		`(ALARM(a) OR (ALARM("root used")))`: yes,
		`ALARM("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:root used") OR OK(x)`: yes,
		`ALARM("root used") AND ALARM(other)`:                                         maybe,
		`ALARM("root used") AND NOT ALARM(maintenance)`:                               maybe,
		`ALARM(other)`:                 maybe,
		`OK("root used")`:              no,
		`NOT ALARM("root used")`:       no,
		`ALARM("root used") AND TRUE`:  yes,
		`ALARM("root used") AND FALSE`: no,
		`ALARM("root used"`:            maybe,
		`ALARM("root used") nonsense`:  maybe,
		``:                             maybe,
	} {
		if got := rings(&account.Alarm{Rule: text}, child); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// FuzzRings: whatever a rule says, it is read to an end.
func FuzzRings(f *testing.F) {
	f.Add(`ALARM("a") OR (NOT OK(b) AND INSUFFICIENT_DATA(c))`)
	f.Fuzz(func(t *testing.T, text string) {
		rings(&account.Alarm{Rule: text}, &account.Alarm{Name: "a"})
	})
}

// TestFires: one event is enough.
func TestFires(t *testing.T) {
	t.Parallel()
	number := func(v float64) *float64 { return &v }
	good := account.Alarm{Name: "a", Metrics: []account.Metric{{}}, Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: number(1), EvaluationPeriods: 1}
	for _, x := range []struct {
		name          string
		change        func(*account.Alarm, *account.Metric)
		broken, doubt bool
	}{
		{"as the benchmark has it", func(*account.Alarm, *account.Metric) {}, false, false},
		{"above nothing", func(a *account.Alarm, _ *account.Metric) {
			a.Comparison, a.Threshold = "GreaterThanThreshold", number(0)
		}, false, false},
		{"above one", func(a *account.Alarm, _ *account.Metric) { a.Comparison = "GreaterThanThreshold" }, true, false},
		{"at five", func(a *account.Alarm, _ *account.Metric) { a.Threshold = number(5) }, true, false},
		{"below one", func(a *account.Alarm, _ *account.Metric) { a.Comparison = "LessThanThreshold" }, true, false},
		{"three periods", func(a *account.Alarm, _ *account.Metric) { a.EvaluationPeriods = 3 }, true, false},
		{"one of three periods", func(a *account.Alarm, _ *account.Metric) { a.EvaluationPeriods, a.DatapointsToAlarm = 3, 1 }, false, false},
		{"average", func(a *account.Alarm, _ *account.Metric) { a.Statistic = "Average" }, false, false},
		{"average, and zeros for other lines", func(a *account.Alarm, m *account.Metric) { a.Statistic, m.Default = "Average", number(0) }, true, false},
		{"sum, and zeros for other lines", func(_ *account.Alarm, m *account.Metric) { m.Default = number(0) }, false, false},
		{"a percentile", func(a *account.Alarm, _ *account.Metric) { a.Statistic = "" }, false, true},
		{"a band", func(a *account.Alarm, _ *account.Metric) { a.Threshold = nil }, false, true},
		{"an odd comparison", func(a *account.Alarm, _ *account.Metric) { a.Comparison = "GreaterThanUpperThreshold" }, false, true},
		{"an expression", func(a *account.Alarm, _ *account.Metric) { a.Metrics = make([]account.Metric, 2) }, false, true},
		{"a filter that adds nothing", func(_ *account.Alarm, m *account.Metric) { m.Value = "0" }, true, false},
		{"a filter that adds a field", func(_ *account.Alarm, m *account.Metric) { m.Value = "$.size" }, false, true},
	} {
		a, m := good, account.Metric{Value: "1"}
		x.change(&a, &m)
		if broken, doubt := fires(&a, m); (broken != "") != x.broken || (doubt != "") != x.doubt {
			t.Errorf("%s: broken %q, doubt %q", x.name, broken, doubt)
		}
	}
}
