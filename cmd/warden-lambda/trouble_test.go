package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
	"warden/respond"
)

// What is no batch of messages is an error of the function, which is alarmed:
// an answer without failures would say that it was dealt with, and an event
// that somebody leads here past the queue would be lost.
func wrongPayloads(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	l := startFunction(t, program, w.env)
	for name, payload := range map[string]json.RawMessage{
		"nothing":               json.RawMessage(`{}`),
		"null":                  json.RawMessage(`null`),
		"a list":                json.RawMessage(`[]`),
		"a text":                json.RawMessage(`"Records"`),
		"no records":            json.RawMessage(`{"Records": null}`),
		"an event of the bus":   json.RawMessage(message.Body),
		"records of SNS":        json.RawMessage(`{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{}"}}]}`),
		"messages without ids":  json.RawMessage(`{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`),
		"records of other kind": json.RawMessage(`{"Records":"all"}`),
	} {
		if a := l.invoke(payload, minute); !a.failed || !strings.Contains(a.body, "not a batch of messages") {
			t.Errorf("%s: answer %+v, want an error", name, a)
		}
	}
	// It goes on.
	if got := failures(t, l.invoke(batchOf(message), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
}

// A standard queue may deliver a message twice, in one batch too: both copies
// have the same id, which is named once when it fails. Source: Amazon SQS
// Developer Guide, "Standard queues at-least-once delivery".
func sameIDTwice(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	copied := message
	copied.ReceiptHandle += "-2"
	l := startFunction(t, program, w.env)
	<-l.polled
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "AttachUserPolicy" {
			return broken
		}
		return pass
	})
	if got := failures(t, l.invoke(batchOf(message, copied), minute)); !cmp.Equal(got, []string{message.MessageId}) {
		t.Errorf("failures %v, want %s once", got, message.MessageId)
	}
	w.gate.failing(nil)
	for again := true; again; {
		again = len(failures(t, l.invoke(batchOf(message, copied), minute))) > 0
	}
	if n, _ := w.gate.called("Publish"); n != 1 || !w.contained(w.Truth.Intruder) {
		t.Errorf("told %d times, contained %v", n, w.contained(w.Truth.Intruder))
	}
}

// Messages as large as SQS takes (1 MiB; Amazon SQS Developer Guide, "Amazon
// SQS message quotas") are dealt with as others are. An intruder must not be
// able to make his event too large for the ledger.
func hugeEvents(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	const room = 1<<20 - 16<<10
	huge := message
	huge.MessageId = "huge"
	huge.Body = strings.Replace(message.Body, `"requestParameters":{`, `"requestParameters":{"path":"/`+strings.Repeat("<é\\u0000", room/24)+`/","tags":[`+strings.TrimSuffix(strings.Repeat(`{"key":"k","value":"v"},`, room/2/30), ",")+`],`, 1)
	if huge.Body == message.Body || len(huge.Body) < room/2 || len(huge.Body) > 1<<20 {
		t.Fatalf("the event has %d bytes", len(huge.Body))
	}
	garbage := events.SQSMessage{MessageId: "garbage", ReceiptHandle: "r", Body: strings.Repeat("{", 1<<20), EventSourceARN: message.EventSourceARN}
	deep := events.SQSMessage{MessageId: "deep", ReceiptHandle: "r", Body: `{"detail":` + strings.Repeat(`[`, 400_000), EventSourceARN: message.EventSourceARN}
	agent := events.SQSMessage{MessageId: "agent", ReceiptHandle: "r", Body: strings.NewReplacer(`"userAgent":"`, `"userAgent":"`+strings.Repeat("x", room), `"eventID":"`, `"eventID":"a`).Replace(message.Body), EventSourceARN: message.EventSourceARN}
	l := startFunction(t, program, w.env)
	for range 2 {
		for _, batch := range [][]events.SQSMessage{{huge}, {garbage, deep}, {agent}} {
			for tries := 0; ; tries++ {
				got := failures(t, l.invoke(batchOf(batch...), minute))
				if len(got) == 0 {
					break
				}
				if tries == 3 {
					t.Fatalf("%s: still failing: %v", batch[0].MessageId, got)
				}
			}
		}
	}
	if !w.contained(w.Truth.Intruder) {
		t.Error("the intruder is not contained")
	}
	if n := w.entries(ledger.BadInput); n != 2 {
		t.Errorf("%d inputs were kept for inspection, want 2", n)
	}
	if n, _ := w.gate.called("Publish"); n != 3 { // of the containment, and of two messages that could not be read
		t.Errorf("told %d times", n)
	}
	for line := range strings.Lines(l.out.String()) {
		if len(line) > 64<<10 {
			t.Errorf("a line of the log has %d bytes: %.200s", len(line), line)
		}
	}
}

