package deploy_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/change/ledger"
	"warden/internal/fixture"
)

// state is a state of the machine, as far as the tests look at it. Source:
// Amazon States Language specification.
type state struct {
	Type, Next, Default string
	Error               string
	End                 bool
	TimeoutSeconds      int
	Resource            string
	Retry               []struct{ ErrorEquals []string }
	Catch               []struct {
		ErrorEquals []string
		Next        string
	}
	Choices       []struct{ Next string }
	Parameters    map[string]any
	ItemProcessor *machine
}

type machine struct {
	StartAt        string
	TimeoutSeconds int
	States         map[string]state
}

// definition is the state machine of the template, with what CloudFormation
// puts into it.
func definition(t *testing.T) (machine, string) {
	t.Helper()
	p := resolve(t, "guard", map[string]string{"ResponseMode": "workflow"}).Resources["StateMachine"].Properties
	text := p["DefinitionString"].(string)
	if strings.Contains(text, "${") {
		t.Errorf("something is not substituted: %s", text[strings.Index(text, "${"):][:40])
	}
	var m machine
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m, text
}

// next are the states that can follow a state.
func (s state) next() []string {
	var to []string
	for _, c := range s.Choices {
		to = append(to, c.Next)
	}
	for _, c := range s.Catch {
		to = append(to, c.Next)
	}
	return slices.DeleteFunc(append(to, s.Next, s.Default), func(n string) bool { return n == "" })
}

func (s state) ends() bool { return s.End || s.Type == "Succeed" || s.Type == "Fail" }

// check asks of a machine, and of those in it, that every state can be
// reached and leads to an end, and that every task ends in time, is tried
// again, and leads to an alarm when that does not help.
func (m machine) check(t *testing.T, where, alarm string) {
	t.Helper()
	reached := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		s, ok := m.States[name]
		if !ok {
			t.Errorf("%s: there is no state %q", where, name)
		}
		if reached[name] || !ok {
			return
		}
		reached[name] = true
		for _, n := range s.next() {
			walk(n)
		}
	}
	walk(m.StartAt)
	ending := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, s := range m.States {
			if !ending[name] && (s.ends() || slices.ContainsFunc(s.next(), func(n string) bool { return ending[n] })) {
				ending[name], grown = true, true
			}
		}
	}
	for name, s := range m.States {
		at := where + name
		if !reached[name] {
			t.Errorf("%s cannot be reached", at)
		}
		if !ending[name] {
			t.Errorf("%s leads to no end", at)
		}
		if s.ends() && len(s.next()) > 0 {
			t.Errorf("%s ends and goes on", at)
		}
		if s.ItemProcessor != nil {
			s.ItemProcessor.check(t, at+"/", "PlanAlarm")
		}
		if s.Type != "Task" && s.Type != "Map" {
			continue
		}
		if s.Type == "Task" && s.TimeoutSeconds == 0 {
			t.Errorf("%s may take for ever", at)
		}
		if len(s.Retry) == 0 {
			t.Errorf("%s says nothing of another try", at)
		}
		last := len(s.Catch) - 1
		if last < 0 || !slices.Equal(s.Catch[last].ErrorEquals, []string{"States.ALL"}) {
			t.Errorf("%s does not catch all errors", at)
			continue
		}
		if got := s.Catch[last].Next; got != alarm && !strings.HasSuffix(name, "Alarm") {
			t.Errorf("%s fails into %s, want %s", at, got, alarm)
		}
	}
}

