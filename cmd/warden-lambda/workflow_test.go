package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
	"warden/deploy"
)

// states is the Step Functions side of the workflow: it answers every call,
// as told, and remembers them.
type states struct {
	server *httptest.Server
	mu     sync.Mutex
	calls  []string // operation and body
	fail   string   // the error of StartExecution, "" for none
}

func newStates(t *testing.T) *states {
	s := &states{}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, operation+" "+string(body))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if s.fail != "" && operation == "StartExecution" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"`+s.fail+`","message":"no"}`)
			return
		}
		_, _ = io.WriteString(w, `{"executionArn":"arn:aws:states:us-east-1:111122223333:execution:warden-guard:x","startDate":1}`)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *states) failing(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = name
}

func (s *states) called(operation string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.calls), func(c string) bool { return !strings.HasPrefix(c, operation+" ") })
}

// asking is the world's environment in the mode workflow.
func (w *world) asking(s *states, handler string) map[string]string {
	env := w.with("_HANDLER", handler)
	env["RESPONSE_MODE"], env["STATE_MACHINE_ARN"] = "workflow", "arn:aws:states:us-east-1:111122223333:stateMachine:warden-guard"
	env["AWS_ENDPOINT_URL_SFN"] = s.server.URL
	return env
}

// asksFirst walks through the steps of the state machine, each of them twice:
// Step Functions tries a step again whose answer it did not get.
func asksFirst(t *testing.T, w *world, program string) {
	intruder, err := w.Clients(w.Truth.Intruder)
	must(t, err)
	_, err = intruder.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
	must(t, err)
	event := json.RawMessage(w.delivered("CreateAccessKey", 1)[0].Body)
	sf := newStates(t)
	l := startFunction(t, program, w.asking(sf, "workflow"))
	do := func(s step) stepAnswer {
		t.Helper()
		var a stepAnswer
		for range 2 {
			got := l.invoke(s, minute)
			if got.failed {
				t.Fatalf("%s: %s", s.Step, got.body)
			}
			must(t, json.Unmarshal([]byte(got.body), &a))
		}
		return a
	}
	refused := func(s step, why string) {
		t.Helper()
		if got := l.invoke(s, minute); !got.failed || !strings.Contains(got.body, `"errorType":"`+why+`"`) {
			t.Errorf("%s: %+v, want %s", s.Step, got, why)
		}
	}
	if a := do(step{Step: "judge", Event: event}); a.Verdict != "contain" || a.Account != w.Account || w.contained(w.Truth.Intruder) {
		t.Errorf("judge: %+v", a)
	}
	a := do(step{Step: "contain", Event: event})
	if a.Action == "" || !w.contained(w.Truth.Intruder) {
		t.Fatalf("contain: %+v", a)
	}
	do(step{Step: "verify", Account: a.Account, Incident: a.Incident})
	told := do(step{Step: "notify", Event: event})
	if len(told.Proposals) != 1 || told.Incident != a.Incident {
		t.Fatalf("notify: %+v", told)
	}
	ask := step{Account: told.Account, Incident: told.Incident, Plan: told.Proposals[0]}
	ask.Step, ask.Token = "propose", "the-token"
	do(ask)
	if n := len(sf.called("SendTaskSuccess")); n != 0 {
		t.Errorf("%d decisions before anybody decided", n)
	}
	act := ask
	act.Step, act.Token = "act", ""
	refused(act, refusedError)

	l2 := ledger.New(w.store, nil)
	_, arn, id, err := w.keyOf(w.Truth.Administrator).Caller(t.Context())
	must(t, err)
	if ok, err := l2.Approve(t.Context(), ask.Plan, ledger.Approval{By: arn, ByID: id}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	do(ask) // a second workflow that comes to wait when it is decided
	if got := sf.called("SendTaskSuccess"); len(got) != 2 || !strings.Contains(got[0], "the-token") {
		t.Errorf("the workflow was not told: %v", got)
	}
	do(act)
	act.Step = "verify-act"
	do(act)
	act.Step = "notify-act"
	do(act)
	for kind, want := range map[ledger.Kind]int{ledger.PlanRecorded: 2, ledger.PlanProposed: 1, ledger.PlanApproved: 1, ledger.TaskWaiting: 1} {
		if got := w.entries(kind); got != want {
			t.Errorf("%d entries %s, want %d", got, kind, want)
		}
	}
	if n, _ := w.gate.called("UpdateAccessKey"); n != 1 {
		t.Errorf("UpdateAccessKey was called %d times", n)
	}
	if n, _ := w.gate.called("Publish"); n != 3 {
		t.Errorf("%d messages, want contained, asks and carried out, once each", n)
	}
	refused(step{Step: "fly"}, refusedError)
	refused(step{Step: "judge", Event: json.RawMessage(`{}`)}, refusedError)
	refused(step{Step: "act", Plan: "none"}, refusedError)
	if strings.Contains(l.out.String(), "the-token") {
		t.Error("the log has the token")
	}
}

// handsOver lets the guard start a workflow for what is to be acted upon, and
// act itself where none can be started.
func handsOver(t *testing.T, w *world, program string) {
	w.intrude(w.Truth.Intruder, "backdoor")
	w.intrude(w.Truth.Administrator, "colleague")
	messages := w.delivered("CreateUser", 2)
	sf := newStates(t)
	l := startFunction(t, program, w.asking(sf, "guard"))
	for range 2 {
		if got := failures(t, l.invoke(batchOf(messages...), minute)); len(got) != 0 {
			t.Errorf("failures %v", got)
		}
		sf.failing("ExecutionAlreadyExists")
	}
	started := sf.called("StartExecution")
	if len(started) != 2 || w.contained(w.Truth.Intruder) {
		t.Errorf("started %d times; contained %v", len(started), w.contained(w.Truth.Intruder))
	}
	var first, second struct{ Name, Input string }
	must(t, json.Unmarshal([]byte(strings.TrimPrefix(started[0], "StartExecution ")), &first))
	must(t, json.Unmarshal([]byte(strings.TrimPrefix(started[1], "StartExecution ")), &second))
	if first != second || !strings.HasPrefix(first.Name, "event-") || !json.Valid([]byte(first.Input)) {
		t.Errorf("%+v, then %+v", first, second)
	}
	sf.failing("StateMachineDoesNotExist")
	if got := failures(t, l.invoke(batchOf(messages...), minute)); len(got) != 0 || !w.contained(w.Truth.Intruder) {
		t.Errorf("without a workflow: failures %v, contained %v", got, w.contained(w.Truth.Intruder))
	}
}

// Every variable that the functions read is one that the template sets, and
// the other way round.
func TestTemplateSetsTheEnvironment(t *testing.T) {
	t.Parallel()
	read := map[string]bool{}
	getenv := func(name string) string {
		read[name] = true
		switch name {
		case "_HANDLER":
			return "sweep"
		case "LEDGER_TABLE":
			return "t"
		case "RESPONSE_MODE":
			return "workflow"
		case "STATE_MACHINE_ARN":
			return "arn:aws:states:us-east-1:111122223333:stateMachine:warden-guard"
		}
		return ""
	}
	log, setRequest := newLog(os.Stderr)
	if _, err := function(getenv, log, setRequest); err != nil {
		t.Fatal(err)
	}
	for _, runtime := range []string{"_HANDLER", "AWS_REGION"} { // set by Lambda
		delete(read, runtime)
	}
	stack, err := deploy.Resolve("guard", deploy.Place{Partition: "aws", Region: "us-east-1", Account: "111122223333"}, nil)
	must(t, err)
	set := stack.Resources["Function"].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(set))); diff != "" {
		t.Errorf("-read by the program +set by the template:\n%s", diff)
	}
}
