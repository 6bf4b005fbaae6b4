package replay_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"warden/policy"
	"warden/trail"
	"warden/trail/replay"
	"warden/trail/request"
)

// under is a subject with these identity policies.
func under(t testing.TB, texts ...string) replay.Subject {
	t.Helper()
	var docs []*policy.Document
	for i, text := range texts {
		d, err := policy.Parse(fmt.Sprintf("policy%d", i), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, d)
	}
	return func(by trail.Actor, r request.Request, context policy.Context) replay.Question {
		return replay.Question{
			Request: policy.Request{Principal: policy.Principal{Type: policy.User, ARN: by.ARN, Account: by.Account}, Action: r.Action,
				Resource: policy.Resource{ARN: r.Resource, Account: by.Account}, Context: context},
			Policies: policy.Policies{Identity: docs},
		}
	}
}

func call(t testing.TB, id, name, rest string) *trail.Event {
	t.Helper()
	source := "s3.amazonaws.com"
	if strings.Contains(name, ":") {
		source, name, _ = strings.Cut(name, ":")
		source += ".amazonaws.com"
	}
	e, err := trail.ParseEvent([]byte(fmt.Sprintf(`{"eventID":%q,"eventType":"AwsApiCall","eventSource":%q,"eventName":%q,"eventTime":"2026-01-02T03:04:0%sZ","awsRegion":"us-east-1","recipientAccountId":"111122223333",
		"sourceIPAddress":"203.0.113.9","userIdentity":{"type":"IAMUser","principalId":"AIDA1","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann","accessKeyId":"AKIA1"}%s}`,
		id, source, name, id, rest)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const (
	all     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","iam:*"],"Resource":"*"}}`
	data    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}}`
	network = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}}`
	tagged  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/public":"yes"}}}}`
	noBen   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Sid":"Ben","Effect":"Deny","Action":"iam:DeleteUser","Resource":"arn:aws:iam::*:user/ops/ben"}]}`
	noUsers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Sid":"Users","Effect":"Deny","Action":"iam:*User","Resource":"*"}]}`
)

func TestReplay(t *testing.T) {
	t.Parallel()
	const object = `,"requestParameters":{"bucketName":"data","key":"k"}`
	const other = `,"requestParameters":{"bucketName":"other","key":"k"}`
	const ben = `,"requestParameters":{"userName":"ben"}`
	for _, test := range []struct {
		name          string
		before, after []string
		event, rest   string
		want          string
	}{
		{"stays allowed", []string{all}, []string{data}, "GetObject", object, "allowed → allowed policy0:1:37 statement 0 Allow"},
		{"taken away", []string{all}, []string{data}, "GetObject", other, "allowed → denied"},
		{"the record has the address", []string{all}, []string{network}, "GetObject", object, "allowed → allowed policy0:1:37 statement 0 Allow"},
		{"the record has no tags of objects", []string{all}, []string{tagged}, "GetObject", object, "allowed → cannot tell needs s3:existingobjecttag/public"},
		{"a user without his path, nothing narrow", []string{all}, []string{all}, "iam:DeleteUser", ben, "allowed → allowed policy0:1:37 statement 0 Allow"},
		{"a user without his path, one is denied", []string{all}, []string{noBen}, "iam:DeleteUser", ben, "allowed → cannot tell needs the user"},
		{"a user without his path, all are denied", []string{all}, []string{noUsers}, "iam:DeleteUser", ben, "allowed → denied policy0:1:89 statement 1 (Users) Deny"},
		{"a user without his path, no word of it", []string{all}, []string{data}, "iam:DeleteUser", ben, "allowed → denied"},
		{"allowed by what nobody gave", []string{data}, []string{data}, "GetObject", other, "denied → cannot tell needs what allowed the call: none of the policies given does"},
		{"was refused, would be allowed", []string{data}, []string{all}, "GetObject", other + `,"errorCode":"AccessDenied"`, "refused denied → allowed policy0:1:37 statement 0 Allow"},
		{"was refused and is", []string{data}, []string{data}, "GetObject", other + `,"errorCode":"AccessDenied"`, "refused denied → denied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := replay.Replay{Before: under(t, test.before...), After: under(t, test.after...)}
			r.Add(call(t, "1", test.event, test.rest))
			report := r.Report()
			if len(report.Calls) != 1 {
				t.Fatalf("%+v", report)
			}
			if got := show(report.Calls[0]); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func show(c replay.Call) string {
	s := fmt.Sprintf("%s → %s", c.Before, c.After)
	if c.Refused {
		s = "refused " + s
	}
	if c.Needs != nil {
		s += " needs " + strings.Join(c.Needs, ", ")
	}
	if c.Statement != nil {
		s += " " + c.Statement.String()
	}
	return s
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := replay.Replay{Before: under(t, all), After: under(t, data)}
	r.Add(call(t, "5", "GetObject", `,"requestParameters":{"bucketName":"data","key":"k"}`))
	r.Add(call(t, "3", "GetObject", `,"requestParameters":{"bucketName":"other","key":"k"}`))
	r.Add(call(t, "1", "GetObject", `,"requestParameters":{"bucketName":"other","key":"k"}`))
	r.Add(call(t, "2", "madeup:Nothing", ""))
	got := r.Report()
	if got.Events != 3 || got.NotMapped["madeup.amazonaws.com Nothing"] != 1 || got.From.Second() != 1 || got.To.Second() != 5 {
		t.Errorf("%+v", got)
	}
	if len(got.Calls) != 2 || got.Calls[0].After != replay.Denied || got.Calls[0].Count != 2 || got.Calls[0].LastID != "3" || got.Calls[0].First.Second() != 1 {
		t.Errorf("%+v", got.Calls)
	}
	if got.Count(replay.Denied) != 2 || got.Count(replay.Allowed) != 1 {
		t.Errorf("%d denied, %d allowed", got.Count(replay.Denied), got.Count(replay.Allowed))
	}
	if !slices.IsSortedFunc(got.Calls, func(a, b replay.Call) int { return strings.Compare(string(b.After), string(a.After)) }) {
		t.Error("what is denied comes first")
	}
}
