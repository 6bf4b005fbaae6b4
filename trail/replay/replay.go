// Package replay puts recorded calls through policies that are not in force
// yet: what would have been denied, had they been?
//
// Each call that a trail recorded is decided twice, under the policies as they
// are and as they are meant to become. A trail is a witness with gaps: where a
// decision hangs on a condition key or a resource that the record does not
// carry the answer is [CannotTell], with what is missing. So is the answer for
// a call that succeeded although the policies as they are do not allow it:
// something that nobody supplied allows it, and may go on doing so.
package replay

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"warden/policy"
	"warden/trail"
	"warden/trail/request"
)

// Outcome is what policies mean for a recorded call.
type Outcome string

// The outcomes.
const (
	Allowed    Outcome = "allowed"
	Denied     Outcome = "denied"
	CannotTell Outcome = "cannot tell"
)

// Question is what package policy is asked about one request.
type Question struct {
	Request  policy.Request
	Policies policy.Policies
	// Doubts are facts about the caller's policies that are missing.
	Doubts []string
	// Presumed says that the policy of the resource is needed to allow, and is
	// not known. Policies.Resource then stands in for it, and leaves the
	// decision to the caller's account.
	Presumed string
	// Refuses says why no call of this caller is accepted at all, "" if none
	// is refused: his access key is not active.
	Refuses string
}

// Subject poses the question for a request of the caller under some set of
// policies. The context holds what the record proves; a Subject may add what
// it knows besides. It is called from one goroutine.
type Subject func(by trail.Actor, r request.Request, context policy.Context) Question

// Call is a group of recorded calls with the same action, resource and
// outcome.
type Call struct {
	Action string `json:"action"`
	// Resource is "" where the records do not name it.
	Resource string `json:"resource,omitempty"`
	// Pattern is what is known of a resource that they do not name; see
	// [request.Request].
	Pattern string `json:"pattern,omitempty"`
	// Event is the name of the API call that needed the action.
	Event string `json:"event"`
	Count int    `json:"count"`
	// First and Last are the times of the earliest and the latest call.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// LastID is the eventID of the latest.
	LastID string `json:"lastEventId,omitempty"`
	// Refused says that AWS refused these calls when they were made.
	Refused bool    `json:"refused,omitempty"`
	Before  Outcome `json:"before"`
	After   Outcome `json:"after"`
	// Needs says what the answer hangs on that the trail does not carry.
	Needs []string `json:"needs,omitempty"`
	// Statement decides After; nil where nothing speaks of the call.
	Statement *policy.StatementRef `json:"statement,omitempty"`
	// Because says what decides After where that is no policy.
	Because string `json:"because,omitempty"`
	// Assumed marks permissions that follow from the call by AWS's reference
	// and are recorded nowhere.
	Assumed bool `json:"assumed,omitempty"`
}

// Changed tells whether the change takes away or gives what was recorded.
func (c Call) Changed() bool {
	return c.After == Denied && !c.Refused || c.After == Allowed && c.Refused && c.Before != Allowed
}

// Report is what a replay found.
type Report struct {
	// Calls come in the order: denied, cannot tell, newly allowed, the rest;
	// within them the latest first.
	Calls []Call `json:"calls"`
	// Events counts the principal's calls that were replayed.
	Events int `json:"events"`
	// From and To are the times of the first and last of them: nothing is
	// known of what is done less often than that.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// NotMapped counts recorded calls whose action nobody knows, by event.
	NotMapped map[string]int `json:"notMapped,omitempty"`
	// Twice counts records that were there before: trails hold some events
	// in several files, and a call to another account's resource has a record
	// in either account.
	Twice int `json:"twice,omitempty"`
}

// Count returns how many recorded calls have the outcome, counting those that
// AWS refused apart.
func (r *Report) Count(after Outcome) (n int) {
	for _, c := range r.Calls {
		if c.After == after && !c.Refused {
			n += c.Count
		}
	}
	return n
}

// Replay decides recorded calls under two sets of policies.
type Replay struct {
	// Before has the policies as they are; nil where they are not known.
	Before Subject
	// After has the policies to be.
	After Subject
	// Names supplies ARNs that records give by name only; may be nil.
	Names request.Names
	// Given holds condition keys that are known to have applied to all calls;
	// what a record shows goes over them.
	Given policy.Context

	report Report
	groups map[string]*Call
	seen   map[string]bool // by eventID and sharedEventID
	wide   widened
}

