package twin

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func TestCallsFail(t *testing.T) {
	t.Parallel()
	create := func(w *world, name string) error {
		_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		return err
	}
	exists := func(w *world, name string) bool {
		w.twin.mu.Lock()
		defer w.twin.mu.Unlock()
		return w.twin.state.users.get(name) != nil
	}
	tests := map[string]struct {
		fault  Fault
		code   string // "" for a connection that ends
		effect bool
	}{
		"before":           {Fault{}, "ServiceFailure", false},
		"after":            {Fault{After: true}, "ServiceFailure", true},
		"cut before":       {Fault{Cut: true}, "", false},
		"cut after":        {Fault{Cut: true, After: true}, "", true},
		"a code":           {Fault{Code: "ConcurrentModification", Message: "later", Status: 409}, "ConcurrentModification", false},
		"a code afterward": {Fault{After: true, Code: "Throttling", Status: 400}, "Throttling", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Faults{Fail: []FailRule{{Service: "iam", Operation: "CreateUser", From: 2, To: 2, Fault: tt.fault}}})
			w.must(create(w, "first"))
			before := w.twin.records.last
			err := create(w, "second")
			var api smithy.APIError
			switch known := errors.As(err, &api); {
			case err == nil:
				t.Error("the call did not fail")
			case tt.code == "" && known:
				t.Errorf("an answer came: %v", err)
			case tt.code != "" && (!known || api.ErrorCode() != tt.code):
				t.Errorf("error %v, want %s", err, tt.code)
			}
			if got := exists(w, "second"); got != tt.effect {
				t.Errorf("effect %v, want %v", got, tt.effect)
			}
			// Whatever the client has heard, the record says what was done.
			var last string
			w.twin.records.newest(0, func(r *record) bool { last = string(r.json); return false })
			recorded := w.twin.records.last - before
			switch {
			case tt.effect && (recorded != 1 || strings.Contains(last, "errorCode")):
				t.Errorf("%d records, the last %s", recorded, last)
			case tt.fault.Cut && !tt.effect && recorded != 0:
				t.Errorf("a call that never came is recorded: %s", last)
			case !tt.fault.Cut && !tt.effect && !strings.Contains(last, `"errorCode":"`+tt.code+`"`):
				t.Errorf("the record is %s", last)
			}
			w.must(create(w, "third"))
		})
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{Throttle: []ThrottleRule{{Service: "iam", Operation: "ListUsers", Rate: 2}, {Service: "sts", Probability: 0.5}}})
	list := func() error { _, err := w.admin().ListUsers(ctx, &iam.ListUsersInput{}); return err }
	w.must(list())
	w.must(list())
	wants(t, list(), "Throttling", "Rate exceeded")
	_, err := w.admin().ListRoles(ctx, &iam.ListRolesInput{})
	w.must(err)
	w.pass(time.Second)
	w.must(list())

	throttled := 0
	for range 100 {
		if _, err := w.sts(w.truth.Administrator).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			wants(t, err, "Throttling", "Rate exceeded")
			throttled++
		}
	}
	if throttled < 30 || throttled > 70 {
		t.Errorf("%d of 100 calls were throttled", throttled)
	}
}

// A hook sees who calls what, and may use the twin.
func TestOnCall(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []Call
	var w *world
	w = newWorld(t, Faults{OnCall: func(c Call) Fault {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, c)
		if c.Operation == "DeleteUser" && len(w.twin.Snapshot().Users) > 0 {
			return Fault{Code: "DeleteConflict", Message: "not today", Status: 409}
		}
		return Fault{}
	}})
	_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	w.must(err)
	_, err = w.admin().DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("x")})
	wants(t, err, "DeleteConflict", "not today")
	want := Call{Account: SampleAccount, Service: "iam", Operation: "DeleteUser", Caller: w.arn("user", "/"+w.truth.Administrator), N: 2}
	if len(seen) != 2 || seen[1] != want {
		t.Errorf("seen %+v, want at last %+v", seen, want)
	}
}

func TestLostEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Faults{Loss: 0.5})
	url := w.tap("lossy", `{"detail":{"eventName":["CreateUser"]}}`, ebtypes.RuleStateEnabled)
	for i := range 60 {
		_, err := w.admin().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u" + string(rune('A'+i/10)) + string(rune('0'+i%10)))})
		w.must(err)
	}
	if got := len(w.receive(url)); got < 15 || got > 45 {
		t.Errorf("%d of 60 events arrived", got)
	}
	found := 0
	w.twin.records.newest(0, func(r *record) bool {
		if r.name == "CreateUser" {
			found++
		}
		return true
	})
	if found != 60 {
		t.Errorf("LookupEvents knows %d of 60", found)
	}
}

func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	for _, f := range []Faults{
		{Loss: 1.1}, {Throttle: []ThrottleRule{{Probability: -1}}}, {Throttle: []ThrottleRule{{Rate: -1}}},
		{Fail: []FailRule{{From: 3, To: 2}}}, {Fail: []FailRule{{From: -1}}},
	} {
		if _, err := New(Config{Faults: f}); err == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}

// The second time that somebody attaches a policy to a user, the policy is
// attached and the answer is lost.
func ExampleFaults() {
	f := Faults{
		Loss: 0.05,
		Fail: []FailRule{{Service: "iam", Operation: "AttachUserPolicy", From: 2, To: 2, Fault: Fault{After: true, Cut: true}}},
	}
	fmt.Println(f.Check())
	f.Loss = 5
	fmt.Println(f.Check())
	// Output:
	// <nil>
	// the probabilities of duplicates, reordering and loss go from 0 to 1
}
