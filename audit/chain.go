package audit

import (
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/audit/pattern"
	"warden/finding"
)

// chain is one way from a trail to a person: a metric filter, an alarm on its
// metric, a topic that the alarm notifies, a subscriber of the topic.
type chain struct {
	filter string // its name and log group
	text   string // the pattern as it stands
	expr   pattern.Expr
	unread error // why the pattern could not be read
	// broken says where the way ends, doubt what is not known of it; both are
	// empty where somebody is told.
	broken, doubt string
	facts         []finding.Fact
}

// chains follows every metric filter of the log groups that trails of all
// regions deliver to, and that do not leave out a source of events. none says
// why there is none, doubt why nobody knows.
func (e *Evidence) chains(source string) (list []chain, none, doubt string) {
	trails, doubt := e.trails()
	if doubt != "" {
		return nil, "", doubt
	}
	none = "no trail"
	done := map[string]bool{}
	for _, t := range trails {
		status, why := t.records(management)
		switch {
		case !t.MultiRegion:
			none = "trail " + t.Name + " is of one region"
			continue
		case t.LogGroup == "":
			none = "trail " + t.Name + " is delivered to no log group"
			continue
		case status == finding.Fail:
			none = "trail " + t.Name + ": " + why
			continue
		case t.Status != nil && t.Status.LogsError != "":
			none = "trail " + t.Name + " cannot deliver to its log group: " + t.Status.LogsError
			continue
		case source != "" && t.leavesOut(source):
			none = "trail " + t.Name + " leaves out the events of " + source
			continue
		case done[t.LogGroup]:
			continue
		}
		done[t.LogGroup] = true
		group, err := account.ParseARN(t.LogGroup)
		if err != nil {
			doubt = fmt.Sprintf("the log group of trail %s: %v", t.Name, err)
			continue
		}
		if group.Account != e.Account {
			doubt = fmt.Sprintf("the log group of trail %s is in account %s", t.Name, group.Account)
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(group.Resource, "log-group:"), ":*")
		found, unread := e.filters(group.Region, name)
		if unread != "" {
			doubt = unread
			continue
		}
		for _, c := range found {
			c.facts = append([]finding.Fact{fact(t.from, "trail %s of all regions delivers to %s", t.Name, name)}, c.facts...)
			if status == finding.Unknown && c.broken == "" {
				c.doubt = first(c.doubt, "trail "+t.Name+": "+why)
			}
			list = append(list, c)
		}
		none = "log group " + name + " has no metric filter"
	}
	return list, none, doubt
}

// filters follows the metric filters of a log group.
func (e *Evidence) filters(region, group string) (list []chain, doubt string) {
	at := slices.IndexFunc(e.Regions, func(r account.Region) bool { return r.Name == region })
	if at < 0 {
		return nil, "region " + region + ", where the log group is, was not read"
	}
	r := &e.Regions[at]
	if r.MetricFilters == nil {
		return nil, e.regionUnknown(r, "the metric filters of "+group, "logs:DescribeMetricFilters").Summary
	}
	for _, f := range r.MetricFilters.Value {
		if f.LogGroup != group {
			continue
		}
		c := chain{filter: f.Name, text: f.Pattern}
		c.expr, c.unread = pattern.Parse(f.Pattern)
		c.facts = append(c.facts, fact(r.MetricFilters.Evidence, "metric filter %s: %s", f.Name, f.Pattern))
		e.follow(&c, r, f)
		list = append(list, c)
	}
	return list, ""
}

// follow goes from a metric filter to a subscriber, along the alarm that gets
// furthest.
func (e *Evidence) follow(c *chain, r *account.Region, f account.MetricFilter) {
	if r.Alarms == nil {
		c.doubt = e.regionUnknown(r, "the alarms of "+r.Name, "cloudwatch:DescribeAlarms").Summary
		return
	}
	c.broken = "metric filter " + f.Name + " has no alarm"
	for i := range r.Alarms.Value {
		a := &r.Alarms.Value[i]
		counted, ok := watches(a, f)
		if !ok {
			continue
		}
		facts := []finding.Fact{fact(r.Alarms.Evidence, "alarm %s on its metric, actions enabled %v: %s", a.Name, a.ActionsEnabled, strings.Join(a.Actions, " "))}
		broken, doubt := fires(a, counted)
		if broken == "" {
			cut, open, more := e.passedOn(a, r)
			broken, doubt, facts = cut, first(doubt, open), append(facts, more...)
			if cut != "" {
				doubt = ""
			}
		}
		if broken == "" && doubt == "" {
			c.broken, c.doubt = "", ""
			c.facts = append(c.facts, facts...)
			return
		}
		c.broken = broken
		c.doubt = first(doubt, c.doubt)
		c.facts = append(c.facts, facts...)
	}
	if c.doubt != "" {
		c.broken = ""
	}
}

// watches returns the metric of a filter that an alarm is about.
func watches(a *account.Alarm, f account.MetricFilter) (counted account.Metric, ok bool) {
	for _, m := range a.Metrics {
		for _, out := range f.Metrics {
			if m.Name == out.Name && m.Namespace == out.Namespace {
				return out, true
			}
		}
	}
	return counted, false
}

// passedOn says whether somebody is told when an alarm fires: by the alarm, or
// by one composed of it and others.
func (e *Evidence) passedOn(a *account.Alarm, r *account.Region) (broken, doubt string, facts []finding.Fact) {
	broken, doubt, facts = e.told(a, r)
	for i := range r.Alarms.Value {
		if broken == "" && doubt == "" {
			break
		}
		c := &r.Alarms.Value[i]
		if c.Rule == "" || !strings.Contains(c.Rule, a.Name) {
			continue
		}
		how := rings(c, a)
		if how == no {
			continue
		}
		cut, open, more := e.told(c, r)
		switch {
		case cut != "":
			continue
		case how == maybe:
			open = first(open, "composite alarm "+c.Name+" fires by a rule of more: "+c.Rule)
		case c.Suppressor != "":
			open = first(open, "alarm "+c.Suppressor+" may keep back composite alarm "+c.Name)
		}
		facts = append(facts, fact(r.Alarms.Evidence, "composite alarm %s: %s", c.Name, c.Rule))
		broken, doubt, facts = "", open, append(facts, more...)
	}
	return broken, doubt, facts
}

// told says whether an alarm tells somebody.
func (e *Evidence) told(a *account.Alarm, r *account.Region) (broken, doubt string, facts []finding.Fact) {
	if !a.ActionsEnabled {
		return "the actions of alarm " + a.Name + " are switched off", "", nil
	}
	broken = "alarm " + a.Name + " notifies no topic"
	for _, action := range a.Actions {
		arn, err := account.ParseARN(action)
		if err != nil || arn.Service != "sns" {
			continue
		}
		if r.Topics == nil {
			return "", e.regionUnknown(r, "the subscribers of "+action, "sns:ListSubscriptionsByTopic").Summary, nil
		}
		at := slices.IndexFunc(r.Topics.Value, func(t account.Topic) bool { return t.ARN == action })
		if at < 0 {
			doubt = "the subscribers of " + action + " are not in the evidence"
			continue
		}
		t := r.Topics.Value[at]
		facts = append(facts, fact(r.Topics.Evidence, "topic %s: %d subscriptions", t.ARN, len(t.Subscriptions)))
		if t.Subscribed() {
			return "", "", facts
		}
		broken = "topic " + t.ARN + " has no confirmed subscriber"
	}
	if doubt != "" {
		broken = ""
	}
	return broken, doubt, facts
}
