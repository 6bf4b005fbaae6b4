// Package respond is the guard at work: it looks up what a judgement needs,
// lets package guard judge, carries out the containment through change/apply,
// proves that it holds, and tells people. The daemon and the Lambda function
// share it.
//
// An event may arrive twice, late, or again after a crash. Handle may be
// called for it each time: the ledger makes every effect happen once. A
// Result with Retry set asks for the event to be delivered again.
package respond

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"warden/account"
	"warden/account/collect"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/guard"
	"warden/notify"
	"warden/trail"
)

// Lookup answers what is true in the account now; Live is one.
// A nil result without an error means that there is no such thing.
type Lookup interface {
	User(ctx context.Context, name string) (*account.User, error)
	UserByID(ctx context.Context, id string) (*account.User, error)
	Groups(ctx context.Context, user string) ([]string, error)
	ActiveKeys(ctx context.Context, user string) ([]string, error)
	Role(ctx context.Context, name string) (*account.Role, error)
	Group(ctx context.Context, name string) (*account.Group, error)
	Versions(ctx context.Context, policyARN string) ([]collect.VersionDate, error)
	// Members are the users in a group, nil where there is no such group and
	// empty where nobody is in it; Tagged those and the roles with a tag.
	Members(ctx context.Context, group string) ([]account.User, error)
	Tagged(ctx context.Context, key, value string) ([]account.User, []account.Role, error)
	Policy(ctx context.Context, arn, hint string) (*collect.PolicyVersion, error)
	// Setting reads what a step of a plan would change.
	Setting(ctx context.Context, s change.Setting) (change.State, error)
}

// Live looks up in the account itself. A Reader made by apply.Guarded also
// reads the organisation's policy.
type Live struct {
	*collect.Identities
	Reader apply.Reader
}

// Setting implements Lookup.
func (l Live) Setting(ctx context.Context, s change.Setting) (change.State, error) {
	return apply.Read(ctx, l.Reader, s)
}

var _ Lookup = Live{}

// Applier carries out plans; apply.Applier is one.
type Applier interface {
	Run(ctx context.Context, p change.Plan) (apply.Report, error)
	Resume(ctx context.Context, olderThan time.Duration) ([]apply.Report, error)
}

// Options set up a Responder. Without a Lookup and a Snapshot every verdict
// that needs facts is unknown.
type Options struct {
	Guard guard.Config
	// Account is the account that is guarded; events of others are refused.
	// "" accepts any, for reading files.
	Account string
	// Partition is that account's; "" is "aws".
	Partition string
	// Snapshot supplies facts where there is no Lookup.
	Snapshot *account.Snapshot
	Lookup   Lookup
	// Before is what the account was before the calls that are taken back; nil
	// where only the ledger can tell.
	Before *account.Snapshot
	// Applier and Ledger are nil for a dry run: then nothing is changed.
	Applier  Applier
	Ledger   *ledger.Ledger
	Notifier notify.Notifier
	// Guardrail is the organisation's policy that denies those whom the
	// account cannot; nil where there is none. The Applier and the Lookup have
	// to reach it.
	Guardrail *Guardrail
	// Past is the account's event history, in which events are looked up that
	// a change of the administrators makes worth another judgement, and the one
	// that made a session; nil leaves the first to the sweep, and the second to
	// what Handle saw.
	Past Past
	// LedgerFlag says in notifications which ledger an undo needs, for
	// example "--ledger dynamodb:warden"; "" is the default one.
	LedgerFlag string
	// MemberRole is the role by which the guard reaches the account that is
	// guarded, where the credentials are another's; "" where they are its own.
	MemberRole string
	// Operators are the roles by which people give back.
	Operators Operators
	// AskFirst lets a person approve what is more than denying IAM, before it
	// is done. ProposalLife is how long he has; 0 is ledger.ProposalLife.
	AskFirst     bool
	ProposalLife time.Duration
	// Votes are what people decided where they may write but the ledger is not
	// theirs to write; nil where they write the ledger.
	Votes Votes
	Now   func() time.Time
	Log   *slog.Logger
}

