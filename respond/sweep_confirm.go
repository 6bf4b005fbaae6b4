package respond

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/finding"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/trail"
	"warden/trail/source"
)

// Bounds of confirming.
const (
	// confirmFor is how long after it came an event is looked for.
	confirmFor = 24 * time.Hour
	// confirmLook is the age from which an event is looked for by its id;
	// before it comes by itself with the rest of the history.
	confirmLook = 10 * time.Minute
	// confirmAtOnce bounds the look-ups by id in one sweep; CloudTrail answers
	// two a second.
	confirmAtOnce = 40
)

// confirmable reports whether an event has to be found in the history: its
// caller was acted on, and it was not found yet.
func (s *sweep) confirmable(in ledger.Incident, ev ledger.Event) bool {
	return actedOn(ev) && len(in.Plans) > 0 && ev.ConfirmedAt.IsZero() && s.report.At.Sub(ev.JoinedAt) < confirmFor
}

// actedOn reports whether an event is of the kind for which callers are acted
// on: they are for what they did to identities, not for what they tried, nor
// for what other services record in other regions.
func actedOn(ev ledger.Event) bool {
	return ev.ErrorCode == "" && detect.IAMWrite(ev.Source, ev.Name)
}

// confirm looks in the history for the events that were acted on and did not
// come with the rest of it. One that is not there after a while may have been
// forged by somebody who can write to the guard's queue.
func (s *sweep) confirm(ctx context.Context) {
	looked := 0
	for i := range s.incidents {
		in := &s.incidents[i]
		for _, ev := range in.Events {
			if s.unconfirmed[ev.ID] == nil {
				continue
			}
			age := s.report.At.Sub(ev.JoinedAt)
			if age < min(confirmLook, s.o.ConfirmWithin) || looked == confirmAtOnce || ctx.Err() != nil {
				s.report.Waiting++
				continue
			}
			looked++
			found, err := s.byID(ctx, ev.ID)
			switch {
			case err != nil:
				s.problem("look for event "+ev.ID, err)
				s.report.Waiting++
			case found != nil:
				s.found(ctx, in, found)
			case age < s.o.ConfirmWithin:
				s.report.Waiting++
			case ev.Doubt == "":
				s.doubts = append(s.doubts, doubt{in, ev, fmt.Sprintf("CloudTrail's event history of %s does not have it, %s after it came",
					strings.Join(s.o.Regions, ", "), age.Round(time.Minute))})
			}
		}
	}
	for _, d := range s.doubts {
		s.doubt(ctx, *d.in, d.ev, d.why)
	}
}

// doubt is an event that was acted on and is not as it should be.
type doubt struct {
	in  *ledger.Incident
	ev  ledger.Event
	why string
}

// byID finds one event in the history, nil when it is not there.
func (s *sweep) byID(ctx context.Context, id string) (*trail.Event, error) {
	for _, region := range s.o.Regions {
		for e, err := range s.past.Events(ctx, time.Time{}, time.Time{}, source.Filter{Region: region, By: source.ByEventID, Value: id}) {
			if err != nil {
				return nil, err
			}
			if e.ID == id {
				return e, nil
			}
		}
	}
	return nil, nil
}

// found compares an event of the history with the one that was acted on.
func (s *sweep) found(ctx context.Context, in *ledger.Incident, e *trail.Event) {
	delete(s.unconfirmed, e.ID)
	for i := range in.Events {
		ev := &in.Events[i]
		if ev.ID != e.ID {
			continue
		}
		if why := contradiction(*in, *ev, e); why != "" {
			if ev.Doubt == "" {
				s.doubts = append(s.doubts, doubt{in, *ev, why})
			}
			return
		}
		ev.ConfirmedAt = s.report.At
	}
	s.report.Confirmed++
	if s.r.Ledger == nil {
		return
	}
	if _, err := s.r.Ledger.ConfirmEvent(ctx, in.ID, e.ID); err != nil {
		s.problem("confirm event "+e.ID, err)
	}
}

// contradiction says in what the history's event differs from the one that
// was acted on: the id of a true event proves nothing of another.
func contradiction(in ledger.Incident, ev ledger.Event, e *trail.Event) string {
	by := e.Actor()
	switch {
	case e.Name != ev.Name || e.Source != ev.Source:
		return fmt.Sprintf("CloudTrail has %s of %s under its id, not %s of %s", e.Name, e.Source, ev.Name, ev.Source)
	case in.CallerID != "" && by.ID != in.CallerID && guard.Subject(by).ID != in.CallerID:
		return fmt.Sprintf("in CloudTrail %s (%s) made the call, not %s (%s)", by.ARN, by.ID, in.Caller, in.CallerID)
	case e.ErrorCode != ev.ErrorCode:
		return fmt.Sprintf("in CloudTrail the call ended with %q, not %q", e.ErrorCode, ev.ErrorCode)
	}
	return ""
}

