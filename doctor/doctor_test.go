package doctor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/doctor"
	"warden/finding"
)

// answer is the worst status that a check has.
func answer(r doctor.Report, check string) finding.Status {
	order := []finding.Status{finding.NotApplicable, finding.Pass, finding.Unknown, finding.Fail}
	worst := finding.Status("")
	for _, res := range r.Results {
		if res.Check == check && slices.Index(order, res.Status) > slices.Index(order, worst) {
			worst = res.Status
		}
	}
	return worst
}

func TestGuarded(t *testing.T) {
	t.Parallel()
	r := doctor.Examine(guarded(t))
	for _, res := range r.Results {
		if res.Status != finding.Pass && res.Check != "function.code" {
			t.Errorf("%s %s: %s: %s", res.Check, res.Where, res.Status, res.Evidence)
		}
		if res.Evidence == "" {
			t.Errorf("%s %s shows no evidence", res.Check, res.Where)
		}
	}
	if r.Grade != doctor.GradeA || len(r.Next) > 0 {
		t.Errorf("grade %s, next %v", r.Grade, r.Next)
	}
	seen := map[string]bool{}
	for _, res := range r.Results {
		seen[res.Check] = true
	}
	for _, c := range doctor.Checks() {
		if !seen[c.ID] {
			t.Errorf("%s says nothing", c.ID)
		}
		if c.Title == "" || c.Remedy == "" {
			t.Errorf("%s has no title or remedy", c.ID)
		}
	}
}

