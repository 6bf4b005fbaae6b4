package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/doctor"
)

// Wanted is what package doctor is to look for in the guard's account: what
// the template makes there, with the settings that the guard's function has in
// its environment.
func Wanted(in Place, environment map[string]string) (doctor.Want, error) {
	parameters := map[string]string{}
	for variable, parameter := range map[string]string{
		"RESPONSE_MODE": "ResponseMode", "DENY_POLICY_NAME": "DenyPolicyName", "ADMIN_TAG": "AdminTag", "LEVEL": "Level",
		"UNDO_ACTIONS": "UndoActions", "CONTAIN_SESSIONS": "ContainSessions", "PROTECTED": "ProtectedArns", "MEMBER_ROLE_NAME": "MemberRoleName",
		"MEMBER_ACCOUNTS": "MemberAccounts", "GUARDRAIL_ROLE_ARN": "GuardrailRoleArn", "GUARDRAIL_POLICY_ARN": "GuardrailPolicyArn",
	} {
		if v := environment[variable]; v != "" {
			parameters[parameter] = v
		}
	}
	if parameters["MemberAccounts"] != "" {
		parameters["OrganizationId"] = "PLACEHOLDER"
	}
	if own := in.arn("sns", in.Region, "warden-alerts"); environment["SNS_TOPIC_ARN"] != "" && environment["SNS_TOPIC_ARN"] != own {
		parameters["SNSTopicArn"] = environment["SNS_TOPIC_ARN"]
	}
	if environment["RESPONDER_ROLE_ARN"] != "" {
		parameters["CreateResponderRole"] = "true"
	}
	stack, err := Resolve("guard", in, parameters)
	if err != nil {
		return doctor.Want{}, err
	}
	forward, err := Resolve("guard-forwarder", in, nil)
	if err != nil {
		return doctor.Want{}, err
	}
	w := doctor.Want{
		Function: stack.text("Function", "FunctionName"), Table: environment["LEDGER_TABLE"],
		Topic:         environment["SNS_TOPIC_ARN"],
		DenyPolicyARN: in.arn("iam", "", "policy/"+stack.text("DenyPolicy", "ManagedPolicyName")),
		AdminGroups:   list(environment["ADMIN_GROUP_NAME"]), Protected: list(environment["PROTECTED"]),
		DryRun: environment["DRY_RUN"] == "true", Guardrail: environment["GUARDRAIL_POLICY_ARN"],
	}
	if w.AdminGroups == nil {
		w.AdminGroups = []string{stack.text("Function", "Environment", "Variables", "ADMIN_GROUP_NAME")}
	}
	if w.Table == "" {
		w.Table = stack.text("Ledger", "TableName")
	}
	w.Rules = stack.rules()
	w.Forward = forward.rules()
	w.Functions = stack.functions(in)
	w.Queues = stack.queues(in, w.Rules)
	w.Roles = stack.roles(in)
	for _, id := range stack.ids("AWS::CloudWatch::Alarm") {
		a := doctor.WantAlarm{
			Name: stack.text(id, "AlarmName"), Namespace: stack.text(id, "Namespace"), Metric: stack.text(id, "MetricName"),
			Comparison: stack.text(id, "ComparisonOperator"), Missing: stack.text(id, "TreatMissingData"),
		}
		if a.Threshold, err = strconv.ParseFloat(stack.text(id, "Threshold"), 64); err != nil {
			return doctor.Want{}, fmt.Errorf("the threshold of %s: %w", id, err)
		}
		w.Alarms = append(w.Alarms, a)
	}
	slices.SortFunc(w.Alarms, func(a, b doctor.WantAlarm) int { return strings.Compare(a.Name, b.Name) })
	if w.TablePolicy, err = stack.nested("Ledger", "ResourcePolicy", "PolicyDocument"); err != nil {
		return doctor.Want{}, err
	}
	pin, err := Resolve("guard-organisation", in, map[string]string{"GuardAccountId": in.Account, "DenyPolicyName": stack.text("DenyPolicy", "ManagedPolicyName")})
	if err != nil {
		return doctor.Want{}, err
	}
	if w.Pin, err = pin.nested("Pin", "Content"); err != nil {
		return doctor.Want{}, err
	}
	w.Excepted, err = pin.excepted()
	return w, err
}

// nested is a policy document below a property of a resource, as JSON.
func (s *Stack) nested(resource string, path ...string) (string, error) {
	var v any = s.Resources[resource].Properties
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return "", fmt.Errorf("the template has no %s of %s", name, resource)
		}
		v = m[name]
	}
	data, err := json.Marshal(v)
	return string(data), err
}

