package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go"

	"warden/trail"
)

// history answers look-ups from a list of records, the newest first, two to a
// page. fail, where set, decides about the n-th call, from 1.
type history struct {
	records []string
	fail    func(n int) error
	calls   []*cloudtrail.LookupEventsInput
	at      []time.Time
}

func (h *history) LookupEvents(_ context.Context, in *cloudtrail.LookupEventsInput, _ ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error) {
	asked := *in
	h.calls, h.at = append(h.calls, &asked), append(h.at, time.Now())
	if h.fail != nil {
		if err := h.fail(len(h.calls)); err != nil {
			return nil, err
		}
	}
	from, _ := strconv.Atoi(aws.ToString(in.NextToken))
	to := min(from+2, len(h.records))
	out := &cloudtrail.LookupEventsOutput{}
	for _, r := range h.records[from:to] {
		name := "CreateUser"
		if strings.Contains(r, "ListUsers") {
			name = "ListUsers"
		}
		out.Events = append(out.Events, types.Event{EventSource: aws.String("iam.amazonaws.com"), EventName: aws.String(name), CloudTrailEvent: aws.String(r)})
	}
	if to < len(h.records) {
		out.NextToken = aws.String(strconv.Itoa(to))
	}
	return out, nil
}

func throttling() error {
	return &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
}

func records(ids ...string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = record(id)
	}
	return out
}

// past reads all that a look-up yields.
func past(ctx context.Context, l *Lookup, since, until time.Time, about Filter) (ids []string, err error) {
	for e, err := range l.Events(ctx, since, until, about) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

func TestLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		east, west := &history{records: records("E5", "E4", "E3", "E2", "E1")}, &history{records: records("W1")}
		l := NewLookup(map[string]LookupClient{"us-west-2": west, "us-east-1": east})
		since, until := time.Now().Add(-time.Hour), time.Now()
		got, err := past(t.Context(), l, since, until, Filter{By: ByUsername, Value: "mallory"})
		if err != nil || strings.Join(got, " ") != "E5 E4 E3 E2 E1 W1" {
			t.Errorf("events %v, %v", got, err)
		}
		for i, in := range east.calls {
			if !in.StartTime.Equal(since) || !in.EndTime.Equal(until) || len(in.LookupAttributes) != 1 ||
				in.LookupAttributes[0].AttributeKey != types.LookupAttributeKeyUsername || *in.LookupAttributes[0].AttributeValue != "mallory" || *in.MaxResults != 50 {
				t.Errorf("call %d asked for %+v", i, in)
			}
		}
		for i := 1; i < len(east.at); i++ {
			if gap := east.at[i].Sub(east.at[i-1]); gap < 500*time.Millisecond {
				t.Errorf("call %d came after %s: AWS allows two a second", i+1, gap)
			}
		}

		got, err = past(t.Context(), l, time.Time{}, time.Time{}, Filter{Region: "us-west-2"})
		if in := west.calls[1]; err != nil || strings.Join(got, " ") != "W1" || in.StartTime != nil || in.EndTime != nil || in.LookupAttributes != nil {
			t.Errorf("events %v, %v, asked for %+v", got, err, in)
		}
		if _, err := past(t.Context(), l, since, until, Filter{Region: "mars-1"}); err == nil {
			t.Error("a region that is not set up was looked in")
		}
		if got := l.Regions(); !slices.Equal(got, []string{"us-east-1", "us-west-2"}) {
			t.Errorf("regions %v", got)
		}
	})
}

// Who does not want all events does not read the rest, nor the next page.
func TestLookupStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &history{records: records("3", "2", "1")}
		l := NewLookup(map[string]LookupClient{"us-east-1": h})
		for range l.Events(t.Context(), time.Time{}, time.Time{}, Filter{}) {
			break
		}
		if len(h.calls) != 1 {
			t.Errorf("%d calls", len(h.calls))
		}
	})
}

func TestLookupSkipsAndReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &history{records: []string{record("2"), `{"eventName":"ListUsers"`, `{"eventID":`, record("1")}}
		l := NewLookup(map[string]LookupClient{"us-east-1": h})
		l.Relevant = func(_, name string) bool { return name != "ListUsers" }
		var bad []trail.BadRecord
		l.Bad = func(b trail.BadRecord) { bad = append(bad, b) }
		got, err := past(t.Context(), l, time.Time{}, time.Time{}, Filter{})
		if err != nil || strings.Join(got, " ") != "2 1" {
			t.Errorf("events %v, %v", got, err)
		}
		if len(bad) != 1 || bad[0].Number != 3 || string(bad[0].Raw) != `{"eventID":` || bad[0].File != "event history of us-east-1" {
			t.Errorf("bad records %+v", bad)
		}
	})
}

func TestLookupThrottled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fail  func(n int) error
		calls int
		err   string
	}{
		{"for a while", func(n int) error {
			if n <= 3 {
				return throttling()
			}
			return nil
		}, 4, ""},
		{"for ever", func(int) error { return throttling() }, lookupTries, "Rate exceeded"},
		{"not allowed", func(int) error {
			return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
		}, 1, "AccessDenied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &history{records: records("1"), fail: tt.fail}
				_, err := past(t.Context(), NewLookup(map[string]LookupClient{"us-east-1": h}), time.Time{}, time.Time{}, Filter{})
				if fmt.Sprint(err) == "<nil>" != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				if len(h.calls) != tt.calls {
					t.Errorf("%d calls, want %d", len(h.calls), tt.calls)
				}
				for i := 2; i < len(h.at); i++ {
					if before, now := h.at[i-1].Sub(h.at[i-2]), h.at[i].Sub(h.at[i-1]); now < min(2*before, lookupSlow) {
						t.Errorf("after being throttled again, %s of waiting became %s", before, now)
					}
				}
			})
		})
	}
}

// A region is called at one pace by however many readers.
func TestLookupPaceIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &history{records: records("3", "2", "1")}
		l := NewLookup(map[string]LookupClient{"us-east-1": h})
		done := make(chan error)
		for range 3 {
			go func() {
				_, err := past(t.Context(), l, time.Time{}, time.Time{}, Filter{})
				done <- err
			}()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := h.at[5].Sub(h.at[0]); len(h.at) != 6 || took < 5*lookupEvery {
			t.Errorf("%d calls within %s", len(h.at), took)
		}
	})
}

func TestLookupEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &history{fail: func(int) error { return throttling() }}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := past(ctx, NewLookup(map[string]LookupClient{"us-east-1": h}), time.Time{}, time.Time{}, Filter{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}
