package respond

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/finding"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/trail"
	"warden/trail/source"
)

// read goes through the history of every place, the oldest part first, and
// notes in the ledger how far it got.
func (s *sweep) read(ctx context.Context) {
	now := s.report.At
	last := ledger.Sweep{}
	if s.ledger != nil && s.o.Since == 0 {
		var err error
		if last, err = s.ledger.LastSweep(ctx, s.r.Account); err != nil {
			s.problem("find where the last sweep stopped", err)
		}
	}
	until := map[string]time.Time{}
	for _, src := range s.o.Sources {
		for _, region := range s.o.Regions {
			place := region + " " + src
			from := now.Add(-sweepFirst)
			if t := last.Until[place]; !t.IsZero() {
				from = t.Add(-sweepOverlap)
			}
			if s.o.Since != 0 {
				from = now.Add(-s.o.Since)
			}
			from = latest(from, now.Add(-source.LookBack+time.Hour))
			w := s.place(ctx, region, src, from, now)
			s.report.Windows = append(s.report.Windows, w)
			if done := w.Until.Add(-w.Behind); done.After(w.From) && done.Sub(last.Until[place]) >= sweepMark {
				until[place] = done
			}
		}
	}
	s.again = true
	clear(s.facts)
	for _, e := range s.doubtful {
		if ctx.Err() != nil {
			return // the next sweep reads it all again
		}
		s.event(ctx, e)
	}
	if len(until) == 0 || s.r.Ledger == nil || s.o.Since != 0 {
		return
	}
	// What was read is worth noting even when the time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := s.r.Ledger.RecordSweep(ctx, ledger.Sweep{Account: s.r.Account, Until: until}); err != nil {
		s.problem("note how far the history was read", err)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// place reads one source in one region and deals with what it finds.
func (s *sweep) place(ctx context.Context, region, src string, from, until time.Time) Window {
	w := Window{Region: region, Source: src, From: from, Until: until}
	for at := from; at.Before(until); {
		to := at.Add(sweepChunk)
		if to.After(until) {
			to = until
		}
		var events []*trail.Event
		var failed error
		for e, err := range s.past.Events(ctx, at, to, source.Filter{Region: region, By: source.ByEventSource, Value: src}) {
			if err != nil {
				failed = err
				break
			}
			if guard.Relevant(e.Source, e.Name) {
				events = append(events, e)
			}
		}
		oldestFirst(events)
		w.Events += len(events)
		for _, e := range events {
			if ctx.Err() != nil {
				break
			}
			s.event(ctx, e)
		}
		if failed == nil {
			failed = ctx.Err()
		}
		if failed != nil {
			w.Behind = until.Sub(at)
			s.problem(fmt.Sprintf("read the history of %s in %s", src, region), failed)
			break
		}
		at = to
	}
	return w
}

// oldestFirst turns the order of the history round: what somebody did counts
// by what was done to him before.
func oldestFirst(events []*trail.Event) {
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b *trail.Event) int { return a.Time.Compare(b.Time) })
}

// event deals with one event of the history.
func (s *sweep) event(ctx context.Context, e *trail.Event) {
	if !s.again {
		s.report.Judged++
	}
	if in := s.unconfirmed[e.ID]; in != nil {
		s.found(ctx, in, e)
	}
	j := s.judge(ctx, e)
	switch j.Verdict {
	case guard.Alert, guard.Escalate, guard.Contain:
	default:
		if s.r.Applier != nil && (s.r.Guard.AdminChanges(e) != nil || handsOver(e, j)) {
			s.r.Handle(ctx, e) // it may be news who made whom an administrator, or whose a credential is
			clear(s.facts)
		}
		return
	}
	switch {
	case j.Verdict == guard.Alert && j.Standing == guard.Entitled:
		return // he is no administrator any more, and was one when he acted
	case j.Verdict == guard.Escalate && !s.again:
		// A later event may tell what is doubtful of this one.
		s.doubtful = append(s.doubtful, e)
		return
	}
	known := s.joined[e.ID]
	if known != nil && settled(*known, e.ID, j.Verdict) {
		return
	}
	if known == nil && s.ledger != nil {
		// The guard may have got it since the sweep began.
		incident, err := s.ledger.Joined(ctx, e.ID)
		if err != nil {
			s.problem("ask for event "+e.ID, err)
			return
		}
		if incident != "" {
			return
		}
	}
	res := s.r.Handle(ctx, e)
	switch res.Verdict {
	case guard.Alert, guard.Escalate, guard.Contain:
	default:
		return // not so with the latest facts
	}
	s.hold(res.Incident, res.Next)
	swept := SweptEvent{Line: res.Line(), Action: res.Action}
	if res.Err != nil {
		swept.Error = oneLine(res.Err)
		s.problem("deal with event "+e.ID, res.Err)
	}
	switch {
	case known != nil:
		s.report.Unfinished = append(s.report.Unfinished, swept)
	case s.report.At.Sub(e.Time) < s.o.Settle:
		s.report.Early = append(s.report.Early, swept)
	default:
		s.report.Missed = append(s.report.Missed, swept)
	}
	s.r.Log.Warn("an event of the history had not been dealt with", "event", e.ID, "name", e.Name, "caller", res.Actor.ARN,
		"verdict", res.Verdict, "action", res.Action, "known", known != nil)
}