func TestWorkflowDefinition(t *testing.T) {
	t.Parallel()
	m, text := definition(t)
	m.check(t, "", "Alarm")
	// Source: AWS Step Functions Developer Guide, "Service quotas": a
	// definition has at most 1 MB.
	if len(text) > 1<<20 {
		t.Errorf("%d bytes", len(text))
	}
	ask := m.States["Ask"].ItemProcessor.States["WaitForApproval"]
	if want := int(ledger.ProposalLife.Seconds()); ask.TimeoutSeconds != want || !strings.HasSuffix(ask.Resource, ".waitForTaskToken") {
		t.Errorf("it waits %d s by %s, want %d s", ask.TimeoutSeconds, ask.Resource, want)
	}
	if m.TimeoutSeconds <= ask.TimeoutSeconds {
		t.Errorf("the execution ends after %d s, before the approval", m.TimeoutSeconds)
	}
	if strings.Count(text, "$$.Task.Token") != 1 || strings.Contains(text, "token") && strings.Count(text, `"token.$"`) != 1 {
		t.Error("the token goes to one step only")
	}
	// The steps are those that the program knows.
	var steps []string
	for _, states := range []map[string]state{m.States, m.States["Ask"].ItemProcessor.States} {
		for _, s := range states {
			if payload, ok := s.Parameters["Payload"].(map[string]any); ok {
				steps = append(steps, payload["step"].(string))
			}
		}
	}
	slices.Sort(steps)
	if diff := cmp.Diff([]string{"act", "contain", "judge", "notify", "notify-act", "propose", "verify", "verify-act"}, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The order of the workflow: nothing more than denying IAM is done before a
// person was asked.
func TestWorkflowOrder(t *testing.T) {
	t.Parallel()
	m, _ := definition(t)
	path := func(m machine, from string, choose map[string]int) (names []string) {
		for name := from; name != ""; {
			names = append(names, name)
			s := m.States[name]
			switch i, chosen := choose[name]; {
			case chosen:
				name = s.Choices[i].Next
			case s.Type == "Choice":
				name = s.Default
			default:
				name = s.Next
			}
		}
		return names
	}
	got := path(m, m.StartAt, map[string]int{"Verdict": 0, "IsThereAnythingToAsk": 0})
	want := []string{"Judge", "Verdict", "DenyIAM", "Verify", "Notify", "IsThereAnythingToAsk", "Ask", "CountFailed", "DidAllEndWell", "Done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	in := *m.States["Ask"].ItemProcessor
	if diff := cmp.Diff([]string{"WaitForApproval", "Act", "VerifyAct", "NotifyAct", "Acted"}, path(in, in.StartAt, nil)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The validator is not ours: statelint, of the authors of the language.
func TestStatelint(t *testing.T) {
	t.Parallel()
	lint := fixture.Tool(t, "statelint")
	_, text := definition(t)
	file := filepath.Join(t.TempDir(), "guard.asl.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(lint, file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "error") {
		t.Errorf("statelint: %v\n%s", err, out)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(text, `"Next"`, `"Nxt"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(lint, file).CombinedOutput(); err == nil && !strings.Contains(string(out), "error") {
		t.Errorf("statelint finds nothing in a broken definition: %s", out)
	}
}

// The functions are one program under one set of settings.
func TestFunctionsAgree(t *testing.T) {
	t.Parallel()
	r := resolve(t, "guard", map[string]string{"ResponseMode": "workflow"}).Resources
	want := r["Function"].Properties
	for id, handler := range map[string]string{"Function": "guard", "SweepFunction": "sweep", "WorkflowFunction": "workflow"} {
		p := r[id].Properties
		if p["Handler"] != handler {
			t.Errorf("%s: handler %v, want %s", id, p["Handler"], handler)
		}
		for _, name := range []string{"Environment", "Runtime", "Architectures", "Code", "Role", "MemorySize"} {
			if diff := cmp.Diff(want[name], p[name]); diff != "" {
				t.Errorf("%s: %s differs from the guard's:\n%s", id, name, diff)
			}
		}
	}
	if env := want["Environment"].(map[string]any)["Variables"].(map[string]any); env["STATE_MACHINE_ARN"] != targets["its machine"] {
		t.Errorf("STATE_MACHINE_ARN=%v (of %v)", env["STATE_MACHINE_ARN"], slices.Sorted(maps.Keys(env)))
	}
}
