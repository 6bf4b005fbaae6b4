package doctor_test

import (
	"maps"
	"strings"
	"testing"

	"warden/doctor"
	"warden/finding"
)

// Each row is what somebody does who wants the guard blind, deaf or his, and
// the grade not to show it. The check that is about it must fail, and the
// grade must say how bad that is.
func TestAttacks(t *testing.T) {
	t.Parallel()
	const stranger = "999999999999"
	queue := func(change func(*doctor.Queue)) func(*doctor.Facts) {
		return func(f *doctor.Facts) { change(f.Queues["warden-guard"].Value) }
	}
	function := func(change func(*doctor.Function)) func(*doctor.Facts) {
		return func(f *doctor.Facts) { change(f.Functions["warden-guard"].Value) }
	}
	role := func(change func(*doctor.Role)) func(*doctor.Facts) {
		return func(f *doctor.Facts) { change(f.Roles["warden-guard"].Value) }
	}
	adds := func(text, statement string) string {
		return strings.Replace(strings.Replace(text, `"Statement": [`, `"Statement": [`+statement+`,`, 1), `"Statement":[`, `"Statement":[`+statement+`,`, 1)
	}
	pin := func(old, replaced string) func(*doctor.Facts) {
		return func(f *doctor.Facts) {
			p := &f.SCPs.Value[0].Policies[1]
			if !strings.Contains(p.Document, old) {
				panic("the pin has no " + old)
			}
			p.Document = strings.ReplaceAll(p.Document, old, replaced)
		}
	}
	const operators = `"arn:aws:iam::*:role/warden-operator"`
	for _, tt := range []struct {
		name, check string
		grade       doctor.Grade
		change      func(*doctor.Facts)
	}{
		{"the rule sends something else", "rules.enabled", doctor.GradeD, func(f *doctor.Facts) {
			r := &f.Rules[f.Home].Value[0]
			r.Changed = r.Targets
		}},
		{"the queue lets one account send, and one identity past the denial", "queue.policy", doctor.GradeD, queue(func(q *doctor.Queue) {
			q.Policy = adds(q.Policy, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+stranger+`:user/x"},"Action":"sqs:SendMessage","Resource":"*"}`)
			q.Policy = strings.Replace(q.Policy, `"ArnNotEquals": {`, `"ArnNotEquals": {"aws:PrincipalArn":"arn:aws:iam::`+stranger+`:user/x",`, 1)
		})},
		{"the queue lets one account read, and so take away", "queue.policy", doctor.GradeD, queue(func(q *doctor.Queue) {
			q.Policy = adds(q.Policy, `{"Effect":"Allow","Principal":{"AWS":"`+stranger+`"},"Action":["sqs:ReceiveMessage","sqs:DeleteMessage"],"Resource":"*"}`)
		})},
		{"the queue lets everybody purge it", "queue.policy", doctor.GradeD, queue(func(q *doctor.Queue) {
			q.Policy = adds(q.Policy, `{"Effect":"Allow","Principal":"*","Action":"sqs:PurgeQueue","Resource":"*"}`)
		})},
		{"the queue keeps the guard from reading", "queue.policy", doctor.GradeD, queue(func(q *doctor.Queue) {
			q.Policy = adds(q.Policy, `{"Effect":"Deny","Principal":"*","Action":"sqs:ReceiveMessage","Resource":"*"}`)
		})},
		{"the queue forgets", "queue.settings", doctor.GradeD, queue(func(q *doctor.Queue) { q.Retention = 60 })},
		{"the queue refuses what is large", "queue.settings", doctor.GradeD, queue(func(q *doctor.Queue) { q.MaxSize = 1024 })},
		{"the queue holds back", "queue.settings", doctor.GradeD, queue(func(q *doctor.Queue) { q.Delay = 900 })},
		{"the queue has a key of somebody's", "queue.settings", doctor.GradeD, queue(func(q *doctor.Queue) { q.Key = "alias/mine" })},
		{"dead letters go where nobody looks", "dead.letters", doctor.GradeC, queue(func(q *doctor.Queue) { q.DeadLetters = "arn:aws:sqs:us-east-1:111122223333:other" })},
		{"the mapping drops messages", "function.events", doctor.GradeD, function(func(f *doctor.Function) { f.Mappings[0].Filtered = true })},
		{"the function works under another role", "function.settings", doctor.GradeD, function(func(f *doctor.Function) { f.Role = "arn:aws:iam::111122223333:role/other" })},
		{"a layer", "function.settings", doctor.GradeD, function(func(f *doctor.Function) { f.Layers = []string{"arn:aws:lambda:us-east-1:111122223333:layer:x:1"} })},
		{"a wrapper", "function.settings", doctor.GradeD, func(f *doctor.Facts) { everywhere(f, "AWS_LAMBDA_EXEC_WRAPPER", "/opt/x") }},
		{"AWS is somewhere else", "function.settings", doctor.GradeD, func(f *doctor.Facts) { everywhere(f, "AWS_ENDPOINT_URL_IAM", "https://example.com") }},
		{"one function has settings of its own", "function.settings", doctor.GradeD, func(f *doctor.Facts) {
			fn := f.Functions["warden-guard-sweep"].Value
			fn.Environment = maps.Clone(fn.Environment)
			fn.Environment["EXEMPTIONS"] = "[]"
		}},
		{"no time to work", "function.settings", doctor.GradeD, function(func(f *doctor.Function) { f.Seconds = 1 })},
		{"one account may invoke", "function.closed", doctor.GradeC, function(func(f *doctor.Function) {
			f.Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + stranger + `"},"Action":"lambda:InvokeFunction","Resource":"*"}}`
		})},
		{"one account may change the code", "function.closed", doctor.GradeC, function(func(f *doctor.Function) {
			f.Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + stranger + `"},"Action":"lambda:UpdateFunctionCode","Resource":"*"}}`
		})},
		{"a boundary on the guard", "role.guard", doctor.GradeD, role(func(r *doctor.Role) {
			r.Boundary = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}}`
		})},
		{"a boundary that spares one", "role.guard", doctor.GradeD, role(func(r *doctor.Role) {
			r.Boundary = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::111122223333:user/mallory"}]}`
		})},
		{"the role spares one", "role.guard", doctor.GradeD, role(func(r *doctor.Role) {
			r.Policies = append(r.Policies, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:AttachUserPolicy","Resource":"arn:aws:iam::111122223333:user/mallory"}}`)
		})},
		{"the role may become anybody", "role.limits", doctor.GradeC, role(func(r *doctor.Role) {
			r.Policies = append(r.Policies, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)
		})},
		{"the role may read secrets", "role.limits", doctor.GradeC, role(func(r *doctor.Role) {
			r.Policies = append(r.Policies, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}}`)
		})},
		{"the role may do more at one moment", "role.limits", doctor.GradeC, role(func(r *doctor.Role) {
			r.Policies = append(r.Policies, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}}}`)
		})},
		{"one account may become the guard", "role.trust", doctor.GradeC, role(func(r *doctor.Role) {
			r.Trust = adds(r.Trust, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+stranger+`:root"},"Action":"sts:AssumeRole"}`)
		})},
		{"one user with an external id may become the guard", "role.trust", doctor.GradeC, role(func(r *doctor.Role) {
			r.Trust = adds(r.Trust, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/mallory"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}`)
		})},
		{"a provider may become the guard", "role.trust", doctor.GradeC, role(func(r *doctor.Role) {
			r.Trust = adds(r.Trust, `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.com"},"Action":"sts:AssumeRoleWithWebIdentity"}`)
		})},
		{"the ledger may be changed", "ledger.kept", doctor.GradeC, func(f *doctor.Facts) { f.TablePolicy = doctor.Known(ptr("")) }},
		{"the topic keeps the guard out", "people.told", doctor.GradeC, func(f *doctor.Facts) {
			text := adds(*f.TopicPolicy.Value, `{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}`)
			f.TopicPolicy = doctor.Known(&text)
		}},
		{"an alarm that never rings", "alarms.set", doctor.GradeC, func(f *doctor.Facts) { f.Alarms.Value[0].Threshold = 1e9 }},
		{"an alarm of something else", "alarms.set", doctor.GradeC, func(f *doctor.Facts) { f.Alarms.Value[0].Metric = "Duration" }},
		{"an alarm that tells somebody else", "alarms.set", doctor.GradeC, func(f *doctor.Facts) {
			f.Alarms.Value[0].Actions = []string{"arn:aws:sns:us-east-1:111122223333:other"}
		}},
		{"a policy above the account keeps the guard from acting", "role.guard", doctor.GradeD, func(f *doctor.Facts) {
			f.SCPs.Value[1].Policies[0].Document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:AttachUserPolicy","Resource":"*"}]}`
		}},
		{"the pin excepts some roles", "scp.pin", doctor.GradeB, pin(operators, operators+`,"arn:aws:iam::*:role/Ops*"`)},
		{"the pin excepts one user", "scp.pin", doctor.GradeB, pin(operators, operators+`,"arn:aws:iam::`+here+`:user/mallory"`)},
		{"the pin excepts who has a tag", "scp.pin", doctor.GradeB, pin(`"ArnNotLike": {`, `"StringNotEquals":{"aws:PrincipalTag/team":"ops"},"ArnNotLike": {`)},
		{"the pin excepts an address", "scp.pin", doctor.GradeB, pin(`"ArnNotLike": {`, `"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"},"ArnNotLike": {`)},
		{"the pin ends some day", "scp.pin", doctor.GradeB, pin(`"ArnNotLike": {`, `"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"ArnNotLike": {`)},
		{"the account may leave", "scp.pin", doctor.GradeB, pin(`organizations:LeaveOrganization`, `organizations:CloseAccount`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := guarded(t)
			tt.change(f)
			r := doctor.Examine(f)
			if got := answer(r, tt.check); got != finding.Fail {
				for _, res := range r.Results {
					if res.Check == tt.check {
						t.Log(res.Status, res.Evidence)
					}
				}
				t.Errorf("%s is %s, want a fail", tt.check, got)
			}
			if r.Grade != tt.grade {
				t.Errorf("grade %s, want %s: %v", r.Grade, tt.grade, r.Next)
			}
		})
	}
}

// everywhere sets a variable of every function.
func everywhere(f *doctor.Facts, name, value string) {
	for _, fn := range f.Functions {
		fn.Value.Environment = maps.Clone(fn.Value.Environment)
		fn.Value.Environment[name] = value
	}
}
