package respond

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/detect"
	"warden/trail"
	"warden/trail/source"
)

// Past is what happened in an account, as CloudTrail itself remembers it;
// source.Lookup is one. Events come the newest first; the first error ends
// them.
type Past interface {
	Events(ctx context.Context, since, until time.Time, about source.Filter) iter.Seq2[*trail.Event, error]
}

// SweepOptions say what a sweep looks at. The zero value is the sweep that
// runs every few minutes.
type SweepOptions struct {
	// Regions are those whose history is read; nil means the one that IAM is
	// recorded in, in the partition "aws".
	Regions []string
	// Sources are the event sources that are read; nil means IAM, the console
	// sign-in, and STS, in this order: STS may be by far the busiest.
	Sources []string
	// Since is how far back the sweep reads; 0 goes on where the last one
	// stopped, and reads an hour when there was none.
	Since time.Duration
	// Settle is the age up to which an event that the guard has not seen may
	// still be on its way; 0 means DefaultSettle.
	Settle time.Duration
	// ConfirmWithin is how long CloudTrail has to show an event that was acted
	// on; 0 means DefaultConfirmWithin.
	ConfirmWithin time.Duration
	// Known is the ledger that a dry run reads; nil for none.
	Known *ledger.Ledger
}

// Defaults of SweepOptions.
const (
	DefaultSettle        = 3 * time.Minute
	DefaultConfirmWithin = 30 * time.Minute
)

// Bounds of a sweep.
const (
	// sweepOverlap is how much of what was read is read again: CloudTrail has
	// an event ready within about a quarter of an hour.
	sweepOverlap = source.Delivery + 5*time.Minute
	// sweepFirst is how far back the first sweep reads.
	sweepFirst = time.Hour
	// sweepChunk is read and dealt with at a time, so that a sweep that is cut
	// short has got somewhere.
	sweepChunk = time.Hour
	// sweepMark is how far a sweep has to get for the ledger to note it.
	sweepMark = 30 * time.Minute
	// resumeAfter is the age at which what was begun counts as dead.
	resumeAfter = 5 * time.Minute
)

// SweepReport is what a sweep found and did.
type SweepReport struct {
	Account string    `json:"account"`
	At      time.Time `json:"at"`
	// DryRun says that nothing was changed, recorded or told.
	DryRun bool `json:"dryRun,omitempty"`
	// Windows are the parts of the history that were read.
	Windows []Window `json:"windows"`
	// Judged is the number of events that concern identities.
	Judged int `json:"judged"`
	// Missed are the events that had to be noticed and that the rule did not
	// bring; Early are those that it may still bring, dealt with already.
	Missed []SweptEvent `json:"missed,omitempty"`
	Early  []SweptEvent `json:"early,omitempty"`
	// Unfinished are events that the guard knew and had not dealt with.
	Unfinished []SweptEvent `json:"unfinished,omitempty"`
	// Confirmed is how many events that were acted on CloudTrail has shown
	// now, Waiting how many it may still show, and Doubted are those that it
	// does not have.
	Confirmed int         `json:"confirmed"`
	Waiting   int         `json:"waiting,omitempty"`
	Doubted   []DoubtedAt `json:"doubted,omitempty"`
	// Rechecked is how many containments were looked at again, Stripped are
	// those that somebody had taken away.
	Rechecked int          `json:"rechecked"`
	Stripped  []StrippedAt `json:"stripped,omitempty"`
	// Hold are the incidents whose containment, made or put back by the sweep,
	// is due to be looked at again soon.
	Hold []string `json:"hold,omitempty"`
	// Resumed is how many plans were finished that had died on their way.
	Resumed int `json:"resumed,omitempty"`
	// Reminded are the proposals that people were told of again.
	Reminded []string `json:"reminded,omitempty"`
	// Problems are what went wrong. What they kept from being done is done by
	// the next sweep.
	Problems []string `json:"problems,omitempty"`
}