// Add takes one call of the principal. Events that are no calls, and events
// that it had before, are left out.
func (r *Replay) Add(e *trail.Event) {
	if r.had(e) {
		r.report.Twice++
		return
	}
	requests, why := request.Of(e, r.Names)
	if why != "" {
		if e.Type == "" || e.Type == "AwsApiCall" {
			if r.report.NotMapped == nil {
				r.report.NotMapped = map[string]int{}
			}
			r.report.NotMapped[e.Source+" "+e.Name]++
		}
		return
	}
	r.report.Events++
	if r.report.From.IsZero() || e.Time.Before(r.report.From) {
		r.report.From = e.Time
	}
	if e.Time.After(r.report.To) {
		r.report.To = e.Time
	}
	context, by := joined(r.Given, request.Context(e)), e.Actor()
	for _, q := range requests {
		r.add(e, by, q, joined(context, q.Context))
	}
}

func (r *Replay) had(e *trail.Event) bool {
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	had := false
	for _, id := range []string{e.ID, e.SharedID} {
		if id != "" {
			had = had || r.seen[id]
			r.seen[id] = true
		}
	}
	return had
}

// joined puts the keys of a call over those that are given, or those of one
// request over those of its call.
func joined(call, own policy.Context) policy.Context {
	switch {
	case len(own) == 0:
		return call
	case len(call) == 0:
		return own
	}
	out := maps.Clone(call)
	maps.Copy(out, own)
	return out
}

func (r *Replay) add(e *trail.Event, by trail.Actor, q request.Request, context policy.Context) {
	c := Call{Action: q.Action, Resource: q.Resource, Event: e.Name, Refused: Refused(e), Assumed: q.Assumed}
	if c.Resource == "" {
		c.Pattern = q.Pattern
	}
	happened := !e.Failed()
	before := verdict{outcome: CannotTell}
	if r.Before != nil {
		before = r.wide.decide(r.Before(by, q, context), q, happened)
	}
	after := r.wide.decide(r.After(by, q, context), q, happened)
	if r.Before != nil && before.outcome == Denied && happened && q.Assumed {
		return // it happened without this permission
	}
	c.Before, c.After, c.Needs, c.Statement, c.Because = before.outcome, after.outcome, after.needs, after.statement, after.because
	if why := r.contradicted(e, c); why != "" {
		c.After, c.Statement, c.Because, c.Needs = CannotTell, nil, "", []string{why}
	}
	key := strings.Join([]string{c.Action, c.Resource, c.Pattern, c.Because, c.Event, fmt.Sprint(c.Refused, c.Assumed), string(c.Before), string(c.After), strings.Join(c.Needs, ","), ref(c.Statement)}, "\x00")
	if r.groups == nil {
		r.groups = map[string]*Call{}
	}
	g := r.groups[key]
	if g == nil {
		c.First, c.Last, c.LastID = e.Time, e.Time, e.ID
		r.groups[key] = &c
		g = &c
	}
	g.Count++
	if e.Time.Before(g.First) {
		g.First = e.Time
	}
	if e.Time.After(g.Last) {
		g.Last, g.LastID = e.Time, e.ID
	}
}

// contradicted says why the policies that were given are not the whole story:
// they forbid what was allowed, or allow what was refused, before the change and
// after it alike.
func (r *Replay) contradicted(e *trail.Event, c Call) string {
	if r.Before == nil || c.Before != c.After {
		return ""
	}
	switch {
	case c.Refused && c.After == Allowed:
		return "what refused the call: the policies given allow it"
	case c.Refused || c.After != Denied:
		return ""
	case e.Failed():
		return "whether IAM allowed the call, which failed (" + e.ErrorCode + "): none of the policies given does"
	}
	return "what allowed the call: none of the policies given does"
}

func ref(s *policy.StatementRef) string {
	if s == nil {
		return ""
	}
	return s.String()
}

// Refused tells whether IAM refused the call. Source: AWS CloudTrail User
// Guide, "CloudTrail record contents", errorCode; services spell it in several
// ways, such as AccessDenied, AccessDeniedException,
// Client.UnauthorizedOperation and AuthorizationErrorException.
func Refused(e *trail.Event) bool {
	for _, word := range []string{"AccessDenied", "Unauthorized", "AuthorizationError", "NotAuthorized"} {
		if strings.Contains(e.ErrorCode, word) {
			return true
		}
	}
	return false
}

// Report returns what was found so far.
func (r *Replay) Report() Report {
	out := r.report
	out.Calls = make([]Call, 0, len(r.groups))
	for _, c := range r.groups {
		out.Calls = append(out.Calls, *c)
	}
	slices.SortFunc(out.Calls, func(a, b Call) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.Last.Compare(a.Last), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource), cmp.Compare(ref(a.Statement), ref(b.Statement)), cmp.Compare(a.Event, b.Event))
	})
	return out
}

func rank(c Call) int {
	switch {
	case c.Changed() && c.After == Denied:
		return 0
	case c.After == CannotTell && !c.Refused:
		return 1
	case c.Changed():
		return 2
	case c.Refused:
		return 4
	}
	return 3
}
