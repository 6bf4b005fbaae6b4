package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
)

// holding gives the world's function a hold queue.
func (w *world) holding() {
	w.t.Helper()
	queue, err := w.Admin.SQS.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("warden-guard-hold")})
	must(w.t, err)
	w.env["HOLD_QUEUE_URL"] = aws.ToString(queue.QueueUrl)
}

// strip takes the containment off a user, as an accomplice would.
func (w *world) strip(user string) {
	w.t.Helper()
	_, err := w.Admin.IAM.DetachUserPolicy(w.t.Context(), &iam.DetachUserPolicyInput{
		UserName: aws.String(user), PolicyArn: aws.String("arn:aws:iam::" + w.Account + ":policy/DENY-IAM")})
	must(w.t, err)
}

// look is a message as the hold queue brings it.
func (w *world) look(id, body string) events.SQSMessage {
	return events.SQSMessage{
		MessageId: id, ReceiptHandle: "receipt of " + id, Body: body, EventSource: "aws:sqs", AWSRegion: "us-east-1",
		EventSourceARN: "arn:aws:sqs:us-east-1:" + w.Account + ":warden-guard-hold",
	}
}

// ordered reads the looks out of a call of SendMessageBatch, with their
// delays.
func ordered(t *testing.T, body string) (looks []string, delays []int) {
	t.Helper()
	var call struct {
		QueueUrl string
		Entries  []struct {
			MessageBody  string
			DelaySeconds int
		}
	}
	must(t, json.Unmarshal([]byte(body), &call))
	u, err := url.Parse(call.QueueUrl)
	must(t, err)
	if path.Base(u.Path) != "warden-guard-hold" {
		t.Errorf("sent to %s", call.QueueUrl)
	}
	for _, e := range call.Entries {
		looks, delays = append(looks, e.MessageBody), append(delays, e.DelaySeconds)
	}
	return looks, delays
}

// contain lets the function contain the intruder and returns the looks that
// it orders.
func (w *world) contain(t *testing.T, l *lambdaService) []string {
	t.Helper()
	w.intrude(w.Truth.Intruder, "backdoor")
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(w.delivered("CreateUser", 1)...), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Fatalf("failures %v", got)
	}
	n, body := w.gate.called("SendMessageBatch")
	if n != 1 {
		t.Fatalf("looks were ordered %d times", n)
	}
	looks, delays := ordered(t, body)
	if diff := cmp.Diff([]int{2, 5, 10, 30, 120}, delays); diff != "" {
		t.Errorf("delays: %s", diff)
	}
	return looks
}

// After a containment the function orders its looks; one that finds the
// containment taken away puts it back and begins anew.
func looksAgain(t *testing.T, w *world, program string) {
	w.holding()
	l := startFunction(t, program, w.env)
	looks := w.contain(t, l)

	// The first comes by itself.
	var first events.SQSMessage
	for deadline := time.Now().Add(minute); first.Body == ""; {
		if time.Now().After(deadline) {
			t.Fatal("no look came")
		}
		out, err := w.Admin.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(w.env["HOLD_QUEUE_URL"]), WaitTimeSeconds: 5, MaxNumberOfMessages: 1})
		must(t, err)
		for _, m := range out.Messages {
			first = w.look(aws.ToString(m.MessageId), aws.ToString(m.Body))
		}
	}
	if first.Body != looks[0] {
		t.Errorf("the first look is %s, ordered was %s", first.Body, looks[0])
	}
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(first), minute)); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	if n, _ := w.gate.called("SendMessageBatch"); n != 0 {
		t.Error("looks were ordered although nothing was taken away")
	}

	w.strip(w.Truth.Intruder)
	if got := failures(t, l.invoke(batchOf(w.look("second", looks[1])), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
	if n, body := w.gate.called("SendMessageBatch"); n != 1 {
		t.Errorf("the looks began anew %d times", n)
	} else if anew, _ := ordered(t, body); !cmp.Equal(anew, looks) {
		t.Errorf("ordered %v, want %v", anew, looks)
	}

	// What nobody ordered changes nothing and is kept.
	incident := strings.Split(looks[0], `"`)[3]
	forged := []events.SQSMessage{
		w.look("garbage", "{"),
		w.look("nobody", `{"incident":"inc-0000000000000000","look":1,"account":"`+w.Account+`"}`),
		w.look("stranger", `{"incident":"`+incident+`","look":1,"account":"777788889999"}`),
		w.look("sixth", `{"incident":"`+incident+`","look":6,"account":"`+w.Account+`"}`),
		w.look("event", `{"eventID":"1","eventName":"CreateUser","eventSource":"iam.amazonaws.com"}`),
	}
	if got := failures(t, l.invoke(batchOf(forged...), minute)); len(got) != 0 || w.entries(ledger.BadInput) != len(forged) {
		t.Errorf("failures %v, %d kept of %d", got, w.entries(ledger.BadInput), len(forged))
	}
	// A look that comes by the events' queue is no event.
	astray := w.look("astray", looks[0])
	astray.EventSourceARN = "arn:aws:sqs:us-east-1:" + w.Account + ":warden-guard"
	if got := failures(t, l.invoke(batchOf(astray), minute)); len(got) != 0 || w.entries(ledger.BadInput) != len(forged)+1 {
		t.Errorf("failures %v, %d kept", got, w.entries(ledger.BadInput))
	}
}

func looksInTrouble(t *testing.T, w *world, program string) {
	w.holding()
	l := startFunction(t, program, w.env)
	<-l.polled

	// Looks that cannot be ordered do not undo the containment.
	w.intrude(w.Truth.Intruder, "backdoor")
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "SendMessageBatch" {
			return broken
		}
		return pass
	})
	if got := failures(t, l.invoke(batchOf(w.delivered("CreateUser", 1)...), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
	if !strings.Contains(l.out.String(), "not looked at again before the next sweep") {
		t.Error("the log does not say that nobody looks again")
	}
	var incident string
	for e, err := range w.store.Entries(t.Context(), ledger.Query{Kinds: []ledger.Kind{ledger.EventJoined}}) {
		must(t, err)
		incident = e.Incident
	}
	second := w.look("second", fmt.Sprintf(`{"incident":%q,"look":2,"account":%q}`, incident, w.Account))
	w.strip(w.Truth.Intruder)

	for _, tt := range []struct {
		name      string
		operation string
		fault     fault
		timeout   time.Duration
	}{
		{"throttled", "ListAttachedUserPolicies", throttle, minute},
		{"failing", "AttachUserPolicy", broken, minute},
		{"no answer", "ListAttachedUserPolicies", hang, 6 * time.Second},
	} {
		w.gate.failing(func(operation string, _ int) fault {
			if operation == tt.operation {
				return tt.fault
			}
			return pass
		})
		if got := failures(t, l.invoke(batchOf(second), tt.timeout)); !cmp.Equal(got, []string{"second"}) || w.contained(w.Truth.Intruder) {
			t.Errorf("%s: failures %v, contained %v", tt.name, got, w.contained(w.Truth.Intruder))
		}
		if n, body := w.gate.called("ChangeMessageVisibilityBatch"); n != 1 || !strings.Contains(body, "warden-guard-hold") {
			t.Errorf("%s: %d calls to make the message visible soon: %s", tt.name, n, body)
		}
	}
	w.gate.failing(nil)
	if got := failures(t, l.invoke(batchOf(second), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("all is well: failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
}
