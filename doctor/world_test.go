package doctor_test

import (
	"testing"
	"time"

	"warden/deploy"
	"warden/doctor"
	"warden/guard"
)

const (
	here       = "111122223333"
	management = "999988887777"
	breakGlass = "arn:aws:iam::111122223333:user/break-glass"
	guardrail  = "arn:aws:organizations::999988887777:policy/o-abcdefghij/service_control_policy/p-guardrail"
	abroad     = "eu-west-1"
)

var (
	place = deploy.Place{Partition: "aws", Region: "us-east-1", Account: here}
	now   = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
)

// guarded are the facts of an account in which the templates were deployed and
// nothing is amiss.
func guarded(t *testing.T) *doctor.Facts {
	t.Helper()
	environment := map[string]string{
		"ADMIN_GROUP_NAME": "Administrators", "PROTECTED": breakGlass, "LEDGER_TABLE": "warden-ledger",
		"SNS_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:warden-alerts", "GUARDRAIL_POLICY_ARN": guardrail,
	}
	want := first(deploy.Wanted(place, environment))
	stack := first(deploy.Resolve("guard", place, map[string]string{"ProtectedArns": breakGlass}))
	pinned := first(deploy.Resolve("guard-organisation", deploy.Place{Partition: "aws", Region: "us-east-1", Account: management},
		map[string]string{"GuardAccountId": here}))
	document := func(s *deploy.Stack, resource, property string) string {
		return first(s.Document(resource, property))
	}
	f := &doctor.Facts{
		Account: here, Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1", abroad}, At: now, Want: want,
		Trails: map[string]doctor.Read[[]doctor.Trail]{}, Rules: map[string]doctor.Read[[]doctor.Rule]{}, Queues: map[string]doctor.Read[*doctor.Queue]{},
		Functions: map[string]doctor.Read[*doctor.Function]{}, LastRun: map[string]doctor.Read[*time.Time]{}, Roles: map[string]doctor.Read[*doctor.Role]{},
		Table:       doctor.Known(&doctor.Table{Status: "ACTIVE", DeletionProtected: true, Restore: true}),
		Subscribers: doctor.Known([]string{"email"}),
		TopicPolicy: doctor.Known(ptr(document(stack, "TopicPolicy", "PolicyDocument"))),
		TablePolicy: doctor.Known(ptr(want.TablePolicy)),
		AdminGroups: map[string]doctor.Read[*int]{"Administrators": doctor.Known(ptr(2))},
		Protected:   map[string]doctor.Read[bool]{breakGlass: doctor.Known(true)},
		Org:         doctor.Known(&doctor.Organization{ID: "o-abcdefghij", Management: management}),
		SCPs: doctor.Known([]doctor.PolicyLevel{
			{ID: "r-root", Policies: []doctor.ServicePolicy{
				{ARN: "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", Name: "FullAWSAccess", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
				{ARN: "p-pin", Name: "WardenPin", Document: document(pinned, "Pin", "Content")},
			}},
			{ID: here, Policies: []doctor.ServicePolicy{
				{ARN: "p-full", Name: "FullAWSAccess", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
				{ARN: guardrail, Name: "WardenGuardrail", Document: document(pinned, "Guardrail", "Content")},
			}},
		}),
	}
	deny := guard.DenyDocument()
	f.Policy = doctor.Known(&deny)
	for _, region := range f.Regions {
		f.Trails[region] = doctor.Known([]doctor.Trail{{
			ARN: "arn:aws:cloudtrail:us-east-1:111122223333:trail/warden", Name: "warden", HomeRegion: "us-east-1", MultiRegion: true, Global: true,
			Validation: true, Logging: true, Writes: true, Reads: true, Delivered: now.Add(-10 * time.Minute),
		}})
		wanted := want.Forward
		if region == f.Home {
			wanted = want.Rules
		}
		rules := []doctor.Rule{}
		for _, r := range wanted {
			state := "ENABLED"
			if r.Reads {
				state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
			}
			rules = append(rules, doctor.Rule{Name: r.Name, State: state, Pattern: r.Pattern, Targets: []string{r.Target}})
		}
		f.Rules[region] = doctor.Known(rules)
	}
	for _, q := range want.Queues {
		have := &doctor.Queue{ARN: q.ARN, Policy: document(stack, "QueuePolicy", "PolicyDocument"), Visibility: 360, DeadLetters: q.DeadLetters, Retention: q.Retention, MaxSize: 1 << 20}
		if q.Role != "" {
			have.Policy = document(stack, "HoldQueuePolicy", "PolicyDocument")
		}
		f.Queues[q.Name] = doctor.Known(have)
	}
	for _, fn := range want.Functions {
		have := &doctor.Function{State: "Active", LastUpdate: "Successful", Handler: fn.Handler, Runtime: "provided.al2023", CodeHash: "hash", Environment: environment, Role: fn.Role, Seconds: fn.Seconds}
		for _, q := range fn.Queues {
			have.Mappings = append(have.Mappings, doctor.Mapping{Source: q, State: "Enabled", Partial: true})
		}
		if fn.Every > 0 {
			have.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"*",
				"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:111122223333:rule/` + fn.Name + `"}}}]}`
		}
		f.Functions[fn.Name], f.LastRun[fn.Name] = doctor.Known(have), doctor.Known(ptr(now.Add(-5*time.Minute)))
	}
	for _, r := range want.Roles {
		f.Roles[r.Name] = doctor.Known(&doctor.Role{
			Trust: document(stack, "GuardRole", "AssumeRolePolicyDocument"), Policies: []string{document(stack, "GuardRolePolicy", "PolicyDocument")},
		})
	}
	alarms := []doctor.Alarm{}
	for _, a := range want.Alarms {
		alarms = append(alarms, doctor.Alarm{
			Name: a.Name, State: "OK", Actions: []string{want.Topic}, Enabled: true,
			Namespace: a.Namespace, Metric: a.Metric, Comparison: a.Comparison, Missing: a.Missing, Threshold: a.Threshold,
		})
	}
	f.Alarms = doctor.Known(alarms)
	return f
}

func ptr[T any](v T) *T { return &v }

// first is for what the templates hold, which other tests check.
func first[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
