package trail

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseEvent(t *testing.T) {
	t.Parallel()
	e, err := ParseEvent([]byte(record("A", "CreateUser")))
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "A" || e.Name != "CreateUser" || e.Source != "iam.amazonaws.com" || e.RecipientAccount != "111122223333" ||
		!e.Time.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || e.HasReadOnly || e.Envelope != nil || string(e.Raw) != record("A", "CreateUser") {
		t.Errorf("event %+v", e)
	}
	e, err = ParseEvent([]byte(envelope(record("A", "CreateUser"))))
	if err != nil {
		t.Fatal(err)
	}
	want := &Envelope{
		ID: "env-1", Source: "aws.iam", DetailType: "AWS API Call via CloudTrail", Account: "111122223333",
		Region: "us-east-1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if diff := cmp.Diff(want, e.Envelope); diff != "" || e.ID != "A" || string(e.Raw) != record("A", "CreateUser") {
		t.Errorf("envelope: %s\nevent %+v", diff, e)
	}
}

// minimal is a record of the required fields, with more before the end.
func minimal(more string) string {
	return `{"eventID":"e","eventName":"n","eventSource":"s","userIdentity":{}` + more + `}`
}

func TestParseEventOddities(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		good func(e *Event) bool
	}{
		"only the required": {minimal(""), func(e *Event) bool { return e.Time.IsZero() && e.Request == nil }},
		"nulls": {minimal(`,"requestParameters":null,"responseElements":null,"resources":null,"eventTime":null,"errorCode":null,"readOnly":null`),
			func(e *Event) bool { return e.Request == nil && e.Response == nil && !e.HasReadOnly && !e.Failed() }},
		"readOnly as text":  {minimal(`,"readOnly":"True"`), func(e *Event) bool { return e.HasReadOnly && e.ReadOnly }},
		"no such region":    {minimal(`,"awsRegion":"mars-south-9r"`), func(e *Event) bool { return e.Region == "mars-south-9r" }},
		"time of a store":   {minimal(`,"eventTime":"2025-01-21 17:39:10.000000000"`), func(e *Event) bool { return e.Time.Equal(time.Date(2025, 1, 21, 17, 39, 10, 0, time.UTC)) }},
		"time with a zone":  {minimal(`,"eventTime":"2025-01-21T17:39:10+02:00"`), func(e *Event) bool { return e.Time.Hour() == 15 }},
		"unknown keys":      {minimal(`,"somethingNew":{"a":[1]}`), func(e *Event) bool { return e.ID == "e" }},
		"text as parameter": {minimal(`,"requestParameters":"HIDDEN"`), func(e *Event) bool { return string(e.Request) == `"HIDDEN"` && e.RequestString("x") == "" }},
		"resources as ARNs": {minimal(`,"resources":["arn:aws:s3:::a",{"ARN":"arn:aws:s3:::b","type":"T"}]`),
			func(e *Event) bool {
				return len(e.Resources) == 2 && e.Resources[0].ARN == "arn:aws:s3:::a" && e.Resources[1].Type == "T"
			}},
		"empty session": {`{"eventID":"e","eventName":"n","eventSource":"s","userIdentity":{"type":"IAMUser","accessKeyId":"AKIAX","sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{}}}}`,
			func(e *Event) bool { return e.Actor().Kind == IAMUser && e.Actor().Role == nil && e.Actor().MFA == nil }},
		"MFA as a boolean": {`{"eventID":"e","eventName":"n","eventSource":"s","userIdentity":{"type":"IAMUser","sessionContext":{"attributes":{"mfaAuthenticated":true}}}}`,
			func(e *Event) bool { return *e.Actor().MFA }},
		"refused sign-in": {minimal(`,"eventName2":"","responseElements":{"ConsoleLogin":"Failure"}`), func(e *Event) bool { return !e.Failed() }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := ParseEvent([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if !tt.good(e) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestParseEventErrors(t *testing.T) {
	t.Parallel()
	tests := map[string][2]string{
		"not JSON":            {`hello`, `broken JSON at byte 0`},
		"a list":              {`[]`, `the record: a list where an object belongs`},
		"cut":                 {`{"eventID":"e"`, `broken JSON at byte 14`},
		"two records":         {minimal("") + minimal(""), `broken JSON at byte 67`},
		"nothing":             {`{}`, `not a CloudTrail record: it has no eventID, eventName, eventSource, userIdentity`},
		"no caller":           {`{"eventID":"e","eventName":"n","eventSource":"s","userIdentity":null}`, `event e has no userIdentity`},
		"empty name":          {`{"eventID":"e","eventName":"","eventSource":"s","userIdentity":{}}`, `event e has no eventName`},
		"name is a number":    {`{"eventID":"e","eventName":7}`, `eventName: a number where a string belongs`},
		"caller is text":      {`{"eventID":"e","userIdentity":"me"}`, `userIdentity: a string where an object belongs`},
		"deep wrong type":     {`{"eventID":"e","userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":7}}}}`, `userIdentity.sessionContext.attributes.mfaAuthenticated: want true or false, found 7`},
		"key twice":           {minimal(`,"eventName":"x"`), `key eventName occurs twice, at byte`},
		"key twice, caller":   {`{"userIdentity":{"arn":"a","arn":"b"}}`, `key userIdentity.arn occurs twice`},
		"key twice, request":  {minimal(`,"requestParameters":{"userName":"a","userName":"b"}`), `key requestParameters.userName occurs twice`},
		"key twice, envelope": {strings.Replace(envelope(minimal("")), `"account"`, `"account":"444455556666","account"`, 1), `key account occurs twice`},
		"key twice, detail":   {envelope(minimal(`,"eventName":"x"`)), `key detail.eventName occurs twice`},
		"not a time":          {minimal(`,"eventTime":"yesterday"`), `event e: eventTime: "yesterday" is not a time`},
		"other event":         {`{"detail-type":"EC2 Instance State-change Notification","detail":{}}`, `EventBridge event of detail-type "EC2 Instance State-change Notification" carries no CloudTrail record`},
		"detail and record":   {minimal(`,"detail":{}`), `both a CloudTrail record and an EventBridge envelope`},
		"detail incomplete":   {envelope(`{"eventID":"e"}`), `detail: event e has no eventName, eventSource, userIdentity`},
		"envelope in one":     {envelope(envelope(minimal(""))), `detail: an envelope in an envelope`},
		"Insights":            {`{"eventType":"AwsCloudTrailInsight","eventID":"e"}`, `a CloudTrail Insights event`},
		"bad resources":       {minimal(`,"resources":{"ARN":"x"}`), `event e: resources: the record: an object where a list belongs`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseEvent([]byte(tt[0]))
			if err == nil || !strings.HasPrefix(err.Error(), tt[1]) {
				t.Errorf("error %v, want %s", err, tt[1])
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(record("A", "CreateUser")))
	f.Add([]byte(envelope(minimal(`,"readOnly":"true"`))))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := ParseEvent(in)
		if err != nil {
			return
		}
		if e.ID == "" || e.Name == "" || e.Source == "" {
			t.Fatalf("incomplete event from %s", in)
		}
		a := e.Actor()
		if a.Kind == "" {
			t.Fatalf("no kind from %s", in)
		}
		e.RequestString("a", "b")
		e.HasRequest("a")
	})
}
