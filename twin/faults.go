package twin

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Faults makes the twin behave as AWS may on a bad day. All are drawn from
// Config.Seed.
type Faults struct {
	// EventDelay is how long after a call its event reaches the rules'
	// targets, EventJitter the longest random addition to it.
	EventDelay, EventJitter time.Duration
	// Duplicate is the probability that an event is delivered twice, Reorder
	// that it is delivered after its successor, Loss that it never comes.
	// LookupEvents finds it all the same: delivery to rules is best effort.
	Duplicate, Reorder, Loss float64
	// Propagation is the longest time that a change of IAM needs until
	// requests are judged by it.
	Propagation time.Duration
	// PageSize is the largest page of IAM's lists; 0 means AWS's own.
	PageSize int
	// LookupRate is how many LookupEvents calls a second are answered, the
	// rest is throttled; 0 means all. AWS allows 2.
	LookupRate int
	// Throttle refuses calls that come too fast, or by chance.
	Throttle []ThrottleRule
	// Fail lets certain calls fail.
	Fail []FailRule
	// OnCall, if set, is asked about each call whose signature is good, after
	// the rules above have let it pass. It may do what it likes, from several
	// goroutines: a test that wants a crash at a certain call ends its process
	// here.
	OnCall func(Call) Fault
}

// ThrottleRule says which calls are throttled, and how often.
type ThrottleRule struct {
	// Service is the signing name, "iam" or "sts"; Operation the name of one.
	// "" means all.
	Service, Operation string
	// Rate is how many of these calls are answered in a second by the twin's
	// clock; 0 means all.
	Rate int
	// Probability is that of a call within the rate to be throttled all the
	// same.
	Probability float64
}

// FailRule says which calls fail, and how.
type FailRule struct {
	// Service is the signing name, Operation the name of one; "" means all.
	Service, Operation string
	// From and To are the first and the last call that fails, counted from 1
	// over the calls that the rule is about; To 0 means the end, both 0 all.
	From, To int
	// Fault is what happens to them. Its zero value becomes an internal
	// failure, HTTP status 500.
	Fault Fault
}

// Fault is what happens to one call; the zero value is nothing.
type Fault struct {
	// After lets the call have its effect, and its record, before it fails:
	// the caller does not learn that it succeeded.
	After bool
	// Cut closes the connection instead of answering.
	Cut bool
	// Code and Message are the answer, Status its HTTP status; where only
	// some are given the rest is that of an internal failure.
	Code, Message string
	Status        int
}

// Call is one request, as a Fault is decided for it.
type Call struct {
	Account, Service, Operation string
	// Caller is the ARN of who calls, as GetCallerIdentity would give it.
	Caller string
	// N counts the twin's calls from 1.
	N int
}

// Check refuses faults that make no sense.
func (f Faults) Check() error {
	probability := func(p float64) bool { return p >= 0 && p <= 1 }
	switch {
	case f.EventDelay < 0 || f.EventJitter < 0 || f.Propagation < 0:
		return fmt.Errorf("delays cannot be negative")
	case !probability(f.Duplicate) || !probability(f.Reorder) || !probability(f.Loss):
		return fmt.Errorf("the probabilities of duplicates, reordering and loss go from 0 to 1")
	case f.LookupRate < 0:
		return fmt.Errorf("the rate of look-ups cannot be negative")
	case f.PageSize < 0 || f.PageSize > 1000:
		return fmt.Errorf("the page size goes from 1 to 1000, 0 for AWS's own")
	}
	for _, r := range f.Throttle {
		if r.Rate < 0 || !probability(r.Probability) {
			return fmt.Errorf("throttling needs a rate of calls a second, or a probability from 0 to 1")
		}
	}
	for _, r := range f.Fail {
		if r.From < 0 || r.To < 0 || r.To > 0 && r.From > r.To {
			return fmt.Errorf("calls that fail are counted from 1, the first before the last")
		}
	}
	return nil
}

// trouble draws the faults of calls. It has a lock of its own, because
// Faults.OnCall may use the twin.
type trouble struct {
	faults Faults

	mu     sync.Mutex
	random *rand.Rand
	calls  int
	counts []int         // of the calls that each rule of Fail is about
	recent [][]time.Time // for each rule of Throttle, its calls of the last second
}

func newTrouble(f Faults, seed int64) *trouble {
	return &trouble{
		faults: f, random: rand.New(rand.NewPCG(uint64(seed), 0x74726f75626c65)),
		counts: make([]int, len(f.Fail)), recent: make([][]time.Time, len(f.Throttle)),
	}
}

// of is the fault of a call that begins now, nil for none. who finds the
// caller, where somebody asks for him.
func (x *trouble) of(c *call, who func() string) *Fault {
	x.mu.Lock()
	x.calls++
	n := x.calls
	f := x.drawn(c)
	x.mu.Unlock()
	if f == nil && x.faults.OnCall != nil {
		asked := x.faults.OnCall(Call{Account: c.t.account, Service: c.service, Operation: c.operation, Caller: who(), N: n})
		if asked != (Fault{}) {
			f = &asked
		}
	}
	return f
}

// drawn counts the call in every rule that is about it, so that one rule does
// not hide calls from the next.
func (x *trouble) drawn(c *call) *Fault {
	var found *Fault
	for i, r := range x.faults.Throttle {
		if about(r.Service, r.Operation, c) && x.tooFast(i, r, c.now) && found == nil {
			found = throttling(c.service)
		}
	}
	for i, r := range x.faults.Fail {
		if !about(r.Service, r.Operation, c) {
			continue
		}
		x.counts[i]++
		if n := x.counts[i]; n >= r.From && (r.To == 0 || n <= r.To) && found == nil {
			f := r.Fault
			found = &f
		}
	}
	return found
}

func about(service, operation string, c *call) bool {
	return (service == "" || service == c.service) && (operation == "" || strings.EqualFold(operation, c.operation))
}

func (x *trouble) tooFast(i int, r ThrottleRule, now time.Time) bool {
	if r.Rate > 0 {
		kept := x.recent[i][:0]
		for _, at := range x.recent[i] {
			if now.Sub(at) < time.Second {
				kept = append(kept, at)
			}
		}
		x.recent[i] = kept
		if len(kept) >= r.Rate {
			return true
		}
		x.recent[i] = append(kept, now)
	}
	return r.Probability > 0 && x.random.Float64() < r.Probability
}

// throttling is the refusal that clients of the service try again. The codes
// are those of each service's Common Errors.
func throttling(service string) *Fault {
	switch service {
	case "iam", "sts", "sns", "monitoring":
		return &Fault{Code: "Throttling", Message: "Rate exceeded", Status: 400}
	case "s3":
		return &Fault{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}
	case "organizations":
		return &Fault{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 400}
	}
	return &Fault{Code: "ThrottlingException", Message: "Rate exceeded", Status: 400}
}

// err is the answer that the client gets.
func (f *Fault) err(service string) error {
	if f.Cut {
		return errCut
	}
	e := newAPIError(f.Status, f.Code, "%s", f.Message)
	e.unmodelled = true
	if e.Status == 0 {
		e.Status, e.Fault = 500, "Receiver"
	}
	if e.Code == "" {
		e.Code = "InternalFailure"
		if service == "iam" {
			e.Code = "ServiceFailure"
		}
	}
	if e.Message == "" {
		e.Message = "The request processing has failed because of an unknown error, exception or failure."
	}
	return e
}

// errCut tells serve to close the connection.
var errCut = fmt.Errorf("the connection is cut")
