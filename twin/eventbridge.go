package twin

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"warden/account"
)

// Amazon EventBridge: rules on the default bus that send to SQS queues and to
// the default buses of other accounts. Errors
// and limits are those of the EventBridge API Reference and of "EventBridge
// quotas" in its User Guide.

const maxTargets = 5

// rule is an EventBridge rule. The bus's lock guards it.
type rule struct {
	name, arn, description, text string
	state                        types.RuleState
	pattern                      *pattern
	targets                      []ruleTarget
}

// takes tells whether the state of the rule lets an event in.
func (r *rule) takes(readOnly bool) bool {
	switch r.state {
	case types.RuleStateEnabled:
		return !readOnly
	case types.RuleStateEnabledWithAllCloudtrailManagementEvents:
		return true
	}
	return false
}

func sortedRules(rules map[string]*rule) []string { return slices.Sorted(maps.Keys(rules)) }

func eventsOperations() map[string]operation {
	return map[string]operation{
		"PutRule":           op(onRule(func(in *eventbridge.PutRuleInput) (*string, *string) { return in.Name, in.EventBusName }, "PutRule"), putRule).alone(),
		"DeleteRule":        op(onRule(func(in *eventbridge.DeleteRuleInput) (*string, *string) { return in.Name, in.EventBusName }, "DeleteRule"), deleteRule).alone(),
		"DescribeRule":      op(onRule(func(in *eventbridge.DescribeRuleInput) (*string, *string) { return in.Name, in.EventBusName }, "DescribeRule"), describeRule).alone(),
		"EnableRule":        op(onRule(func(in *eventbridge.EnableRuleInput) (*string, *string) { return in.Name, in.EventBusName }, "EnableRule"), enableRule).alone(),
		"DisableRule":       op(onRule(func(in *eventbridge.DisableRuleInput) (*string, *string) { return in.Name, in.EventBusName }, "DisableRule"), disableRule).alone(),
		"PutTargets":        op(authorizePutTargets, putTargets).alone(),
		"RemoveTargets":     op(onRule(func(in *eventbridge.RemoveTargetsInput) (*string, *string) { return in.Rule, in.EventBusName }, "RemoveTargets"), removeTargets).alone(),
		"ListTargetsByRule": op(onRule(func(in *eventbridge.ListTargetsByRuleInput) (*string, *string) { return in.Rule, in.EventBusName }, "ListTargetsByRule"), listTargetsByRule).alone(),
		"DescribeEventBus":  op(authorizeDescribeEventBus, describeEventBus).alone(),
		"PutPermission":     op(authorizePutPermission, putPermission).alone(),
		"RemovePermission":  op(authorizeRemovePermission, removePermission).alone(),
		"ListRules": op(func(c *call, in *eventbridge.ListRulesInput) ([]demand, error) {
			return []demand{{action: "events:ListRules", resource: c.t.regionalARN("events", "rule/*")}}, c.t.defaultBus(in.EventBusName)
		}, listRules).alone(),
		"PutEvents": op(func(c *call, in *eventbridge.PutEventsInput) ([]demand, error) {
			if n := len(in.Entries); n < 1 || n > 10 {
				return nil, invalid("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10")
			}
			return []demand{{action: "events:PutEvents", resource: c.t.busARN(), resourcePolicy: c.t.bus.policy.Load().parsed()}}, nil
		}, putEvents).alone().dataEvent(),
	}
}

// invalid is the answer of the JSON services to a request of the wrong form.
func invalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, "ValidationException", format, args...)
}

// regionalARN names something of this account in its region.
func (t *Twin) regionalARN(service, resource string) string {
	return "arn:" + t.partition + ":" + service + ":" + t.region + ":" + t.account + ":" + resource
}

// regionalARN names something of the account in the region of the call.
func (c *call) regionalARN(service, resource string) string {
	return "arn:" + c.t.partition + ":" + service + ":" + c.region + ":" + c.t.account + ":" + resource
}