// Each row breaks one thing; the check that is about it fails, and the grade
// says how bad that is.
func TestBroken(t *testing.T) {
	t.Parallel()
	rule := func(f *doctor.Facts, region string, change func(*doctor.Rule)) { change(&f.Rules[region].Value[0]) }
	trail := func(f *doctor.Facts, change func(*doctor.Trail)) {
		for _, region := range f.Regions {
			change(&f.Trails[region].Value[0])
		}
	}
	admits := func(statement string) func(f *doctor.Facts) {
		return func(f *doctor.Facts) {
			f.Queues["warden-guard"].Value.Policy = `{"Version":"2012-10-17","Statement":[` + statement + `]}`
		}
	}
	adds := func(role, statement string) func(f *doctor.Facts) {
		return func(f *doctor.Facts) {
			r := f.Roles[role].Value
			r.Policies = append(r.Policies, `{"Version":"2012-10-17","Statement":[`+statement+`]}`)
		}
	}
	for _, tt := range []struct {
		name, check string
		grade       doctor.Grade
		change      func(*doctor.Facts)
	}{
		{"no trail", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { f.Trails[f.Home] = doctor.Known([]doctor.Trail{}) }},
		{"the trail is stopped", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.Logging = false }) }},
		{"the trail logs reads only", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.Writes = false }) }},
		{"the trail is of another region", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.MultiRegion = false }) }},
		{"the trail leaves out IAM", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.Left = []string{"iam.amazonaws.com"} }) }},
		{"the trail leaves out global services", "trail.logging", doctor.GradeD, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.Global = false }) }},
		{"a rule is disabled", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) { rule(f, f.Home, func(r *doctor.Rule) { r.State = "DISABLED" }) }},
		{"a rule abroad is disabled", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) { rule(f, abroad, func(r *doctor.Rule) { r.State = "DISABLED" }) }},
		{"a rule is narrowed", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) {
			rule(f, f.Home, func(r *doctor.Rule) { r.Pattern = `{"source":["aws.nothing"]}` })
		}},
		{"a rule's target is gone", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) {
			rule(f, f.Home, func(r *doctor.Rule) { r.Targets = []string{"arn:aws:sqs:us-east-1:1:x"} })
		}},
		{"a rule is gone", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) { f.Rules[f.Home] = doctor.Known(f.Rules[f.Home].Value[1:]) }},
		{"the queue has no policy", "queue.policy", doctor.GradeD, func(f *doctor.Facts) { f.Queues["warden-guard"].Value.Policy = "" }},
		{"the queue is gone", "queue.policy", doctor.GradeD, func(f *doctor.Facts) { f.Queues["warden-guard"] = doctor.Known[*doctor.Queue](nil) }},
		{"the queue takes from any rule", "queue.policy", doctor.GradeD, admits(`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}`)},
		{"the queue does not keep administrators out", "queue.policy", doctor.GradeD, admits(`{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:us-east-1:111122223333:rule/warden-guard-*"}}}`)},
		{"the queue shows messages too soon", "queue.settings", doctor.GradeD, func(f *doctor.Facts) { f.Queues["warden-guard"].Value.Visibility = 30 }},
		{"the function is gone", "function.ready", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"] = doctor.Known[*doctor.Function](nil) }},
		{"the function cannot start", "function.ready", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.State = "Failed" }},
		{"the function is another", "function.ready", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.Handler = "sweep" }},
		{"the function may not run", "function.capacity", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.Reserved = ptr(0) }},
		{"the mapping is disabled", "function.events", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.Mappings[0].State = "Disabled" }},
		{"the mapping is gone", "function.events", doctor.GradeD, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.Mappings = nil }},
		{"a dry run", "guard.acts", doctor.GradeD, func(f *doctor.Facts) { f.Want.DryRun = true }},
		{"the role may not attach", "role.guard", doctor.GradeD, func(f *doctor.Facts) {
			f.Roles["warden-guard"].Value.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}}`}
		}},
		{"DENY-IAM was emptied", "deny.policy", doctor.GradeD, func(f *doctor.Facts) {
			f.Policy = doctor.Known(ptr(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}`))
		}},
		{"DENY-IAM is gone", "deny.policy", doctor.GradeD, func(f *doctor.Facts) { f.Policy = doctor.Known[*string](nil) }},
		{"the ledger is gone", "ledger.table", doctor.GradeD, func(f *doctor.Facts) { f.Table = doctor.Known[*doctor.Table](nil) }},

		{"no validation", "trail.whole", doctor.GradeC, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.Validation = false }) }},
		{"deliveries fail", "trail.whole", doctor.GradeC, func(f *doctor.Facts) { trail(f, func(t *doctor.Trail) { t.DeliveryError = "AccessDenied" }) }},
		{"dead letters", "dead.letters", doctor.GradeC, func(f *doctor.Facts) { f.Queues["warden-guard-dead"].Value.Messages = 3 }},
		{"no dead letters queue", "dead.letters", doctor.GradeC, func(f *doctor.Facts) { f.Queues["warden-guard"].Value.DeadLetters = "" }},
		{"the ledger can be deleted", "ledger.kept", doctor.GradeC, func(f *doctor.Facts) { f.Table.Value.DeletionProtected = false }},
		{"the ledger cannot be restored", "ledger.kept", doctor.GradeC, func(f *doctor.Facts) { f.Table.Value.Restore = false }},
		{"nobody listens", "people.told", doctor.GradeC, func(f *doctor.Facts) { f.Subscribers = doctor.Known([]string{}) }},
		{"an alarm is gone", "alarms.set", doctor.GradeC, func(f *doctor.Facts) { f.Alarms = doctor.Known(f.Alarms.Value[1:]) }},
		{"an alarm rings", "alarms.set", doctor.GradeC, func(f *doctor.Facts) { f.Alarms.Value[0].State = "ALARM" }},
		{"an alarm tells nobody", "alarms.set", doctor.GradeC, func(f *doctor.Facts) { f.Alarms.Value[0].Actions = nil }},
		{"the role may detach", "role.limits", doctor.GradeC, adds("warden-guard", `{"Effect":"Allow","Action":"iam:DetachUserPolicy","Resource":"*"}`)},
		{"the role may change itself", "role.limits", doctor.GradeC, func(f *doctor.Facts) {
			f.Roles["warden-guard"].Value.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`}
		}},
		{"others may become the guard", "role.trust", doctor.GradeC, func(f *doctor.Facts) {
			f.Roles["warden-guard"].Value.Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}`
		}},
		{"anybody may invoke", "function.closed", doctor.GradeC, func(f *doctor.Facts) {
			f.Functions["warden-guard"].Value.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"*"}]}`
		}},
		{"any topic may invoke", "function.closed", doctor.GradeC, func(f *doctor.Facts) {
			f.Functions["warden-guard"].Value.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*"}]}`
		}},
		{"other code", "function.code", doctor.GradeC, func(f *doctor.Facts) { f.ZipHash = "another" }},
		{"no administrators", "admins.exist", doctor.GradeC, func(f *doctor.Facts) { f.AdminGroups["Administrators"] = doctor.Known(ptr(0)) }},
		{"no such group", "admins.exist", doctor.GradeC, func(f *doctor.Facts) { f.AdminGroups["Administrators"] = doctor.Known[*int](nil) }},
		{"no break-glass", "breakglass.named", doctor.GradeC, func(f *doctor.Facts) { f.Want.Protected = nil }},
		{"break-glass is gone", "breakglass.named", doctor.GradeC, func(f *doctor.Facts) { f.Protected[breakGlass] = doctor.Known(false) }},
		{"no sweep", "sweep.recent", doctor.GradeC, func(f *doctor.Facts) { f.LastRun["warden-guard-sweep"] = doctor.Known(ptr(now.Add(-time.Hour))) }},
		{"no events", "events.recent", doctor.GradeC, func(f *doctor.Facts) { f.LastRun["warden-guard"] = doctor.Known[*time.Time](nil) }},

		{"no organisation", "scp.pin", doctor.GradeB, func(f *doctor.Facts) { f.Org = doctor.Known[*doctor.Organization](nil) }},
		{"the management account", "scp.pin", doctor.GradeB, func(f *doctor.Facts) { f.Org.Value.Management = here }},
		{"the pin is not attached", "scp.pin", doctor.GradeB, func(f *doctor.Facts) { f.SCPs.Value[0].Policies = f.SCPs.Value[0].Policies[:1] }},
		{"the pin was narrowed", "scp.pin", doctor.GradeB, func(f *doctor.Facts) {
			p := &f.SCPs.Value[0].Policies[1]
			p.Document = strings.Replace(p.Document, "iam:DetachUserPolicy", "iam:DetachGroupPolicy", 1)
		}},
		{"the pin excepts everybody", "scp.pin", doctor.GradeB, func(f *doctor.Facts) {
			p := &f.SCPs.Value[0].Policies[1]
			p.Document = strings.ReplaceAll(p.Document, "arn:aws:iam::*:role/warden-operator", "arn:aws:iam::*:*")
		}},
		{"no guardrail", "scp.guardrail", doctor.GradeB, func(f *doctor.Facts) { f.Want.Guardrail = "" }},
		{"the guardrail is attached elsewhere", "scp.guardrail", doctor.GradeB, func(f *doctor.Facts) { f.SCPs.Value[1].Policies = f.SCPs.Value[1].Policies[:1] }},

		{"AssumeRole is not seen", "rules.reads", doctor.GradeA, func(f *doctor.Facts) {
			for i := range f.Rules[f.Home].Value {
				f.Rules[f.Home].Value[i].State = "ENABLED"
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := guarded(t)
			tt.change(f)
			r := doctor.Examine(f)
			if got := answer(r, tt.check); got != finding.Fail {
				t.Errorf("%s is %s, want a fail", tt.check, got)
			}
			if r.Grade != tt.grade {
				t.Errorf("grade %s, want %s: %v", r.Grade, tt.grade, r.Next)
			}
			if !slices.ContainsFunc(r.Next, func(res doctor.Result) bool { return res.Check == tt.check && res.Remedy != "" }) && tt.grade != doctor.GradeA {
				t.Errorf("what to do next does not name %s: %v", tt.check, r.Next)
			}
		})
	}
}