// Responder handles events. It is safe for concurrent use.
type Responder struct {
	Options
	callers callerLocks
	admins  adminMemory

	credentials credentialMemory

	mu    sync.Mutex
	hints map[string]string // version of a deny policy that was in force last, by ARN
	born  births
}

// New checks the options and returns a Responder.
func New(o Options) (*Responder, error) {
	if (o.Applier == nil) != (o.Ledger == nil) {
		return nil, fmt.Errorf("respond: an applier and a ledger go together")
	}
	if o.Applier != nil && (o.Lookup == nil || o.Account == "") {
		return nil, fmt.Errorf("respond: changing an account needs look-ups in it and its id")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notifier == nil {
		o.Notifier = notify.All{}
	}
	o.Guard.DenyPolicy, o.Guard.DenyAllPolicy = o.Guard.PolicyName(guard.DenyIAM), o.Guard.PolicyName(guard.DenyAll)
	if o.Guardrail != nil {
		if err := o.Guardrail.check(); err != nil {
			return nil, err
		}
	}
	return &Responder{Options: o, hints: map[string]string{}, admins: adminMemory{mu: newGate()}, credentials: credentialMemory{mu: newGate()}}, nil
}

// Action says what the Responder did about an event.
type Action string

// The actions.
const (
	None         Action = "none"
	WouldContain Action = "would contain" // a dry run
	WouldAlert   Action = "would alert"
	Alerted      Action = "alerted"
	Escalated    Action = "escalated"
	Contained    Action = "contained" // configured: read back and proved
	// PartlyContained: something of what was to be denied is still open; the
	// notification and the ledger say what.
	PartlyContained Action = "partly contained"
	NotProved       Action = "contained, not proved" // the call was accepted, the proof failed
	NotContained    Action = "not contained"         // the containment failed
	Joined          Action = "joined"                // the caller is contained already
	ObservedDenied  Action = "observed denied"       // the contained caller was refused
	HandedOver      Action = "handed over"           // somebody else contains; see HandleOr
)

// Result is what became of one event.
type Result struct {
	guard.Judgement
	Action Action
	// Taken lists the steps that took back what the call did, and those that
	// could not, with the reason.
	Taken []string
	// Would lists the steps that a dry run would have taken to contain the
	// caller, with the states that it found.
	Would []string
	// Proposed are the ids of the plans that wait for a person.
	Proposed []string
	// Err is what went wrong on the way; the event was still dealt with as
	// far as Action says.
	Err error
	// Retry asks for the event to be delivered again.
	Retry bool
	// Next is when the containment is to be looked at again by Recheck; zero
	// where nothing was contained.
	Next time.Time
	// AdminsChanged is what the event did to the set of administrators.
	AdminsChanged []AdminChanged
	// gaps says that something could not be looked up.
	gaps bool
	// live is the caller's user as IAM knows it now.
	live *guard.UserFacts
	// baseline is what was remembered of the administrators.
	baseline *guard.Baseline
	// chain is the incident of the session that this caller assumed, or of who
	// made him; follows is how many sessions were followed to him, and cause is
	// what the first of them did. Event is then how he came to his session.
	chain   string
	follows int
	cause   *trail.Event
	// Took is the time from the call of Handle to the verified containment,
	// or to the end.
	Took time.Duration
}

// Start finishes what a crash may have left half-done and makes sure that the
// deny policy is there with the right content. Call it once before Handle.
func (r *Responder) Start(ctx context.Context) error {
	if r.Applier == nil {
		return nil
	}
	resumed, err := r.Applier.Resume(ctx, 0)
	for _, done := range resumed {
		if err := r.finished(done); err != nil {
			r.Log.Error("what an earlier run left undone could not be finished", "incident", done.Plan.Incident,
				"plan", change.Short(done.Plan.ID), "error", oneLine(err))
		}
	}
	if err != nil {
		// One plan that cannot be finished must not keep the guard from
		// watching: it stays in the ledger, and the log names it.
		r.Log.Error("an earlier run could not be finished", "error", err)
	}
	_, err = r.ensureDenyPolicy(ctx)
	return errors.Join(err, r.RefreshAdmins(ctx))
}

// finished says what kept a plan that was resumed from its end, nil where it
// came to it, or another worker is at it.
func (r *Responder) finished(done apply.Report) error {
	if stuck := done.Stuck(); len(stuck) > 0 {
		return errors.New(strings.Join(stuck, "; "))
	}
	how := "finished what an earlier run left undone"
	if done.Busy() {
		how = "another worker is at what an earlier run left undone"
	}
	r.Log.Info(how, "incident", done.Plan.Incident, "plan", change.Short(done.Plan.ID))
	return nil
}

// Handle judges one event and acts on the verdict.
func (r *Responder) Handle(ctx context.Context, e *trail.Event) Result {
	return r.HandleOr(ctx, e, nil)
}

// HandleOr is Handle, but where the verdict is to contain it offers that to
// somebody else first, such as a workflow; true means that he does it.
func (r *Responder) HandleOr(ctx context.Context, e *trail.Event, handOver func(Result) bool) Result {
	start := r.Now()
	res := r.handle(ctx, e, start, handOver)
	r.adminsChanged(ctx, &res)
	r.noteCredentials(ctx, &res)
	r.rejudge(ctx, &res)
	if res.Took == 0 {
		res.Took = r.Now().Sub(start)
	}
	if res.Err != nil {
		r.Log.Error("event not dealt with as it should be", "event", e.ID, "caller", res.Actor.ARN, "action", res.Action, "error", res.Err)
	}
	return res
}

// Judge judges one event and does nothing about it.
func (r *Responder) Judge(ctx context.Context, e *trail.Event) Result {
	res, _ := r.judge(ctx, e, r.Now())
	return res
}

// judge looks up what the verdict needs; gaps says that something could not
// be looked up.
func (r *Responder) judge(ctx context.Context, e *trail.Event, now time.Time) (res Result, gaps bool) {
	known := r.known(ctx, e)
	res = Result{Judgement: guard.Judge(r.Guard, e, known, now), Action: None}
	if known != nil && len(known.Gaps) > 0 {
		gaps, res.gaps = true, true
	}
	if res.NeedsFacts {
		if facts := r.facts(ctx, res.Actor); facts != nil {
			together(facts, known)
			res.Judgement = guard.Judge(r.Guard, e, facts, now)
			gaps, res.live, res.baseline = len(facts.Gaps) > 0, facts.User, facts.Baseline
			res.gaps = gaps
		}
	}
	return res, gaps
}

func (r *Responder) handle(ctx context.Context, e *trail.Event, start time.Time, handOver func(Result) bool) Result {
	r.born.note(e)
	if err := r.adopt(ctx, e); err != nil {
		r.Log.Error("who assumed the role of a contained session could not be looked after", "event", e.ID, "error", err)
	}
	res, gaps := r.judge(ctx, e, start)
	switch res.Verdict {
	case guard.Alert, guard.Escalate, guard.Contain:
	default:
		if err := r.noteSession(ctx, e, res.Held); err != nil {
			res.Err, res.Retry = err, true
		}
		return res
	}
	if r.Applier == nil {
		res.Action = WouldAlert
		if res.Verdict == guard.Contain || r.beyond(&res) {
			res.Action, res.Would = WouldContain, r.would(ctx, &res)
		}
		return res
	}
	if handOver != nil && (res.Verdict == guard.Contain || r.beyond(&res)) && handOver(res) {
		res.Action = HandedOver
		return res
	}
	unlock := r.callers.lock(res.Incident)
	defer unlock()
	if err := r.join(ctx, &res); err != nil {
		res.Err, res.Retry = err, true
		return res
	}
	if res.Verdict == guard.Contain || r.beyond(&res) {
		r.contain(ctx, &res, start)
		return res
	}
	// An escalation for a fact that could not be read is tried again: the
	// next look-up may answer. So is one that another event will explain.
	res.Retry = gaps || res.Settling
	r.alert(ctx, &res)
	return res
}

// join records the event under its incident, which it opens if it is new.
func (r *Responder) join(ctx context.Context, res *Result) error {
	e := res.Event
	title := fmt.Sprintf("%s called %s", caller(res.Actor), e.Name)
	who := trail.Issuer{ARN: res.Actor.ARN, ID: res.Actor.ID}
	if res.Actor.Kind == trail.FederatedUser && res.Subject.ID != "" {
		who = res.Subject // the incident is the user's, whoever acts for him
	}
	if err := r.staysWhereItIs(ctx, res, who.ID); err != nil {
		return err
	}
	if h := res.Held; h != nil && res.chain == "" && h.Incident != res.Incident {
		res.chain = h.Incident
	}
	if res.chain == "" {
		var err error
		if res.chain, err = r.parent(ctx, res.Actor, res.Incident); err != nil {
			return err
		}
		if res.chain != "" {
			res.Reason += "; what he calls with was made by the caller of incident " + res.chain
		}
	}
	if _, err := r.Ledger.OpenIncident(ctx, res.Incident, ledger.Opening{
		Account: r.Account, Caller: who.ARN, CallerID: who.ID, Kind: string(res.Actor.Kind),
		Severity: res.Severity.String(), Title: title, Reason: res.Reason, Parent: res.chain, Credential: res.Credential,
	}); err != nil {
		return err
	}
	ids := make([]string, len(res.Detections))
	for i, d := range res.Detections {
		ids[i] = d.ID
	}
	_, err := r.Ledger.JoinEvent(ctx, res.Incident, ledger.Event{
		ID: e.ID, Name: e.Name, Source: e.Source, Time: e.Time, SourceIP: e.SourceIP, ErrorCode: e.ErrorCode,
		Verdict: string(res.Verdict), Detections: ids,
	})
	if err != nil {
		return err
	}
	return r.noteMade(ctx, res.Incident, e)
}

// staysWhereItIs leaves an event that is reported only in the incident of its
// caller that has it: he himself was contained, and now it is his credential, or
// the other way round. People were told.
func (r *Responder) staysWhereItIs(ctx context.Context, res *Result, caller string) error {
	if res.Verdict != guard.Alert || caller == "" {
		return nil
	}
	has, err := r.Ledger.Joined(ctx, res.Event.ID)
	if err != nil || has == "" || has == res.Incident {
		return err
	}
	other, err := r.Ledger.Incident(ctx, has)
	if err == nil && other.CallerID == caller {
		res.Incident = has
	}
	return err
}

// callerLocks keeps two events of one caller from being handled at once in
// this process; between processes the ledger does.
type callerLocks struct {
	mu   sync.Mutex
	held map[string]*callerLock
}

type callerLock struct {
	gate
	users int
}

func (c *callerLocks) lock(caller string) (unlock func()) {
	l := c.of(caller)
	l.Lock()
	return func() { l.Unlock(); c.leave(caller, l) }
}

// lockWithin is lock for who does not wait for ever; false means that it was
// not to be had.
func (c *callerLocks) lockWithin(ctx context.Context, caller string, longest time.Duration) (unlock func(), ok bool) {
	l := c.of(caller)
	over := time.NewTimer(longest)
	defer over.Stop()
	select {
	case l.gate <- struct{}{}:
		return func() { l.Unlock(); c.leave(caller, l) }, true
	case <-over.C:
	case <-ctx.Done():
	}
	c.leave(caller, l)
	return nil, false
}

// of returns the lock of a caller, which is kept until leave.
func (c *callerLocks) of(caller string) *callerLock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[string]*callerLock{}
	}
	l := c.held[caller]
	if l == nil {
		l = &callerLock{gate: newGate()}
		c.held[caller] = l
	}
	l.users++
	return l
}

func (c *callerLocks) leave(caller string, l *callerLock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(c.held, caller)
	}
}

// Text is the result in one line for people.
func (res Result) Text() string {
	when := "(no time)"
	if !res.Event.Time.IsZero() {
		when = res.Event.Time.UTC().Format("2006-01-02 15:04:05Z")
	}
	line := fmt.Sprintf("%s  %-8s  %s", when, res.Verdict, notify.Line(res.Reason))
	if res.Action != None && res.Action != WouldAlert && res.Action != Alerted {
		line += "  [" + string(res.Action) + "]"
	}
	return line
}
