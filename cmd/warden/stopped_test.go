package main

import (
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"warden/app"
	"warden/internal/stage"
	"warden/twin"
)

// gate holds up the first call of an operation until it is opened.
type gate struct {
	operation     string
	reached, open chan struct{}
	first         sync.Once
}

func newGate(operation string) *gate {
	return &gate{operation: operation, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) faults() twin.Faults {
	return twin.Faults{OnCall: func(c twin.Call) twin.Fault {
		if c.Operation == g.operation {
			g.first.Do(func() { close(g.reached); <-g.open })
		}
		return twin.Fault{}
	}}
}

// denials counts the deny policies of a user.
func (h *hunt) denials(user string) (n int) {
	for _, arn := range h.user(user).Attached {
		if strings.HasSuffix(arn, ":policy/DENY-IAM") {
			n++
		}
	}
	return n
}

// TestStoppedInAPlan stops the guard in the middle of a plan, of taking back,
// and while it holds: what is in hand is finished, and the next run does
// nothing twice.
func TestStoppedInAPlan(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, operation string
		signal          syscall.Signal
	}{
		{"while it contains", "AttachUserPolicy", syscall.SIGINT},
		{"before it reads back", "ListAttachedUserPolicies", syscall.SIGTERM},
		{"while it takes back", "UpdateAccessKey", syscall.SIGTERM},
		{"while it tells", "Publish", syscall.SIGINT},
		{"while it holds", "", syscall.SIGTERM},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(tc.operation)
			h := newHunt(t, stage.Options{Faults: g.faults()})
			by := h.intruder()
			h.must(nil, h.crime(by, "door"))
			h.must(by.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("door")}))
			before := h.state()
			d := h.start(h.guardKey, h.guardArgs("--undo-actions")...)
			if tc.operation == "" {
				d.hears("warden contained user ci-deploy")
				d.hears("Active to Inactive")
				r := d.stop(tc.signal)
				r.want(t, 0, "warden: stopping when what is in hand is finished; once more ends at once", "2 contain")
			} else {
				<-g.reached
				h.must(nil, d.cmd.Process.Signal(tc.signal))
				d.hears("warden: stopping when what is in hand is finished")
				close(g.open)
				d.end().want(t, 0, "contain", "warden: ")
			}
			if h.denials("ci-deploy") != 1 {
				t.Errorf("%d deny policies\n%s", h.denials("ci-deploy"), d.all)
			}
			h.guard("--undo-actions").want(t, 0)
			if n := len(h.Twin.Published()); n != 1 {
				t.Errorf("people were told %d times", n)
			}
			h.run(app.Key{}, "ledger", "verify", "--ledger", h.ledger).want(t, 0, "intact")
			shown := h.run(app.Key{}, "ledger", "show", h.incidents()[0], "--ledger", h.ledger)
			if n := strings.Count(shown.out, "  done         "); n != 3 || strings.Count(shown.out, "\nplan ") != 3 {
				t.Errorf("%d steps are done, want 3 in as many plans\n%s", n, shown.out)
			}
			h.undo(h.incidents()[0])
			h.same(before, "after undo")
		})
	}
}

// A second signal ends the guard at once, whatever it is doing; the next run
// finishes what it left.
func TestStoppedTwice(t *testing.T) {
	t.Parallel()
	g := newGate("AttachUserPolicy")
	h := newHunt(t, stage.Options{Faults: g.faults()})
	h.must(nil, h.crime(h.intruder(), "door"))
	before := h.state()
	d := h.start(h.guardKey, h.guardArgs()...)
	<-g.reached
	h.must(nil, d.cmd.Process.Signal(syscall.SIGINT))
	d.hears("once more ends at once")
	d.stop(syscall.SIGINT)
	if s, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGINT {
		t.Errorf("it ended by %v", d.cmd.ProcessState)
	}
	close(g.open)
	r := h.guard()
	r.want(t, 0, "finished what an earlier run left undone")
	if h.denials("ci-deploy") != 1 {
		t.Errorf("%d deny policies", h.denials("ci-deploy"))
	}
	// Its message is hidden until the first run's hold on it ends; undo needs
	// no more than the step.
	h.undo(h.incidents()[0])
	h.same(before, "after undo")
}

// TestStoppedUndo stops undo in the middle: the step in hand is finished, the
// rest is left to the next run, which gives back exactly.
func TestStoppedUndo(t *testing.T) {
	t.Parallel()
	g := newGate("DetachUserPolicy")
	h := newHunt(t, stage.Options{Faults: g.faults()})
	by := h.intruder()
	for _, name := range []string{"one", "two", "three"} {
		h.must(nil, h.crime(by, name))
	}
	before := h.state()
	r := h.guard("--undo-actions")
	incident := h.incidentOf(r, "warden contained user ci-deploy")
	undo := []string{"undo", incident, "--apply", "--ledger", h.ledger}
	d := h.start(h.person(), undo...)
	<-g.reached
	h.must(nil, d.cmd.Process.Signal(syscall.SIGINT))
	close(g.open)
	end := d.end()
	if end.status != 1 || !strings.HasSuffix(end.errs, "warden: stopped: what was given back stands in the ledger, and the same command gives back the rest\n") {
		t.Errorf("%s", end)
	}
	left := 0
	for _, u := range []string{"one", "two", "three", "ci-deploy"} {
		left += h.denials(u)
	}
	if left == 0 || left == 4 {
		t.Errorf("%d deny policies are left, want some", left)
	}
	h.run(h.person(), undo...).want(t, 0, "gives back")
	h.same(before, "after the second undo")
	h.run(h.person(), undo...).want(t, 0, "nothing to give back")
	h.run(app.Key{}, "ledger", "verify", "--ledger", h.ledger).want(t, 0, "intact")
}

// TestStoppedSweep stops a sweep while it reads the history.
func TestStoppedSweep(t *testing.T) {
	t.Parallel()
	g := newGate("LookupEvents")
	h := newHunt(t, stage.Options{Faults: g.faults()})
	h.must(nil, h.crime(h.intruder(), "door"))
	sweep := []string{"guard", "sweep", "--apply", "--ledger", h.ledger, "--settle", "1ns", "--source", "iam.amazonaws.com"}
	d := h.start(h.guardKey, sweep...)
	<-g.reached
	end := d.stop(syscall.SIGTERM)
	close(g.open)
	if lines := strings.Split(strings.TrimSpace(end.errs), "\n"); end.status != 1 || !strings.Contains(end.out, "of it not read") || lines[len(lines)-1] != "warden: stopped: the next sweep goes on where this one stopped" ||
		slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "canceled") }) || strings.Contains(end.out, "canceled") {
		t.Errorf("%s", end)
	}
	h.run(h.guardKey, sweep...).want(t, 3, "missed", "warden contained user ci-deploy")
}
