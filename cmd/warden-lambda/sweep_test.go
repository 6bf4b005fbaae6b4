package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
	"warden/respond"
)

// tick is what a schedule of EventBridge gives the function. Source:
// EventBridge User Guide, "Creating a rule that runs on a schedule".
var tick = events.EventBridgeEvent{
	ID: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", DetailType: "Scheduled Event", Source: "aws.events", AccountID: "111122223333",
	Region: "us-east-1", Resources: []string{"arn:aws:events:us-east-1:111122223333:rule/warden-sweep"}, Detail: json.RawMessage(`{}`),
}

func sweepReports(t *testing.T, a answer) respond.SweepReport {
	t.Helper()
	var reports []respond.SweepReport
	if err := json.Unmarshal([]byte(a.body), &reports); a.failed || err != nil || len(reports) != 1 {
		t.Fatalf("answer %+v: %v", a, err)
	}
	return reports[0]
}

// sweeper is the world's function with the handler sweep.
func (w *world) sweeper(t *testing.T, program string) *lambdaService {
	return startFunction(t, program, w.with("_HANDLER", "sweep"))
}

// What the queue never brought is dealt with, and what was acted on is
// confirmed by the next sweep.
func sweeps(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	l := w.sweeper(t, program)
	report := sweepReports(t, l.invoke(tick, minute))
	if len(report.Early) != 1 || report.Early[0].Action != respond.Contained || len(report.Windows) != 3 || !report.Complete() {
		t.Errorf("the first sweep: %+v", report)
	}
	if !w.contained(w.Truth.Intruder) {
		t.Error("the intruder is not contained")
	}
	report = sweepReports(t, l.invoke(tick, minute))
	if len(report.Early) != 0 || report.Confirmed != 1 || report.Rechecked != 1 {
		t.Errorf("the second sweep: %+v", report)
	}
	for kind, want := range map[ledger.Kind]int{ledger.PlanRecorded: 1, ledger.EventConfirmed: 1, ledger.Swept: 1} {
		if got := w.entries(kind); got != want {
			t.Errorf("%d entries %s, want %d", got, kind, want)
		}
	}

	// The queue brings the event at last: it is known.
	guard := startFunction(t, program, w.env)
	if got := failures(t, guard.invoke(batchOf(w.delivered("CreateUser", 1)...), minute)); len(got) != 0 {
		t.Errorf("failures %v", got)
	}
	if n, _ := w.gate.called("AttachUserPolicy"); n != 1 {
		t.Errorf("AttachUserPolicy was called %d times", n)
	}

	// What the sweep's function did, in its own session of the same role, is
	// warden's own doing.
	incidents := w.entries(ledger.IncidentOpened)
	swept := w.delivered("AttachUserPolicy", 1)
	swept[0].Body = strings.NewReplacer("/warden-guard\"", "/warden-guard-sweep\"", ":warden-guard\"", ":warden-guard-sweep\"").Replace(swept[0].Body)
	if !strings.Contains(swept[0].Body, "/warden-guard-sweep\"") {
		t.Fatalf("not a session's: %s", swept[0].Body)
	}
	if got := failures(t, guard.invoke(batchOf(swept...), minute)); len(got) != 0 || w.entries(ledger.IncidentOpened) != incidents {
		t.Errorf("failures %v, %d incidents, want %d", got, w.entries(ledger.IncidentOpened), incidents)
	}
}

func sweepsInTrouble(t *testing.T, w *world, program string) {
	users := w.users(2)
	w.create(users[0], "made")
	l := w.sweeper(t, program)
	<-l.polled

	// Throttling that ends is not noticed.
	w.gate.failing(func(operation string, n int) fault {
		if operation == "LookupEvents" && n <= 2 {
			return throttle
		}
		return pass
	})
	if report := sweepReports(t, l.invoke(tick, minute)); !report.Complete() || !w.contained(users[0]) {
		t.Errorf("throttled: %+v", report)
	}

	// IAM that fails: the function fails, and the next sweep finishes.
	w.create(users[1], "made-too")
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "AttachUserPolicy" {
			return broken
		}
		return pass
	})
	if a := l.invoke(tick, minute); !a.failed || !strings.Contains(a.body, "not complete") || w.contained(users[1]) {
		t.Errorf("IAM fails: %+v", a)
	}
	w.gate.failing(nil)
	report := sweepReports(t, l.invoke(tick, minute))
	if len(report.Unfinished) != 1 || !w.contained(users[1]) {
		t.Errorf("IAM answers again: %+v", report)
	}

	// A history that does not answer: the function does, in time.
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "LookupEvents" {
			return hang
		}
		return pass
	})
	start := time.Now()
	if a := l.invoke(tick, 6*time.Second); !a.failed || a.at.Sub(start) > 6*time.Second {
		t.Errorf("no answer from the history: %+v after %s", a, a.at.Sub(start))
	}
	w.gate.failing(nil)
	if report := sweepReports(t, l.invoke(tick, minute)); report.Findings() {
		t.Errorf("all is well: %+v", report)
	}
	if diff := cmp.Diff([]string{"us-east-1"}, regionsOf(report)); diff != "" {
		t.Errorf("regions: %s", diff)
	}
}

func regionsOf(r respond.SweepReport) []string {
	var out []string
	for _, w := range r.Windows {
		if len(out) == 0 || out[len(out)-1] != w.Region {
			out = append(out, w.Region)
		}
	}
	return out
}