// judge judges an event by the facts of now, which are looked up once for all
// events of a caller: most are an administrator's, and need nothing done.
func (s *sweep) judge(ctx context.Context, e *trail.Event) guard.Judgement {
	now := s.r.Now()
	known := s.r.known(ctx, e)
	j := guard.Judge(s.r.Guard, e, known, now)
	if !j.NeedsFacts {
		return j
	}
	of := guard.Subject(j.Actor)
	key := of.ID + " " + of.Name
	facts := s.facts[key]
	if facts == nil {
		facts = s.r.facts(ctx, j.Actor)
		if facts == nil {
			return j
		}
		if len(facts.Gaps) == 0 {
			s.facts[key] = facts
		}
	}
	with := *facts
	together(&with, known)
	return guard.Judge(s.r.Guard, e, &with, now)
}

// settled reports whether an event that joined an incident needs nothing more
// done: whoever recorded it may have died before he acted or told. One that was
// doubtful, and is not any more, still has to be dealt with: whose credentials
// it gave out, and whom it made an administrator, was not recorded. A message
// that the rule lost does not bring it again.
func settled(in ledger.Incident, event string, v guard.Verdict) bool {
	if v != guard.Escalate && slices.ContainsFunc(in.Events, func(e ledger.Event) bool { return e.ID == event && e.Doubtful() }) {
		return false
	}
	switch in.Status {
	case ledger.StatusConfigured, ledger.StatusObserved, ledger.StatusPartly:
		// Who was only seen before may have been contained by somebody who died
		// before he told.
		return v != guard.Contain || slices.ContainsFunc(in.Notifications, func(n ledger.Notification) bool {
			return !strings.HasPrefix(n.Channel, "alerted") && !strings.HasPrefix(n.Channel, "escalated")
		})
	case ledger.StatusGivenBack:
		return true
	}
	return len(in.Notifications) > 0 && (v != guard.Contain || in.Status == ledger.StatusApplied)
}

// deliveryIncident is the id under which the ledger keeps what was told about
// the delivery of an account's events.
func deliveryIncident(account string) string { return "event-delivery-" + account }

// tellMissed tells people that the rule misses events: the containment by the
// sweep comes minutes late.
func (s *sweep) tellMissed(ctx context.Context) {
	if len(s.report.Missed) == 0 {
		return
	}
	id := deliveryIncident(s.r.Account)
	if _, err := s.r.Ledger.OpenIncident(ctx, id, ledger.Opening{
		Account: s.r.Account, Caller: "warden", Kind: "warden", Severity: finding.High.String(),
		Title: "events that reach the guard late or never",
	}); err != nil {
		s.problem("tell of missed events", err)
		return
	}
	var ids []string
	var b strings.Builder
	for i, m := range s.report.Missed {
		if ids = append(ids, m.EventID); i < 10 {
			fmt.Fprintf(&b, "missed %s by %s at %s: %s\n", m.EventName, m.Caller.ARN, when(m.EventTime), m.Action)
		}
	}
	if more := len(ids) - 10; more > 0 {
		fmt.Fprintf(&b, "       and %d more\n", more)
	}
	b.WriteString("done   the sweep found them in CloudTrail's event history and dealt with them like any other\n" +
		"next   check that the rule, its permission to write to the queue and the function are on: until then nobody is contained within seconds\n")
	slices.SortFunc(ids, cmp.Compare)
	res := Result{}
	res.Incident = id
	s.r.tell(ctx, &res, 0, "missed "+change.Short(change.Hash(ids...)), notify.Message{
		Incident: id, Severity: finding.Critical,
		Subject: "warden: the rule missed " + number(len(ids), "event"), Text: b.String(),
	})
	if res.Err != nil {
		s.problem("tell of missed events", res.Err)
	}
}

func when(t *time.Time) string {
	if t == nil {
		return "(no time)"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// Rejudge handles the calls of IAM that one caller made since a time again, by
// the facts of now: who may do what has changed since they were judged. It
// returns what became of each, the oldest first. The history may lack the
// newest events; a sweep finds those, and what there was no time for.
func (r *Responder) Rejudge(ctx context.Context, past Past, callerID string, since time.Time) ([]Result, error) {
	begin, ctx, done := patiently(ctx)
	defer done()
	var events []*trail.Event
	for e, err := range past.Events(begin, since, r.Now(), source.Filter{By: source.ByEventSource, Value: detect.IAM}) {
		if err != nil {
			return nil, fmt.Errorf("judge the events of %s again: %w", callerID, err)
		}
		by := e.Actor()
		if guard.Relevant(e.Source, e.Name) && (by.ID == callerID || guard.Subject(by).ID == callerID) {
			events = append(events, e)
		}
	}
	oldestFirst(events)
	var results []Result
	for i, e := range events {
		if err := begin.Err(); err != nil {
			return results, fmt.Errorf("judge the events of %s again: %d are left: %w", callerID, len(events)-i, err)
		}
		results = append(results, r.Handle(ctx, e))
	}
	return results, nil
}

// number is how many there are of something, in words.
func number(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprint(n, " ", of)
}