// releaser plans what gives an incident back; apply.Applier is one.
type releaser interface {
	UndoPlan(ctx context.Context, incident, step string, o apply.UndoOptions) (apply.Undo, error)
}

// doubt alarms people about an event that was acted on and that CloudTrail
// does not have, and proposes to release its caller, unless another event of
// the incident is confirmed. Nothing is released without a person: CloudTrail
// may be late.
func (s *sweep) doubt(ctx context.Context, in ledger.Incident, ev ledger.Event, why string) {
	doubted := DoubtedAt{Incident: in.ID, Event: ev.ID, Why: why}
	defer func() { s.report.Doubted = append(s.report.Doubted, doubted) }()
	if s.r.Applier == nil {
		return
	}
	res := Result{}
	res.Incident, res.Severity = in.ID, finding.Critical
	release := "nothing is proposed: another event of this incident is confirmed"
	if !confirmed(in) {
		plan, err := s.release(ctx, in, why)
		if err == nil && len(plan.Steps) > 0 {
			err = s.r.propose(ctx, &res, plan, "the event for which "+in.Caller+" was contained may be forged: "+why)
		}
		switch {
		case err != nil:
			release = "no release could be proposed: " + oneLine(err)
			s.problem("propose to release "+in.ID, err)
		case len(plan.Steps) == 0:
			release = "there is nothing to give back"
		default:
			doubted.Release = res.Proposed[0]
			release = "to release him is proposed as " + change.Short(doubted.Release)
		}
	}
	s.r.tell(ctx, &res, 0, "doubted "+ev.ID, notify.Message{
		Incident: in.ID, Severity: finding.Critical,
		Subject: "warden acted on an event that CloudTrail does not have",
		Text: fmt.Sprintf("who    %s\nwhat   %s at %s, event %s\nwhy    %s\ndone   he stays contained; %s\n"+
			"next   ask who can write to the guard's queue; if the event is forged, release him\n%s",
			in.Caller, ev.Name, ev.Time.UTC().Format("2006-01-02 15:04:05Z"), ev.ID, why, release, s.r.undoLines(in.ID)),
	})
	if res.Err != nil {
		s.problem("tell of event "+ev.ID, res.Err)
		return // the next sweep tells
	}
	if _, err := s.r.Ledger.DoubtEvent(ctx, in.ID, ev.ID, why); err != nil {
		s.problem("note that event "+ev.ID+" is in doubt", err)
	}
}

// confirmed reports whether the history has an event for which the caller of
// the incident was acted on.
func confirmed(in ledger.Incident) bool {
	for _, ev := range in.Events {
		if actedOn(ev) && !ev.ConfirmedAt.IsZero() {
			return true
		}
	}
	return false
}

// release plans what gives the incident back.
func (s *sweep) release(ctx context.Context, in ledger.Incident, why string) (change.Plan, error) {
	a, ok := s.r.Applier.(releaser)
	if !ok {
		return change.Plan{}, errors.New("this guard plans no undo")
	}
	u, err := a.UndoPlan(ctx, in.ID, "", apply.UndoOptions{Reason: why})
	return u.Plan, err
}

// remindEvery is how often people are told of a proposal that waits.
const remindEvery = 4 * time.Hour

// proposals carries out what was approved and not carried out yet, and tells
// people again of what still waits for them.
func (s *sweep) proposals(ctx context.Context) {
	done, err := s.r.RunWaiting(ctx)
	if err != nil {
		s.problem("carry out what was approved", err)
	}
	s.report.Resumed += len(done)
	for _, in := range s.incidents {
		for _, p := range in.Proposals {
			n := int(s.report.At.Sub(p.At) / remindEvery)
			if n < 1 || !p.Waiting(s.report.At) {
				continue
			}
			res := Result{}
			res.Incident = in.ID
			m := s.r.proposalMessage(&res, p)
			m.Subject = "still waiting: " + m.Subject
			s.r.tell(ctx, &res, 0, fmt.Sprintf("proposal %s reminder %d", change.Short(p.Plan.ID), n), m)
			if res.Err != nil {
				s.problem("remind of proposal "+change.Short(p.Plan.ID), res.Err)
				continue
			}
			s.report.Reminded = append(s.report.Reminded, p.Plan.ID)
		}
	}
}
