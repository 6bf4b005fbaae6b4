package respond_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"warden/guard"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
)

// Messages that are no events are kept, people are told of some a day, and the
// events beside them are dealt with.
func TestUnreadableIsTold(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{})
	ctx := t.Context()
	p.must(p.createUser(p.intruder, "door"))
	for i := range 4 {
		p.must(p.send(ctx, fmt.Sprintf("{%d", i)))
		p.must(p.send(ctx, fmt.Sprintf(`{"eventID":"%d","eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{}}`, i))) // no envelope
	}
	results := p.drain()
	if got := of(results, p.Truth.Intruder, "CreateUser"); len(got) != 1 || got[0].Action != respond.Contained || p.bad != 8 {
		t.Errorf("%d bad, %+v", p.bad, got)
	}
	again := func() (told, last int) {
		for _, m := range p.Twin.Published() {
			if strings.Contains(m.Subject, "warden could not read a message of its queue") {
				told++
			}
			if strings.Contains(m.Message, "this is the last such message of today") {
				last++
			}
		}
		return told, last
	}
	if told, last := again(); told < 5 || told > 8 || last > 4 {
		// Those that are dealt with at once do not see each other.
		t.Errorf("told %d times, %d of them the last", told, last)
	}
	before, _ := again()
	p.must(p.send(ctx, "{0"))
	p.must(p.send(ctx, "{another"))
	p.drain()
	if told, _ := again(); told != before {
		t.Errorf("told %d times more", told-before)
	}
	inputs, err := p.Ledger.Inputs(ctx)
	if err != nil || len(inputs) != 10 {
		t.Errorf("%d inputs are kept, %v", len(inputs), err)
	}
}

// The id of an event says nothing of who made the call: another event under the
// same id is judged, and its caller contained, as if it had one of its own.
func TestEventIDOfAnother(t *testing.T) {
	t.Parallel()
	p := newPlay(t, stage.Options{Guard: guard.Config{UndoActions: true}})
	r, _ := p.mighty()
	ctx := t.Context()
	for _, name := range []string{"eve", "bob"} {
		p.must(p.createUser(p.Admin, name))
	}
	made := func(name, door string) *trail.Event {
		for _, u := range p.Twin.Snapshot().Users {
			if u.Name == name {
				p.must(p.createUser(p.Admin, door))
				return p.userEvent(u.ID, u.ARN, name, "11111111-0000-4000-8000-000000000001", door)
			}
		}
		t.Fatal(name)
		return nil
	}
	first, second := made("eve", "door-of-eve"), made("bob", "door-of-bob")
	for range 2 {
		for _, e := range []*trail.Event{first, second} {
			if res := r.Handle(ctx, e); res.Verdict != guard.Contain || res.Err != nil || res.Retry {
				t.Errorf("%s %s %v", res.Actor.Name, res.Action, res.Err)
			}
		}
	}
	for _, name := range []string{"eve", "bob"} {
		if !slices.Contains(p.attached(name), "DENY-IAM") {
			t.Errorf("%s is not denied", name)
		}
	}
	if n := len(p.Twin.Published()); n != 2 {
		t.Errorf("people were told %d times", n)
	}
}