var ruleName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// onRule asks for the permission on a rule.
func onRule[I any](names func(*I) (name, bus *string), operation string) func(*call, *I) ([]demand, error) {
	return func(c *call, in *I) ([]demand, error) {
		name, bus := names(in)
		if name == nil || !ruleName.MatchString(*name) {
			return nil, invalid("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", deref(name))
		}
		if err := c.t.defaultBus(bus); err != nil {
			return nil, err
		}
		return []demand{{action: "events:" + operation, resource: c.t.regionalARN("events", "rule/"+*name)}}, nil
	}
}

// defaultBus refuses other buses: the twin has none.
func (t *Twin) defaultBus(name *string) error {
	if n := deref(name); n != "" && n != "default" && n != t.busARN() {
		return fail(http.StatusBadRequest, "ResourceNotFoundException", "Event bus %s does not exist.", n)
	}
	return nil
}

// deref is the text, or "" where there is none.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// rule finds a rule; the bus's lock must be held.
func (b *bus) rule(name *string) (*rule, error) {
	if r := b.rules[deref(name)]; r != nil {
		return r, nil
	}
	return nil, fail(http.StatusBadRequest, "ResourceNotFoundException", "Rule %s does not exist on EventBus default.", deref(name))
}

func putRule(c *call, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	if in.ScheduleExpression != nil {
		return nil, invalid("The twin serves no schedules: give an EventPattern.")
	}
	if in.EventPattern == nil {
		return nil, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	p, err := parsePattern(*in.EventPattern)
	if err != nil {
		return nil, fail(http.StatusBadRequest, "InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	state := in.State
	switch state {
	case "":
		state = types.RuleStateEnabled
	case types.RuleStateEnabled, types.RuleStateDisabled, types.RuleStateEnabledWithAllCloudtrailManagementEvents:
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]", state)
	}
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rules[*in.Name]
	if r == nil {
		r = &rule{name: *in.Name, arn: c.t.regionalARN("events", "rule/"+*in.Name)}
		b.rules[r.name] = r
	}
	r.description, r.text, r.pattern, r.state = deref(in.Description), *in.EventPattern, p, state
	return &eventbridge.PutRuleOutput{RuleArn: ptr(r.arn)}, nil
}

func deleteRule(c *call, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.rules[*in.Name]; r != nil && len(r.targets) > 0 {
		return nil, invalid("Rule can't be deleted since it has targets.")
	}
	delete(b.rules, *in.Name)
	return &eventbridge.DeleteRuleOutput{}, nil
}

func describeRule(c *call, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.rule(in.Name)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeRuleOutput{
		Arn: ptr(r.arn), Name: ptr(r.name), Description: optional(r.description), EventPattern: ptr(r.text),
		State: r.state, EventBusName: ptr("default"), CreatedBy: ptr(c.t.account),
	}, nil
}

func enableRule(c *call, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	return &eventbridge.EnableRuleOutput{}, c.t.bus.setState(in.Name, types.RuleStateEnabled)
}

func disableRule(c *call, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	return &eventbridge.DisableRuleOutput{}, c.t.bus.setState(in.Name, types.RuleStateDisabled)
}

func (b *bus) setState(name *string, state types.RuleState) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.rule(name)
	if err != nil {
		return err
	}
	r.state = state
	return nil
}

func listRules(c *call, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &eventbridge.ListRulesOutput{Rules: []types.Rule{}}
	names, next, err := pageOf(sortedRules(b.rules), deref(in.NamePrefix), in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		r := b.rules[name]
		out.Rules = append(out.Rules, types.Rule{
			Arn: ptr(r.arn), Name: ptr(r.name), Description: optional(r.description), EventPattern: ptr(r.text),
			State: r.state, EventBusName: ptr("default"),
		})
	}
	out.NextToken = next
	return out, nil
}

// pageOf cuts a page out of sorted names. The token is the last name of the
// page before.
func pageOf(names []string, prefix string, limit *int32, token *string) (page []string, next *string, err error) {
	size := 100
	if limit != nil {
		if size = int(*limit); size < 1 || size > 1000 {
			return nil, nil, invalid("The limit must be between 1 and 1000, it is %d", size)
		}
	}
	after := ""
	if token != nil {
		raw, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, invalid("Invalid token")
		}
		after = string(raw)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) || name <= after {
			continue
		}
		if len(page) == size {
			return page, ptr(base64.RawURLEncoding.EncodeToString([]byte(page[size-1]))), nil
		}
		page = append(page, name)
	}
	return page, nil, nil
}

