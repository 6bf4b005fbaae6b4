package doctor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"warden/policy"
	"warden/policy/reason"
)

// notLooked is the gap of what is missing in the facts.
const notLooked = "it was not looked at"

func get[T any](m map[string]Read[T], key string) Read[T] {
	if r, ok := m[key]; ok {
		return r
	}
	return Read[T]{Gap: notLooked}
}

// needed are the sources without whose events the guard is blind.
var needed = []string{"iam.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com"}

// records reports whether the trail keeps what the guard needs of a region.
// CloudTrail hands API calls to EventBridge only while a trail logs management
// events. Source: Amazon EventBridge User Guide, "AWS service events delivered
// via AWS CloudTrail".
func (t Trail) records(region string) (bool, string) {
	switch {
	case !t.Logging:
		return false, "trail " + t.Name + " is stopped"
	case !t.MultiRegion && t.HomeRegion != region:
		return false, "trail " + t.Name + " is of another region alone"
	case !t.Writes:
		return false, "trail " + t.Name + " does not log management events that write"
	case !t.Global:
		return false, "trail " + t.Name + " leaves out global services such as IAM"
	}
	for _, source := range needed {
		if slices.Contains(t.Left, source) {
			return false, "trail " + t.Name + " leaves out " + source
		}
	}
	return true, "trail " + t.Name + " logs management events"
}

func trailLogging(f *Facts) []Result {
	var out []Result
	for _, region := range f.Regions {
		trails := get(f.Trails, region)
		if trails.Gap != "" {
			out = append(out, unknown(region, trails.Gap))
			continue
		}
		seen := []string{"there is no trail"}
		good := ""
		for i, t := range trails.Value {
			ok, why := t.records(region)
			if ok {
				good = why
				break
			}
			if i == 0 {
				seen = nil
			}
			seen = append(seen, why)
		}
		if good != "" {
			out = append(out, pass(region, good))
		} else {
			out = append(out, fail(region, strings.Join(seen, "; ")))
		}
	}
	return out
}

func trailWhole(f *Facts) []Result {
	trails := get(f.Trails, f.Home)
	if trails.Gap != "" {
		return []Result{unknown("", trails.Gap)}
	}
	var best *Result
	for _, t := range trails.Value {
		if ok, _ := t.records(f.Home); !ok {
			continue
		}
		var res Result
		switch {
		case !t.Validation:
			res = fail(t.Name, "log file validation is off")
		case t.DeliveryError != "":
			res = fail(t.Name, "the last delivery failed: "+t.DeliveryError)
		case t.Delivered.IsZero():
			res = fail(t.Name, "nothing was ever delivered")
		case f.At.Sub(t.Delivered) > day:
			res = fail(t.Name, "nothing was delivered since "+stamp(t.Delivered))
		default:
			return []Result{pass(t.Name, "validated, last delivered "+stamp(t.Delivered))}
		}
		best = &res
	}
	if best == nil {
		return []Result{fail("", "no trail logs what the guard needs")}
	}
	return []Result{*best}
}

const day = 24 * time.Hour

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

// eachRule calls with every rule that should be, by region; with those alone
// that may bring reads where that is asked.
func eachRule(f *Facts, reads bool, look func(region string, want WantRule, have *Rule, gap string) Result) []Result {
	var out []Result
	for _, region := range f.Regions {
		wanted := f.Want.Forward
		if region == f.Home {
			wanted = f.Want.Rules
		}
		rules := get(f.Rules, region)
		for _, want := range wanted {
			if reads && !want.Reads {
				continue
			}
			i := slices.IndexFunc(rules.Value, func(r Rule) bool { return r.Name == want.Name })
			var have *Rule
			if i >= 0 {
				have = &rules.Value[i]
			}
			out = append(out, look(region, want, have, rules.Gap))
		}
	}
	return out
}

