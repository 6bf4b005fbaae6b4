package audit

import (
	"fmt"
	"strconv"
	"strings"

	"warden/account"
)

// fires tells whether an alarm fires at a single event that the filter counts.
// One that waits for more, or that the filter's default value of nothing holds
// down, tells nobody of a single event. Source: Amazon CloudWatch User Guide,
// "Using Amazon CloudWatch alarms" and "Create metric filters".
func fires(a *account.Alarm, counted account.Metric) (broken, doubt string) {
	if len(a.Metrics) > 1 {
		return "", "alarm " + a.Name + " is about an expression over several metrics"
	}
	value := 1.0
	if counted.Value != "" {
		var err error
		if value, err = strconv.ParseFloat(counted.Value, 64); err != nil {
			return "", "the metric filter adds up " + counted.Value + ", not events"
		}
	}
	if value <= 0 {
		return "the metric filter adds " + counted.Value + " for an event", ""
	}
	switch a.Statistic {
	case "Sum", "Maximum":
	case "SampleCount":
		value = 1
	case "Average", "Minimum":
		if counted.Default != nil {
			return fmt.Sprintf("alarm %s looks at the %s, which the lines that the filter does not count lower", a.Name, strings.ToLower(a.Statistic)), ""
		}
	default:
		return "", "alarm " + a.Name + " looks at the statistic " + word(a.Statistic)
	}
	if a.Threshold == nil {
		return "", "alarm " + a.Name + " has no fixed threshold"
	}
	switch limit := *a.Threshold; a.Comparison {
	case "GreaterThanOrEqualToThreshold":
		if value < limit {
			return fmt.Sprintf("alarm %s fires at %v, and one event adds %v", a.Name, limit, value), ""
		}
	case "GreaterThanThreshold":
		if value <= limit {
			return fmt.Sprintf("alarm %s fires above %v, and one event adds %v", a.Name, limit, value), ""
		}
	case "LessThanThreshold", "LessThanOrEqualToThreshold":
		return "alarm " + a.Name + " fires when little happens", ""
	default:
		return "", "alarm " + a.Name + " compares by " + word(a.Comparison)
	}
	needs := a.EvaluationPeriods
	if a.DatapointsToAlarm > 0 {
		needs = a.DatapointsToAlarm
	}
	if needs > 1 {
		return fmt.Sprintf("alarm %s fires when there are events in %d periods", a.Name, needs), ""
	}
	return "", ""
}

// truth is what is known of a condition.
type truth int

const (
	no truth = iota - 1
	maybe
	yes
)

// rings tells whether a composite alarm fires when an alarm does, whatever the
// other alarms of its rule do. Source: Amazon CloudWatch API Reference,
// PutCompositeAlarm (AlarmRule).
func rings(composite, alarm *account.Alarm) truth {
	r := &rule{text: composite.Rule, alarm: alarm}
	out := r.or()
	if r.bad || r.skip() {
		return maybe
	}
	return out
}

// rule reads an alarm rule: ALARM, OK and INSUFFICIENT_DATA of names, TRUE and
// FALSE, with NOT, AND, OR and parentheses.
type rule struct {
	text  string
	alarm *account.Alarm
	depth int
	bad   bool
}

// skip passes over blanks and tells whether something is left.
func (r *rule) skip() bool {
	r.text = strings.TrimLeft(r.text, " \t\r\n")
	return r.text != ""
}

func (r *rule) take(word string) bool {
	r.skip()
	rest, ok := strings.CutPrefix(r.text, word)
	if ok {
		r.text = rest
	}
	return ok
}

func (r *rule) or() truth {
	out := r.and()
	for r.take("OR") {
		out = max(out, r.and())
	}
	return out
}

func (r *rule) and() truth {
	out := r.one()
	for r.take("AND") {
		out = min(out, r.one())
	}
	return out
}

func (r *rule) one() truth {
	const deepest = 100
	if r.depth++; r.depth > deepest {
		r.bad = true
		return maybe
	}
	defer func() { r.depth-- }()
	switch {
	case r.take("NOT"):
		return -r.one()
	case r.take("TRUE"):
		return yes
	case r.take("FALSE"):
		return no
	case r.take("ALARM"):
		return r.named(yes)
	case r.take("OK"), r.take("INSUFFICIENT_DATA"):
		return r.named(no)
	case r.take("("):
		out := r.or()
		r.bad = r.bad || !r.take(")")
		return out
	}
	r.bad = true
	return maybe
}

// named is what a test of a state is worth: known for the alarm that fires.
func (r *rule) named(known truth) truth {
	if !r.take("(") {
		r.bad = true
		return maybe
	}
	r.skip()
	name, rest, ok := "", "", false
	if r.take(`"`) {
		name, rest, ok = strings.Cut(r.text, `"`)
	} else {
		name, rest, ok = strings.Cut(r.text, ")")
		rest = ")" + rest
	}
	if r.text = rest; !ok || !r.take(")") {
		r.bad = true
		return maybe
	}
	if name = strings.TrimSpace(name); name == r.alarm.Name || r.alarm.ARN != "" && name == r.alarm.ARN {
		return known
	}
	return maybe
}
