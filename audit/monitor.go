package audit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"warden/audit/pattern"
	"warden/finding"
)

// monitored asks whether somebody is told of certain events. Filters are
// judged by what they match, several together.
type monitored struct {
	id, title, why string
	severity       finding.Severity
	// wants are the events; filter is one that matches them all.
	wants  []pattern.Want
	filter string
}

func (m monitored) control() *Control {
	return &Control{
		ID: "monitor." + m.id, Title: m.title, Why: m.why,
		Source:   "CloudTrail User Guide: Creating CloudWatch alarms for CloudTrail events; CloudWatch Logs User Guide: Filter pattern syntax for metric filters",
		Severity: m.severity,
		Actions:  append([]string{"cloudwatch:DescribeAlarms", "logs:DescribeMetricFilters", "sns:ListSubscriptionsByTopic"}, trailCalls...),
		Remedy:   "Make a metric filter on the log group of a trail of all regions, an alarm on its metric, and a topic with a confirmed subscriber.",
		Judge: func(e *Evidence) []Answer {
			if why, f := m.elsewhere(e); why != "" {
				return []Answer{{Status: finding.NotApplicable, Summary: why, Facts: []finding.Fact{f}}}
			}
			a := m.judge(e)
			if a.Status == finding.Fail {
				a.Command = "aws logs put-metric-filter --log-group-name GROUP --filter-name " + m.id +
					" --metric-transformations metricName=" + m.id + ",metricNamespace=CIS,metricValue=1 --filter-pattern " + quote(m.filter)
			}
			return []Answer{a}
		},
	}
}

// elsewhere says why the events do not happen in this account: those of an
// organisation are recorded in its management account (CloudTrail User Guide,
// "Logging AWS Organizations API calls").
func (m monitored) elsewhere(e *Evidence) (why string, f finding.Fact) {
	if m.id != "organizations" || e.Organization == nil {
		return "", f
	}
	o := e.Organization.Value
	f = fact(e.Organization.Evidence, "organisation %s, management account %s", word(o.ID), word(o.ManagementAccount))
	switch {
	case o.ID == "":
		return "the account is in no organisation", f
	case o.ManagementAccount != e.Account:
		return "a question to the management account " + o.ManagementAccount, f
	}
	return "", f
}

// source is the service whose events are looked for, "" for all.
func (m monitored) source() string {
	if is := m.wants[0]["eventSource"].Is; len(is) == 1 {
		return is[0]
	}
	return ""
}

func (m monitored) judge(e *Evidence) Answer {
	list, none, doubt := e.chains(m.source())
	if len(list) == 0 {
		if doubt != "" {
			return Answer{Status: finding.Unknown, Summary: "who is told: " + doubt}
		}
		return Answer{Status: finding.Fail, Summary: "nobody is told: " + none}
	}
	var whole, maybe, all, unread []chain
	for _, c := range list {
		if c.unread != nil {
			if c.broken == "" {
				unread = append(unread, c)
			}
			continue
		}
		all = append(all, c)
		if c.broken == "" {
			maybe = append(maybe, c)
			if c.doubt == "" {
				whole = append(whole, c)
			}
		}
	}
	seen := m.seen(whole, nil)
	if seen.missed == nil && seen.sure {
		return Answer{Status: finding.Pass, Summary: "somebody is told: " + seen.names(), Facts: seen.facts()}
	}
	if could := m.seen(maybe, unread); could.missed == nil {
		return Answer{Status: finding.Unknown, Summary: "who is told: " + first(could.doubts(), doubt, undecided), Facts: could.facts()}
	}
	if doubt != "" || seen.missed == nil {
		return Answer{Status: finding.Unknown, Summary: "who is told: " + first(doubt, undecided)}
	}
	if cut := m.seen(all, nil); cut.missed == nil && cut.sure {
		return Answer{Status: finding.Fail, Summary: "nobody is told: " + cut.breaks(), Facts: cut.facts()}
	}
	return Answer{Status: finding.Fail, Summary: "nobody is told of an event such as " + seen.missed.String(), Facts: seen.facts()}
}

// undecided is why filters that were read see perhaps every event, and perhaps
// not.
const undecided = "the filters are too involved to be compared, or have a regular expression about what may be anything"

// mentions tells whether a pattern may be about an event: it has a word of it,
// or a regular expression that matches one, or one about the event as it is
// written that names a field.
func mentions(text string, w pattern.Want) bool {
	written := strings.HasPrefix(strings.TrimSpace(text), "%")
	for selector := range w {
		if field := selector[strings.LastIndex(selector, ".")+1:]; written && strings.Contains(text, field) {
			return true
		}
	}
	var expressions []*regexp.Regexp
	for i, part := range strings.Split(text, "%") {
		if i%2 == 0 {
			continue
		}
		x, err := regexp.Compile(strings.ReplaceAll(part, "{,", "{0,"))
		if err != nil {
			return true
		}
		expressions = append(expressions, x)
	}
	for _, values := range w {
		for _, v := range values.Is {
			if slices.Contains(common, v) {
				continue
			}
			if strings.Contains(text, v) || slices.ContainsFunc(expressions, func(x *regexp.Regexp) bool { return x.MatchString(v) }) {
				return true
			}
		}
	}
	return false
}

// common are values that many events have.
var common = []string{"", "true", "false", "AwsApiCall", "Management", "Failure", "Success", "No"}

// coverage is which of the filters see the events.
type coverage struct {
	used   []chain
	unread []chain // some of these, perhaps
	missed pattern.Event
	sure   bool
}

// seen looks for an event that no filter sees: of one filter first, because
// that is how most people write them, then of all together that see any.
// What unread filters mention they may see.
func (m monitored) seen(list, unread []chain) coverage {
	cov := coverage{sure: true}
	used := map[int]bool{}
	for _, w := range m.wants {
		var some []pattern.Expr
		var which []int
		covered := false
		for i, c := range list {
			missed, sure := pattern.Missed(c.expr, w)
			if sure && missed == nil {
				used[i], covered = true, true
				break
			}
			if mentions(c.text, w) || strings.ContainsAny(c.text, "*") || strings.Contains(c.text, "!=") {
				some, which = append(some, c.expr), append(which, i)
			}
		}
		if covered {
			continue
		}
		if at := slices.IndexFunc(unread, func(c chain) bool { return mentions(c.text, w) }); at >= 0 {
			cov.unread = append(cov.unread, unread[at])
			continue
		}
		missed, sure := pattern.Missed(pattern.Any(some...), w)
		if !sure {
			cov.sure = false
		} else if missed != nil && cov.missed == nil {
			cov.missed = missed
		}
		for _, i := range which {
			used[i] = true
		}
	}
	for _, i := range slices.Sorted(maps.Keys(used)) {
		cov.used = append(cov.used, list[i])
	}
	return cov
}

func (c coverage) names() string {
	var out []string
	for _, x := range c.used {
		out = append(out, x.filter)
	}
	return strings.Join(out, ", ")
}

func (c coverage) facts() []finding.Fact {
	var out []finding.Fact
	for _, x := range c.used {
		out = append(out, x.facts...)
	}
	return out
}

func (c coverage) doubts() string {
	for _, x := range c.used {
		if x.doubt != "" {
			return x.doubt
		}
	}
	for _, x := range c.unread {
		return fmt.Sprintf("metric filter %s: %v", x.filter, x.unread)
	}
	return ""
}

func (c coverage) breaks() string {
	for _, x := range c.used {
		if x.broken != "" {
			return x.broken
		}
	}
	return ""
}