// States of a rule. Source: Amazon EventBridge API Reference, PutRule.
const (
	enabled      = "ENABLED"
	enabledReads = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

func rulesEnabled(f *Facts) []Result {
	return eachRule(f, false, func(region string, want WantRule, have *Rule, gap string) Result {
		where := region + " " + want.Name
		switch {
		case gap != "":
			return unknown(where, gap)
		case have == nil:
			return fail(where, "there is no such rule")
		case have.State != enabled && have.State != enabledReads:
			return fail(where, "the rule is "+have.State)
		case !samePattern(have.Pattern, want.Pattern):
			return fail(where, "the rule lets other events through than the template's")
		case !slices.Contains(have.Targets, want.Target):
			return fail(where, "the rule does not send to "+want.Target)
		case slices.Contains(have.Changed, want.Target):
			return fail(where, "the rule does not send the event as it is to "+want.Target)
		}
		return pass(where, have.State)
	})
}

func rulesReads(f *Facts) []Result {
	return eachRule(f, true, func(region string, want WantRule, have *Rule, gap string) Result {
		where := region + " " + want.Name
		trails := get(f.Trails, region)
		switch {
		case gap != "" || trails.Gap != "":
			return unknown(where, gap+trails.Gap)
		case have == nil || have.State != enabledReads:
			return fail(where, "AssumeRole is a read: this state of the rule lets writes through only")
		case !slices.ContainsFunc(trails.Value, func(t Trail) bool { ok, _ := t.records(region); return ok && t.Reads }):
			return fail(where, "no trail logs management events that read")
		}
		return pass(where, "reads such as AssumeRole come too")
	})
}

// samePattern compares patterns, whatever the order of names and white space.
func samePattern(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func queuePolicies(f *Facts) []Result {
	var out []Result
	for _, want := range f.Want.Queues {
		q := get(f.Queues, want.Name)
		switch {
		case q.Gap != "":
			out = append(out, unknown(want.Name, q.Gap))
		case q.Value == nil:
			out = append(out, fail(want.Name, "there is no such queue"))
		default:
			out = append(out, f.admits(want, q.Value))
		}
	}
	return out
}

// eventSize is the size, in bytes, up to which EventBridge delivers events to
// a queue. Source: Amazon EventBridge User Guide, "Amazon EventBridge quotas".
const eventSize = 256 << 10

// queueSettings looks for what would lose or delay messages.
func queueSettings(f *Facts) []Result {
	var out []Result
	for _, want := range f.Want.Queues {
		q := get(f.Queues, want.Name)
		switch v := q.Value; {
		case q.Gap != "":
			out = append(out, unknown(want.Name, q.Gap))
		case v == nil:
			out = append(out, fail(want.Name, "there is no such queue"))
		case v.Visibility < want.Visibility:
			out = append(out, fail(want.Name, fmt.Sprintf("messages are hidden for %d s, which is less than six times the function's time-out (%d s)", v.Visibility, want.Visibility)))
		case v.Retention < want.Retention:
			out = append(out, fail(want.Name, fmt.Sprintf("messages are thrown away after %d s, want %d s", v.Retention, want.Retention)))
		case v.MaxSize < eventSize:
			out = append(out, fail(want.Name, fmt.Sprintf("it refuses messages above %d bytes, and an event may have %d", v.MaxSize, eventSize)))
		case v.Delay > 0:
			out = append(out, fail(want.Name, fmt.Sprintf("messages are held back for %d s", v.Delay)))
		case v.Key != "":
			out = append(out, fail(want.Name, "it is encrypted by the key "+v.Key+": who has that in his hand decides whether EventBridge can write and the guard can read"))
		default:
			out = append(out, pass(want.Name, fmt.Sprintf("keeps messages of %d bytes for %d s", v.MaxSize, v.Retention)))
		}
	}
	return out
}

// admits asks the policy engine who may send to a queue.
func (f *Facts) admits(want WantQueue, q *Queue) Result {
	doc, err := policy.Parse(want.Name, []byte(q.Policy))
	if q.Policy == "" || err != nil {
		return fail(want.Name, "the queue has no policy that can be read: every identity that is allowed sqs:SendMessage may send")
	}
	events := policy.Principal{Type: policy.Service, ARN: "events.amazonaws.com"}
	type attempt struct {
		who    string
		caller policy.Principal
		source string
		want   bool
	}
	asked := []attempt{
		{"an administrator of the account", f.admin(), "", false},
		{"the role of some function", f.role("arn:" + f.Partition + ":iam::" + f.Account + ":role/app"), "", false},
		{"another rule of the account", events, f.arn("events", f.Home, "rule/other"), false},
		{"a rule of another account", events, "arn:" + f.Partition + ":events:" + f.Home + ":" + f.stranger() + ":rule/warden-guard-identity", false},
		{"another service", policy.Principal{Type: policy.Service, ARN: "sns.amazonaws.com"}, f.arn("sns", f.Home, "topic"), false},
	}
	for _, rule := range want.Rules {
		asked = append(asked, attempt{"the rule " + rule, events, rule, true})
	}
	if want.Role != "" {
		asked = append(asked, attempt{"the guard's role", f.role(want.Role), "", true})
	}
	for _, a := range asked {
		facts := policy.Context{}
		facts.Set("aws:SecureTransport", policy.One("true"))
		if a.source != "" {
			facts.Set("aws:SourceArn", policy.One(a.source))
		}
		res := f.ask(a.caller, "sqs:SendMessage", q.ARN, facts, everything, doc)
		if len(res.Unknown) > 0 {
			return unknown(want.Name, "whether "+a.who+" may send: "+strings.Join(res.Unknown, "; "))
		}
		if got := res.Decision == policy.Allowed; got != a.want {
			return fail(want.Name, fmt.Sprintf("%s may send to it: %v, want %v", a.who, got, a.want))
		}
	}
	if same(q.Policy, want.Policy) {
		return pass(want.Name, "its policy is the template's")
	}
	template, err := policy.Parse(want.Name, []byte(want.Policy))
	if err != nil {
		return unknown(want.Name, "the template's policy: "+err.Error())
	}
	switch c := compare([]*policy.Document{doc}, template, reason.Resource); {
	case c.more != "":
		return fail(want.Name, "its policy lets in whom the template's does not: "+c.more)
	case c.less != "":
		return fail(want.Name, "its policy keeps out what the template's lets in: "+c.less)
	case c.gap != "":
		return unknown(want.Name, c.gap)
	}
	// What the template's policy denies, somebody's own could allow.
	return fail(want.Name, "its policy is not the template's: whom that denies, this one may leave to his own policies")
}

func deadLetters(f *Facts) []Result {
	var out []Result
	for _, want := range f.Want.Queues {
		q := get(f.Queues, want.Name)
		switch {
		case q.Gap != "":
			out = append(out, unknown(want.Name, q.Gap))
		case q.Value == nil:
			out = append(out, fail(want.Name, "there is no such queue"))
		case want.Dead && q.Value.Messages > 0:
			out = append(out, fail(want.Name, fmt.Sprintf("%d events wait in it that could not be dealt with", q.Value.Messages)))
		case q.Value.DeadLetters == "" && want.DeadLetters != "":
			out = append(out, fail(want.Name, "what fails again and again is lost: it has no queue for dead letters"))
		case q.Value.DeadLetters != want.DeadLetters:
			out = append(out, fail(want.Name, "what fails goes to "+q.Value.DeadLetters+", which nobody watches"))
		case want.Dead:
			out = append(out, pass(want.Name, "empty"))
		default:
			out = append(out, pass(want.Name, "what fails goes to "+q.Value.DeadLetters))
		}
	}
	return out
}