// excepted are whom the organisation's policy leaves free to touch warden, as
// patterns of ARNs.
func (s *Stack) excepted() ([]string, error) {
	text, err := s.nested("Pin", "Content")
	if err != nil {
		return nil, err
	}
	var pin struct {
		Statement []struct {
			Condition struct {
				ArnNotLike map[string][]string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &pin); err != nil {
		return nil, fmt.Errorf("the pin: %w", err)
	}
	var out []string
	for _, st := range pin.Statement {
		out = append(out, st.Condition.ArnNotLike["aws:PrincipalArn"]...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (p Place) arn(service, region, resource string) string {
	return "arn:" + p.Partition + ":" + service + ":" + region + ":" + p.Account + ":" + resource
}

func list(text string) []string {
	var out []string
	for v := range strings.SplitSeq(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// text is a property of a resource, "" where it is not there.
func (s *Stack) text(resource string, path ...string) string {
	var v any = map[string]any(s.Resources[resource].Properties)
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// ids are the resources of a type, sorted.
func (s *Stack) ids(kind string) []string {
	var out []string
	for id, r := range s.Resources {
		if r.Type == kind {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// rules are the rules on events.
func (s *Stack) rules() []doctor.WantRule {
	var out []doctor.WantRule
	for _, id := range s.ids("AWS::Events::Rule") {
		r := s.Resources[id].Properties
		pattern, err := json.Marshal(r["EventPattern"])
		if r["EventPattern"] == nil || err != nil {
			continue
		}
		out = append(out, doctor.WantRule{
			Name: fmt.Sprint(r["Name"]), Pattern: string(pattern), Target: s.target(id), Reads: id == "IdentityRule",
		})
	}
	return out
}

// target is the ARN of the first target of a rule.
func (s *Stack) target(rule string) string {
	targets, ok := s.Resources[rule].Properties["Targets"].([]any)
	if !ok || len(targets) == 0 {
		return ""
	}
	first, ok := targets[0].(map[string]any)
	if !ok {
		return ""
	}
	return fmt.Sprint(first["Arn"])
}

func (s *Stack) functions(in Place) []doctor.WantFunction {
	var out []doctor.WantFunction
	for _, id := range s.ids("AWS::Lambda::Function") {
		f := doctor.WantFunction{Name: s.text(id, "FunctionName"), Handler: s.text(id, "Handler"), Role: s.text(id, "Role")}
		f.Seconds, _ = strconv.Atoi(s.text(id, "Timeout"))
		if env, ok := s.Resources[id].Properties["Environment"].(map[string]any); ok {
			if variables, ok := env["Variables"].(map[string]any); ok {
				f.Variables = slices.Sorted(maps.Keys(variables))
			}
		}
		arn := in.arn("lambda", in.Region, "function:"+f.Name)
		for _, m := range s.ids("AWS::Lambda::EventSourceMapping") {
			if name := s.text(m, "FunctionName"); name == f.Name || name == arn {
				f.Queues = append(f.Queues, s.text(m, "EventSourceArn"))
			}
		}
		for _, r := range s.ids("AWS::Events::Rule") {
			if every := s.text(r, "ScheduleExpression"); every != "" && s.target(r) == arn {
				f.Every = interval(every)
			}
		}
		out = append(out, f)
	}
	return out
}

// interval reads rate(N minutes). Source: Amazon EventBridge User Guide,
// "Rate expressions".
func interval(expression string) time.Duration {
	var n int
	var unit string
	if _, err := fmt.Sscanf(strings.TrimSuffix(expression, ")"), "rate(%d %s", &n, &unit); err != nil {
		return 0
	}
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
	return time.Duration(n) * units[strings.TrimSuffix(unit, "s")]
}

func (s *Stack) queues(in Place, rules []doctor.WantRule) []doctor.WantQueue {
	dead := map[string]bool{}
	for _, id := range s.ids("AWS::SQS::Queue") {
		if to := s.text(id, "RedrivePolicy", "deadLetterTargetArn"); to != "" {
			dead[to] = true
		}
	}
	var out []doctor.WantQueue
	for _, id := range s.ids("AWS::SQS::Queue") {
		q := doctor.WantQueue{Name: s.text(id, "QueueName")}
		q.ARN = in.arn("sqs", in.Region, q.Name)
		q.Dead = dead[q.ARN]
		q.DeadLetters = s.text(id, "RedrivePolicy", "deadLetterTargetArn")
		q.Retention, _ = strconv.Atoi(s.text(id, "MessageRetentionPeriod"))
		for _, m := range s.ids("AWS::Lambda::EventSourceMapping") {
			if s.text(m, "EventSourceArn") == q.ARN {
				q.Visibility = s.visibility()
			}
		}
		targeted := slices.ContainsFunc(rules, func(r doctor.WantRule) bool { return r.Target == q.ARN })
		from := "QueuePolicy"
		if !targeted && !q.Dead {
			from = "HoldQueuePolicy"
		}
		q.Policy, _ = s.Document(from, "PolicyDocument")
		switch {
		case targeted || q.Dead:
			for _, r := range rules {
				q.Rules = append(q.Rules, in.arn("events", in.Region, "rule/"+r.Name))
			}
		default:
			q.Role = in.arn("iam", "", "role/"+s.text("GuardRole", "RoleName"))
		}
		out = append(out, q)
	}
	return out
}

// visibility is six times the function's time-out. Source: AWS Lambda
// Developer Guide, "Configuring Lambda event source mappings for Amazon SQS".
func (s *Stack) visibility() int {
	var seconds int
	if _, err := fmt.Sscan(s.text("Function", "Timeout"), &seconds); err != nil {
		return 0
	}
	return 6 * seconds
}

func (s *Stack) roles(in Place) []doctor.WantRole {
	var out []doctor.WantRole
	for _, id := range s.ids("AWS::IAM::Role") {
		r := doctor.WantRole{Name: s.text(id, "RoleName"), Guard: id == "GuardRole", Responder: id == "ResponderRole"}
		if r.Name == "" {
			continue
		}
		r.ARN = in.arn("iam", "", "role/"+r.Name)
		for _, p := range s.ids("AWS::IAM::RolePolicy") {
			if s.text(p, "RoleName") == r.Name {
				r.Policy, _ = s.Document(p, "PolicyDocument")
			}
		}
		r.Trust, _ = s.Document(id, "AssumeRolePolicyDocument")
		var trust struct {
			Statement []struct{ Principal map[string]any }
		}
		data, err := json.Marshal(s.Resources[id].Properties["AssumeRolePolicyDocument"])
		if err == nil && json.Unmarshal(data, &trust) == nil && len(trust.Statement) == 1 {
			for _, who := range trust.Statement[0].Principal {
				r.Trusted = fmt.Sprint(who)
			}
		}
		out = append(out, r)
	}
	return out
}