// Window is a part of the history that was read.
type Window struct {
	Region string    `json:"region"`
	Source string    `json:"source"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Events int       `json:"events"` // that concern identities
	// Behind is how much of it was not read; the next sweep goes on there.
	Behind time.Duration `json:"behindNs,omitempty"`
}

// SweptEvent is an event that a sweep dealt with.
type SweptEvent struct {
	guard.Line
	Action Action `json:"action"`
	Error  string `json:"error,omitempty"`
}

// DoubtedAt is an event that was acted on and that CloudTrail does not have.
type DoubtedAt struct {
	Incident string `json:"incident"`
	Event    string `json:"event"`
	Why      string `json:"why"`
	// Release is the plan, proposed to people, that gives back what was done;
	// "" when another event of the incident is confirmed.
	Release string `json:"release,omitempty"`
}

// StrippedAt is a containment that somebody had taken away.
type StrippedAt struct {
	Incident string   `json:"incident"`
	Settings []string `json:"settings"`
	Restored bool     `json:"restored"`
}

// Findings reports whether the sweep found what should not be.
func (s SweepReport) Findings() bool {
	return len(s.Missed)+len(s.Unfinished)+len(s.Doubted)+len(s.Stripped) > 0
}

// Complete reports whether the sweep did all that it set out to do.
func (s SweepReport) Complete() bool {
	for _, w := range s.Windows {
		if w.Behind > 0 {
			return false
		}
	}
	return len(s.Problems) == 0
}

// sweep is one sweep on its way.
type sweep struct {
	r      *Responder
	past   Past
	o      SweepOptions
	ledger *ledger.Ledger // nil when a dry run has none
	report SweepReport

	// incidents are those of the account, and joined the events in them, as
	// the ledger had them at the start.
	incidents []ledger.Incident
	joined    map[string]*ledger.Incident
	// unconfirmed are the events that were acted on and not seen in the
	// history yet.
	unconfirmed map[string]*ledger.Incident
	doubts      []doubt
	facts       map[string]*guard.Facts
	// doubtful are events that are judged again when all is read.
	doubtful []*trail.Event
	again    bool
}

// Sweep looks after what the stream of events may have left: EventBridge
// delivers on a best effort. It finishes what died, puts back containments
// that somebody took away, reads the history for events that the rule did not
// bring and handles them, confirms that CloudTrail itself has the events that
// were acted on, and reminds people of proposals that wait.
//
// It goes as far as it can: what goes wrong stands in the report. The error is
// only about a sweep that could not begin. A dry run reads and judges.
func (r *Responder) Sweep(ctx context.Context, past Past, o SweepOptions) (SweepReport, error) {
	if r.Lookup == nil || r.Account == "" {
		return SweepReport{}, errors.New("a sweep needs look-ups in the account and its id")
	}
	if o.Regions == nil {
		o.Regions = []string{"us-east-1"}
	}
	if o.Sources == nil {
		o.Sources = []string{detect.IAM, detect.SignIn, detect.STS}
	}
	if o.Settle == 0 {
		o.Settle = DefaultSettle
	}
	if o.ConfirmWithin == 0 {
		o.ConfirmWithin = DefaultConfirmWithin
	}
	s := &sweep{r: r, past: past, o: o, ledger: r.Ledger, facts: map[string]*guard.Facts{}}
	s.report = SweepReport{Account: r.Account, At: r.Now().UTC(), DryRun: r.Applier == nil, Windows: []Window{}}
	if s.ledger == nil {
		s.ledger = o.Known
	}
	if r.Applier != nil {
		s.repair(ctx)
	}
	if err := s.remember(ctx); err != nil {
		return s.report, err
	}
	if r.Applier != nil {
		s.recheck(ctx)
	}
	s.read(ctx)
	s.confirm(ctx)
	if r.Applier != nil {
		s.tellMissed(ctx)
		s.proposals(ctx)
	}
	return s.report, nil
}

// problem notes what went wrong. That the sweep was stopped is no problem of
// its own.
func (s *sweep) problem(what string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	s.report.Problems = append(s.report.Problems, what+": "+oneLine(err))
	s.r.Log.Error("the sweep could not do everything", "what", what, "error", err)
}

// repair finishes what died and keeps the deny policy right.
func (s *sweep) repair(ctx context.Context) {
	if _, err := s.r.ensureDenyPolicy(ctx); err != nil {
		s.problem("check the deny policy", err)
	}
	if err := s.r.RefreshAdmins(ctx); err != nil {
		s.problem("list the administrators", err)
	}
	done, err := s.r.Applier.Resume(ctx, resumeAfter)
	if err != nil {
		s.problem("finish what died", err)
	}
	for _, d := range done {
		if err := s.r.finished(d); err != nil {
			s.problem(fmt.Sprintf("finish plan %s of incident %s", change.Short(d.Plan.ID), d.Plan.Incident), err)
		} else if !d.Busy() {
			s.report.Resumed++
		}
	}
}

// hold notes that a containment is due to be looked at again.
func (s *sweep) hold(incident string, next time.Time) {
	if !next.IsZero() && !slices.Contains(s.report.Hold, incident) {
		s.report.Hold = append(s.report.Hold, incident)
	}
}

// remember reads what the guard knows.
func (s *sweep) remember(ctx context.Context) error {
	s.joined, s.unconfirmed = map[string]*ledger.Incident{}, map[string]*ledger.Incident{}
	if s.ledger == nil {
		return nil
	}
	all, err := s.ledger.Incidents(ctx)
	if err != nil {
		return fmt.Errorf("read what the guard knows: %w", err)
	}
	for _, in := range all {
		if in.Account == s.r.Account {
			s.incidents = append(s.incidents, in)
		}
	}
	for i := range s.incidents {
		in := &s.incidents[i]
		for _, ev := range in.Events {
			if s.joined[ev.ID] == nil || !ev.Doubtful() {
				s.joined[ev.ID] = in
			}
			if s.confirmable(*in, ev) {
				s.unconfirmed[ev.ID] = in
			}
		}
	}
	return nil
}

// recheck looks at every containment that is in force again.
func (s *sweep) recheck(ctx context.Context) {
	for _, in := range s.incidents {
		if len(containing(in)) == 0 || ctx.Err() != nil {
			continue
		}
		again, err := s.r.Recheck(ctx, in.ID)
		if err != nil {
			s.problem("look at incident "+in.ID+" again", err)
		}
		s.report.Rechecked++
		if len(again.Stripped) == 0 {
			continue
		}
		s.hold(in.ID, again.Next)
		stripped := StrippedAt{Incident: in.ID, Restored: again.Restored}
		for _, setting := range again.Stripped {
			stripped.Settings = append(stripped.Settings, setting.String())
		}
		s.report.Stripped = append(s.report.Stripped, stripped)
	}
}