// Settings that name what is not there: the function says so and fails, so
// that its errors are alarmed and the messages come again; nobody is contained
// whom the right settings would not.
func wrongSettings(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	l := startFunction(t, program, w.with("LEDGER_TABLE", "no-such-table"))
	if a := l.invoke(batchOf(message), minute); !a.failed || !strings.Contains(a.body, "not ready") || !strings.Contains(a.body, "no-such-table") {
		t.Errorf("without its table: answer %+v", a)
	}
	if w.contained(w.Truth.Intruder) {
		t.Error("contained without a ledger to undo it from")
	}
	l.end()

	// An administrator by the default group, which an empty variable means.
	w.create(w.Truth.Administrator, "colleague")
	admins := w.delivered("CreateUser", 2)
	l = startFunction(t, program, w.with("ADMIN_GROUP_NAME", ""))
	if got := failures(t, l.invoke(batchOf(admins...), minute)); len(got) != 0 || w.contained(w.Truth.Administrator) || !w.contained(w.Truth.Intruder) {
		t.Errorf("ADMIN_GROUP_NAME empty: failures %v, administrator contained %v, intruder %v", got, w.contained(w.Truth.Administrator), w.contained(w.Truth.Intruder))
	}
}

// A function that is ended in the middle of its work (the environment is shut
// down, or it ran out of memory) leaves its messages to another, which
// finishes what was begun: once.
func endedAtWork(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	message := w.delivered("CreateUser", 1)[0]
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		l := startFunction(t, program, w.env)
		<-l.polled
		reached := make(chan struct{}, 1)
		w.gate.failing(func(operation string, _ int) fault {
			if operation != "AttachUserPolicy" {
				return pass
			}
			select {
			case reached <- struct{}{}:
			default:
			}
			return hang
		})
		// What another has begun is taken over after a while.
		for working, deadline := true, time.Now().Add(3*time.Minute); working; {
			answered, _ := l.begin(batchOf(message), minute)
			select {
			case <-reached:
				working = false
			case <-answered:
				time.Sleep(time.Second)
			}
			if time.Now().After(deadline) {
				t.Fatal("it does not attach the policy")
			}
		}
		must(t, l.process.Signal(signal))
		<-l.exited
		if w.contained(w.Truth.Intruder) {
			t.Fatal("contained by a call that did not arrive")
		}
	}
	w.gate.failing(nil)
	l := startFunction(t, program, w.env)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		if got := failures(t, l.invoke(batchOf(message), minute)); len(got) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what the dead had begun is not taken over")
		}
	}
	if !w.contained(w.Truth.Intruder) {
		t.Error("the intruder is not contained")
	}
	attached, _ := w.gate.called("AttachUserPolicy")
	told, _ := w.gate.called("Publish")
	if attached != 1 || told != 1 || w.entries(ledger.PlanRecorded) != 1 {
		t.Errorf("attached %d times, told %d times, %d plans", attached, told, w.entries(ledger.PlanRecorded))
	}
}

// A message that brings the program down is one that failed, and no other.
func TestPanicIsOneFailure(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	g := &guardFunction{&guards{log: slog.New(slog.NewTextHandler(&out, nil)), responders: map[string]*respond.Responder{"": nil}}}
	good := events.SQSMessage{MessageId: "good", Body: "not an event"}
	bad := events.SQSMessage{MessageId: "bad", Body: `{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"111122223333","time":"2026-05-04T10:00:00Z","region":"us-east-1","resources":[],"detail":{"eventVersion":"1.08","eventID":"e","eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-05-04T10:00:00Z","awsRegion":"us-east-1","userIdentity":{"type":"IAMUser"}}}`}
	failed := g.unfinished(t.Context(), []events.SQSMessage{good, bad})
	if len(failed) != 1 || failed[0].MessageId != "bad" {
		t.Errorf("failed: %v\n%s", failed, out.String())
	}
	if !strings.Contains(out.String(), "message=bad") || !strings.Contains(out.String(), "trouble_test.go") && !strings.Contains(out.String(), "guard.go") {
		t.Errorf("the log does not say where: %s", fmt.Sprint(out.String()))
	}
}
