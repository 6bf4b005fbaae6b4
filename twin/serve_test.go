package twin

import (
	"net/http"
	"testing"

	"warden/twin/wire"
)

// TestNoOperationFailsOnNothing sends every operation without parameters: it
// answers or refuses, and never fails itself.
func TestNoOperationFailsOnNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{})
	id, secret := w.key(w.truth.Administrator)
	for _, s := range services {
		for name := range registry()[s.name] {
			r := raw{service: s.name, region: "us-east-1", id: id, secret: secret, at: w.now()}
			if s.protocol == queryProtocol {
				r.body = "Action=" + name + "&Version=" + s.version
			} else {
				r.target, r.body = s.target+name, "{}"
			}
			status, code, message := w.send(r)
			if status >= http.StatusInternalServerError || status != http.StatusOK && (code == "" || message == "") {
				t.Errorf("%s:%s: %d %s %s", s.name, name, status, code, message)
			}
		}
	}
}

// FuzzServe: whatever an authenticated client sends, the twin answers and
// does not fail. The signature is left out of the way.
func FuzzServe(f *testing.F) {
	f.Add("iam", "CreateUser", "UserName=a&Tags.member.1.Key=k")
	f.Add("sts", "AssumeRole", "RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=ab")
	f.Add("sns", "Publish", "TopicArn=arn:aws:sns:us-east-1:123456789012:t&Message=m&MessageAttributes.entry.1.Name=a")
	f.Add("sqs", "CreateQueue", `{"QueueName":"q","Attributes":{"Policy":"{}"}}`)
	f.Add("events", "PutRule", `{"Name":"r","EventPattern":"{\"a\":[1]}"}`)
	f.Add("cloudtrail", "LookupEvents", `{"MaxResults":1,"StartTime":1}`)
	t, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, service, name, body string) {
		o, ok := t.operations[service][name]
		if !ok || name == "ReceiveMessage" { // which may wait
			return
		}
		q := &request{call: &call{t: t, service: service, operation: name, region: "us-east-1", now: t.now(), requestID: "r"}, body: []byte(body)}
		for _, s := range services {
			if s.name == service {
				q.service = s
			}
		}
		if q.service.protocol == queryProtocol {
			if q.query, err = wire.ParseQuery(body); err != nil {
				return
			}
		}
		in := o.newInput()
		decodeErr := q.decode(in)
		out, err := t.perform(q.call, o, t.root.id, in, decodeErr)
		if err != nil && asAPIError(err, q.service.protocol).Status >= 500 {
			tt.Errorf("%s:%s %q: %v", service, name, body, err)
		}
		r := q.call.record(q.service, in, out, err)
		if _, err := decodeEvent(r.json); err != nil {
			tt.Errorf("the record %s is no JSON: %v", r.json, err)
		}
	})
}
