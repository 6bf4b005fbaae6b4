package respond

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/finding"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/trail"
)

// caller names an actor in a few words.
func caller(a trail.Actor) string {
	switch {
	case a.Kind == trail.IAMUser || a.Kind == trail.IAMUserSession:
		return "user " + a.Name
	case a.Role != nil:
		return "session " + a.SessionName + " of role " + a.Role.Name
	case a.Kind == trail.Root:
		return "root"
	case a.Kind == trail.OtherAccount:
		return strings.TrimSpace("a caller of account " + a.Account + " " + cmp.Or(a.ARN, a.ID, a.UserID))
	case a.Name != "":
		return string(a.Kind) + " " + a.Name
	}
	return strings.TrimSpace(string(a.Kind) + " " + cmp.Or(a.ARN, a.ID, a.UserID))
}

// oneLine is an error without line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// details say who did what from where, and why that is remarkable.
func details(res Result) notify.Details {
	e := res.Event
	d := notify.Details{
		Account: res.Actor.Account, Who: caller(res.Actor), ARN: res.Actor.ARN, Key: res.Actor.AccessKey, SourceIdentity: res.Actor.SourceIdentity,
		Call: e.Name, Time: e.Time, Event: e.ID, SourceIP: e.SourceIP, Agent: e.UserAgent, Why: res.Reason,
	}
	if res.Failed {
		d.ErrorCode = e.ErrorCode
	}
	for _, seen := range res.Detections {
		d.Detections = append(d.Detections, seen.ID+": "+seen.Title)
	}
	return d
}

// what says who did what from where.
func what(res Result) string {
	d := details(res)
	return d.Text()
}

// message is about an incident, with all that is known of it.
func message(res Result, severity finding.Severity, subject string, d notify.Details) notify.Message {
	return notify.Message{Incident: res.Incident, Severity: severity, Subject: subject, Text: d.Text(), Details: &d}
}

// done are the steps that were taken, in words.
func done(res Result, plan change.Plan) []string {
	var out []string
	for _, s := range plan.Steps {
		out = append(out, s.String())
	}
	return append(out, res.Taken...)
}

func (r *Responder) containedMessage(res Result, plan change.Plan, c containment) notify.Message {
	d := details(res)
	d.Done = done(res, plan)
	d.State = "configured: the change was read back, and the policy engine proves that " + c.level.Text() + " is denied now"
	switch {
	case res.Credential != "" && res.Actor.Kind == trail.IAMUser:
		d.State = "configured: access key " + res.Actor.AccessKey + " was read back as inactive; user " + res.Actor.Name + " himself is not denied anything"
	case c.level == guard.DenyIAM && c.all:
		d.State += "; his permissions boundary allows nothing else either"
	case c.level == guard.DenyIAM:
		d.Open = []string{"sts:AssumeRole and other services are not denied"}
	}
	r.giveBack(&d, plan.Incident)
	return message(res, max(res.Severity, finding.High), "warden contained "+caller(res.Actor), d)
}

func (r *Responder) partlyMessage(res Result, plan change.Plan, open []string) notify.Message {
	d := details(res)
	d.Done = done(res, plan)
	d.State, d.Open = "PARTLY contained", open
	r.giveBack(&d, plan.Incident)
	return message(res, finding.Critical, "warden could contain "+caller(res.Actor)+" only partly", d)
}

func failedMessage(res Result, err error, m manual) notify.Message {
	d := details(res)
	d.State = "NOT contained: " + oneLine(err)
	d.Next = cmp.Or(m.next, "contain him by hand") + "; warden tries again when the event is delivered again"
	return m.in(message(res, finding.Critical, "warden could NOT contain "+caller(res.Actor), d))
}

// alert tells people about an event on which nothing is changed, once an
// incident, and notes when a contained caller was refused.
func (r *Responder) alert(ctx context.Context, res *Result) {
	res.Action = Alerted
	if res.Verdict == guard.Escalate {
		res.Action = Escalated
	}
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil {
		res.Err, res.Retry = err, true
		return
	}
	if r.refusedAfterContainment(in, res) {
		res.Action = ObservedDenied
		_, err := r.Ledger.RecordVerification(ctx, res.Incident, in.NextRound()-1, ledger.Verification{
			Level: ledger.ObservedDenied,
			Evidence: []string{fmt.Sprintf("%s was refused at %s: %s (event %s)",
				res.Event.Name, res.Event.Time.UTC().Format("15:04:05Z"), res.Event.ErrorCode, res.Event.ID)},
		})
		if err != nil {
			res.Err, res.Retry = err, true
		}
		return
	}
	subject := "warden saw " + caller(res.Actor) + " call " + res.Event.Name
	if res.Verdict == guard.Escalate {
		subject = "warden needs a person: " + caller(res.Actor) + " called " + res.Event.Name
	}
	d := details(*res)
	d.State = "nothing was changed"
	manual := r.byHand(*res)
	d.Next = manual.next
	r.tell(ctx, res, 0, occasion(*res), manual.in(message(*res, res.Severity, subject, d)))
}

// occasion names what people are told once about an incident in which nothing
// is changed. The incident of a caller never ends, so they are told again on
// another day, when it becomes graver, and when he writes to IAM after he only
// looked or tried: of root's first call in years they hear, whatever root did
// before.
func occasion(res Result) string {
	words := []string{string(res.Action), "undated", res.Severity.String()}
	if !res.Event.Time.IsZero() {
		words[1] = res.Event.Time.UTC().Format(time.DateOnly)
	}
	if !res.Failed && detect.IAMWrite(res.Event.Source, res.Event.Name) {
		words = append(words, "write")
	}
	return strings.Join(words, " ")
}

// refusedAfterContainment reports whether the event shows that the
// containment holds: IAM refused a call of the contained caller.
func (r *Responder) refusedAfterContainment(in ledger.Incident, res *Result) bool {
	if !verified(in) {
		return false
	}
	if !strings.HasPrefix(res.Event.ErrorCode, "AccessDenied") || detect.Source(res.Event.Source) != detect.IAM {
		return false
	}
	for _, s := range in.Steps {
		if s.InForce() && !res.Event.Time.Before(s.TouchedAt.Truncate(timeResolution)) {
			return true
		}
	}
	return false
}