// What could not be read is unknown, and never a pass.
func TestGaps(t *testing.T) {
	t.Parallel()
	const gap = "AccessDenied"
	for _, tt := range []struct {
		name   string
		checks []string
		change func(*doctor.Facts)
	}{
		{"trails", []string{"trail.logging", "trail.whole", "rules.reads"}, func(f *doctor.Facts) { f.Trails[f.Home] = doctor.Read[[]doctor.Trail]{Gap: gap} }},
		{"trails abroad", []string{"trail.logging"}, func(f *doctor.Facts) { delete(f.Trails, abroad) }},
		{"rules", []string{"rules.enabled", "rules.reads"}, func(f *doctor.Facts) { f.Rules[f.Home] = doctor.Read[[]doctor.Rule]{Gap: gap} }},
		{"queue", []string{"queue.policy", "dead.letters"}, func(f *doctor.Facts) { f.Queues["warden-guard"] = doctor.Read[*doctor.Queue]{Gap: gap} }},
		{"function", []string{"function.ready", "function.capacity", "function.events", "function.closed", "guard.acts"}, func(f *doctor.Facts) { f.Functions["warden-guard"] = doctor.Read[*doctor.Function]{Gap: gap} }},
		{"settings", []string{"guard.acts", "people.told", "breakglass.named", "scp.guardrail"}, func(f *doctor.Facts) { f.Want.Gap = gap }},
		{"runs", []string{"events.recent"}, func(f *doctor.Facts) { f.LastRun["warden-guard"] = doctor.Read[*time.Time]{Gap: gap} }},
		{"sweeps", []string{"sweep.recent"}, func(f *doctor.Facts) { delete(f.LastRun, "warden-guard-sweep") }},
		{"table", []string{"ledger.table", "ledger.kept"}, func(f *doctor.Facts) { f.Table = doctor.Read[*doctor.Table]{Gap: gap} }},
		{"topic", []string{"people.told"}, func(f *doctor.Facts) { f.Subscribers = doctor.Read[[]string]{Gap: gap} }},
		{"alarms", []string{"alarms.set"}, func(f *doctor.Facts) { f.Alarms = doctor.Read[[]doctor.Alarm]{Gap: gap} }},
		{"role", []string{"role.guard", "role.limits", "role.trust"}, func(f *doctor.Facts) { f.Roles["warden-guard"] = doctor.Read[*doctor.Role]{Gap: gap} }},
		{"a policy that nobody can read", []string{"role.guard", "role.limits"}, func(f *doctor.Facts) { f.Roles["warden-guard"].Value.Policies = []string{"{"} }},
		{"deny policy", []string{"deny.policy"}, func(f *doctor.Facts) { f.Policy = doctor.Read[*string]{Gap: gap} }},
		{"group", []string{"admins.exist"}, func(f *doctor.Facts) { f.AdminGroups["Administrators"] = doctor.Read[*int]{Gap: gap} }},
		{"break-glass", []string{"breakglass.named"}, func(f *doctor.Facts) { f.Protected[breakGlass] = doctor.Read[bool]{Gap: gap} }},
		{"organisation", []string{"scp.seen", "scp.pin", "scp.guardrail"}, func(f *doctor.Facts) { f.Org = doctor.Read[*doctor.Organization]{Gap: gap} }},
		{"policies above", []string{"scp.seen", "scp.pin", "scp.guardrail"}, func(f *doctor.Facts) { f.SCPs = doctor.Read[[]doctor.PolicyLevel]{Gap: gap} }},
		{"the topic's policy", []string{"people.told"}, func(f *doctor.Facts) { f.TopicPolicy = doctor.Read[*string]{Gap: gap} }},
		{"the table's policy", []string{"ledger.kept"}, func(f *doctor.Facts) { f.TablePolicy = doctor.Read[*string]{Gap: gap} }},
		{"a trust policy that nobody can read", []string{"role.trust"}, func(f *doctor.Facts) { f.Roles["warden-guard"].Value.Trust = "{" }},
		{"a boundary that nobody can read", []string{"role.guard", "role.limits"}, func(f *doctor.Facts) { f.Roles["warden-guard"].Value.Boundary = "{" }},
		{"a function's policy that nobody can read", []string{"function.closed"}, func(f *doctor.Facts) { f.Functions["warden-guard"].Value.Policy = "{" }},
		{"a policy above that nobody can read", []string{"scp.seen", "scp.pin"}, func(f *doctor.Facts) { f.SCPs.Value[0].Policies[1].Document = "{" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := guarded(t)
			tt.change(f)
			r := doctor.Examine(f)
			for _, c := range tt.checks {
				if got := answer(r, c); got != finding.Unknown {
					t.Errorf("%s is %s, want unknown", c, got)
				}
			}
			if r.Grade == doctor.GradeA {
				t.Error("grade A although something was not seen")
			}
		})
	}
	// Nothing at all was seen.
	empty := doctor.Examine(&doctor.Facts{Account: here, Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1"}, At: now, Want: guarded(t).Want})
	for _, res := range empty.Results {
		if res.Status == finding.Pass {
			t.Errorf("%s passes without facts: %s", res.Check, res.Evidence)
		}
	}
	if empty.Grade != doctor.GradeD {
		t.Errorf("grade %s without facts", empty.Grade)
	}
}

// A policy above the account that was not seen may stop the guard: without
// seeing it no grade above C is claimed. Where none can bind the account there
// is nothing to see, and where it is seen and stops the guard, the chain is cut.
func TestPoliciesAboveThatStopTheGuard(t *testing.T) {
	t.Parallel()
	stops := `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:AttachUserPolicy","Resource":"*"}}`
	for name, tt := range map[string]struct {
		change func(*doctor.Facts)
		check  string
		want   finding.Status
		grade  doctor.Grade
	}{
		"hidden": {func(f *doctor.Facts) { f.SCPs = doctor.Read[[]doctor.PolicyLevel]{Gap: "AccessDenied"} }, "scp.seen", finding.Unknown, doctor.GradeC},
		"not known whether there is an organisation": {func(f *doctor.Facts) { f.Org = doctor.Read[*doctor.Organization]{Gap: "AccessDenied"} }, "scp.seen", finding.Unknown, doctor.GradeC},
		"no organisation":        {func(f *doctor.Facts) { f.Org = doctor.Known[*doctor.Organization](nil) }, "scp.seen", finding.NotApplicable, doctor.GradeB},
		"the management account": {func(f *doctor.Facts) { f.Org.Value.Management = here }, "scp.seen", finding.NotApplicable, doctor.GradeB},
		"seen, and it stops the guard": {func(f *doctor.Facts) {
			l := &f.SCPs.Value[0]
			l.Policies = append(l.Policies, doctor.ServicePolicy{Name: "stop", Document: stops})
		}, "role.guard", finding.Fail, doctor.GradeD},
		"seen": {func(*doctor.Facts) {}, "scp.seen", finding.Pass, doctor.GradeA},
	} {
		f := guarded(t)
		tt.change(f)
		r := doctor.Examine(f)
		if got := answer(r, tt.check); got != tt.want || r.Grade != tt.grade {
			t.Errorf("%s: %s is %s and the grade %s, want %s and %s", name, tt.check, got, r.Grade, tt.want, tt.grade)
		}
	}
}

func TestGrades(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"A", "b", "C", "d"} {
		g, ok := doctor.ParseGrade(text)
		if !ok || g.Meaning() == "" || !doctor.GradeA.AtLeast(g) || doctor.GradeD.AtLeast(g) != (g == doctor.GradeD) {
			t.Errorf("%s: %v %v", text, g, ok)
		}
	}
	if _, ok := doctor.ParseGrade("E"); ok {
		t.Error("there is a grade E")
	}
}

func ExampleExamine() {
	f := &doctor.Facts{
		Account: "111122223333", Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1"},
		Trails: map[string]doctor.Read[[]doctor.Trail]{"us-east-1": doctor.Known([]doctor.Trail{{Name: "main", HomeRegion: "us-east-1"}})},
	}
	r := doctor.Examine(f)
	fmt.Println(r.Grade, r.Results[0].Check, r.Results[0].Status, r.Results[0].Evidence)
	// Output: D trail.logging fail trail main is stopped
}
