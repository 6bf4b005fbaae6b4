package scene

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/change/ledger"
	"warden/internal/stage"
	"warden/respond"
	"warden/trail"
	"warden/trail/source"
	"warden/twin"
)

var incidents = flag.Int("incidents", 20, "how many incidents TestLatencies measures")

// TestLatencies measures, in virtual time, how long it takes from an event to
// the containment that is read back and proved, and to the first refusal of
// the caller, who tries again 20 ms after each answer. Each call of the guard takes 3 to
// 23 ms, so the figures are those of the steps and of propagation, not of this
// machine.
func TestLatencies(t *testing.T) {
	for _, propagation := range []time.Duration{0, 4 * time.Second} {
		t.Run(propagation.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { latencies(t, propagation) })
		})
	}
}

func latencies(t *testing.T, propagation time.Duration) {
	ctx := t.Context()
	time.Sleep(time.Until(time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)))
	s := &scene{tb: t, began: time.Now(), turns: newTurns()}
	go s.turns.give(ctx)
	var err error
	s.Stage, err = stage.Set(ctx, stage.Options{Seed: 11, Faults: twin.Faults{Propagation: propagation}, Store: &ledger.Memory{}, Wire: func(h http.Handler) aws.HTTPClient {
		s.line = wire{handler: h, turns: s.turns, seed: 11, name: "people"}
		return s.line
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	line := s.line
	var calls int64
	line.name, line.saw = "guard", func(string, string) { calls++ }
	hands, err := s.NewHands(patient(line))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.ResponderOf(hands, s.Ledger, hands.Applier(s.Ledger, applyOptions(s)))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	past := source.NewLookup(map[string]source.LookupClient{"us-east-1": s.Admin.CloudTrail})
	var configured, observed []time.Duration
	var made int64
	for n := range *incidents {
		name := fmt.Sprintf("caller-%d", n)
		c := s.caller(t, name)
		pause(ctx, propagation+time.Second)
		write := func(i int) error {
			_, err := c.IAM.TagUser(ctx, &iam.TagUserInput{UserName: &name, Tags: []iamtypes.Tag{{Key: aws.String("n"), Value: aws.String(fmt.Sprint(i))}}})
			return err
		}
		if err := write(0); err != nil {
			t.Fatal(err)
		}
		e := newest(t, past, name)
		arrived, before := time.Now(), calls
		done := make(chan respond.Result, 1)
		go func() { done <- r.Handle(ctx, e) }()
		refused := time.Duration(0)
		for i := 1; refused == 0; i++ {
			if err := write(i); refusedBy(err) {
				refused = time.Since(arrived)
			}
			pause(ctx, 20*time.Millisecond)
		}
		res := <-done
		if res.Action != respond.Contained || res.Err != nil {
			t.Fatalf("%s: %s %v", name, res.Action, res.Err)
		}
		made += calls - before
		configured, observed = append(configured, res.Took), append(observed, refused)
	}
	at := func(all []time.Duration, q float64) time.Duration {
		slices.Sort(all)
		return all[int(q*float64(len(all)-1))].Round(time.Millisecond)
	}
	t.Logf("%d incidents, propagation up to %s, virtual time: configured p50 %s, p99 %s; observed denied p50 %s, p99 %s; %.1f calls for each",
		*incidents, propagation, at(configured, 0.5), at(configured, 0.99), at(observed, 0.5), at(observed, 0.99), float64(made)/float64(*incidents))
}

// newest is the newest event of a user.
func newest(t *testing.T, past respond.Past, name string) *trail.Event {
	t.Helper()
	for e, err := range past.Events(t.Context(), time.Time{}, time.Time{}, source.Filter{By: source.ByUsername, Value: name}) {
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	t.Fatalf("no event of %s", name)
	return nil
}