func putTargets(c *call, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.rule(in.Rule)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, invalid("1 validation error detected: Value at 'targets' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	targets := slices.Clone(r.targets)
	for _, x := range in.Targets {
		t, err := c.t.target(r, &x)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(targets, func(old ruleTarget) bool { return old.id == t.id }); i >= 0 {
			targets[i] = t
		} else {
			targets = append(targets, t)
		}
	}
	if len(targets) > maxTargets {
		return nil, fail(http.StatusBadRequest, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	r.targets = targets
	return &eventbridge.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

// target checks one target. The twin sends events as they are, to queues and
// to buses of other accounts.
func (t *Twin) target(r *rule, x *types.Target) (ruleTarget, error) {
	arn, err := account.ParseARN(deref(x.Arn))
	switch {
	case deref(x.Id) == "":
		return ruleTarget{}, invalid("1 validation error detected: Value '' at 'targets.1.member.id' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case err != nil:
		return ruleTarget{}, invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", deref(x.Arn))
	case arn.Service != "sqs" && !strings.HasSuffix(*x.Arn, busSuffix):
		return ruleTarget{}, invalid("The twin sends events to SQS queues only, and to the default buses of other accounts, not to %s.", deref(x.Arn))
	case x.Input != nil || x.InputPath != nil || x.InputTransformer != nil:
		return ruleTarget{}, invalid("The twin sends events as they are: Input, InputPath and InputTransformer are not served.")
	}
	target := ruleTarget{rule: r.arn, arn: *x.Arn, id: *x.Id, role: deref(x.RoleArn)}
	if arn.Service == "events" {
		return target, t.checkBusTarget(arn, target)
	}
	return target, nil
}

func removeTargets(c *call, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.rule(in.Rule)
	if err != nil {
		return nil, err
	}
	r.targets = slices.DeleteFunc(slices.Clone(r.targets), func(t ruleTarget) bool { return slices.Contains(in.Ids, t.id) })
	return &eventbridge.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}, nil
}

func listTargetsByRule(c *call, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	b := c.t.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.rule(in.Rule)
	if err != nil {
		return nil, err
	}
	out := &eventbridge.ListTargetsByRuleOutput{Targets: []types.Target{}}
	for _, t := range r.targets {
		out.Targets = append(out.Targets, types.Target{Arn: ptr(t.arn), Id: ptr(t.id), RoleArn: optional(t.role)})
	}
	return out, nil
}

func putEvents(c *call, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	out := &eventbridge.PutEventsOutput{}
	for _, e := range in.Entries {
		id, code, message := c.t.putEvent(c, &e)
		entry := types.PutEventsResultEntry{EventId: optional(id)}
		if code != "" {
			entry.ErrorCode, entry.ErrorMessage = ptr(code), ptr(message)
			out.FailedEntryCount++
		}
		out.Entries = append(out.Entries, entry)
	}
	return out, nil
}

// putEvent accepts one custom event. Nobody may speak as AWS: "The source
// cannot begin with aws." (EventBridge API Reference, PutEventsRequestEntry and
// PutEventsResultEntry).
func (t *Twin) putEvent(c *call, e *types.PutEventsRequestEntry) (id, code, message string) {
	switch {
	case deref(e.Source) == "":
		return "", "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."
	case strings.HasPrefix(strings.ToLower(*e.Source), "aws."):
		return "", "NotAuthorizedForSourceException", "Not authorized for the source."
	case deref(e.DetailType) == "":
		return "", "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."
	case t.defaultBus(e.EventBusName) != nil:
		return "", "InvalidArgument", "Event bus " + deref(e.EventBusName) + " does not exist."
	}
	var detail map[string]json.RawMessage
	if json.Unmarshal([]byte(deref(e.Detail)), &detail) != nil {
		return "", "MalformedDetail", "Detail is malformed."
	}
	at := c.now
	if e.Time != nil {
		at = *e.Time
	}
	event, id := t.newEnvelope(*e.Source, *e.DetailType, *e.Detail, e.Resources, at)
	t.bus.custom(event)
	return id, "", ""
}
