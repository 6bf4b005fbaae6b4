package respond

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"warden/change"
	"warden/change/ledger"
	"warden/finding"
	"warden/guard"
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
	case a.Name != "":
		return string(a.Kind) + " " + a.Name
	}
	return string(a.Kind) + " " + a.ARN
}

// oneLine is an error without line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// printable keeps what a caller chose, such as a session name, from steering
// a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// what says who did what from where.
func what(res Result) string {
	e := res.Event
	var b strings.Builder
	fmt.Fprintf(&b, "who    %s  %s\n", caller(res.Actor), res.Actor.ARN)
	if res.Actor.AccessKey != "" {
		fmt.Fprintf(&b, "key    %s\n", res.Actor.AccessKey)
	}
	if res.Actor.SourceIdentity != "" {
		fmt.Fprintf(&b, "as     %s (source identity)\n", res.Actor.SourceIdentity)
	}
	outcome := ""
	if res.Failed {
		outcome = " (failed: " + e.ErrorCode + ")"
	}
	fmt.Fprintf(&b, "what   %s%s at %s, event %s\n", e.Name, outcome, e.Time.UTC().Format("2006-01-02 15:04:05Z"), e.ID)
	fmt.Fprintf(&b, "from   %s  %s\n", e.SourceIP, e.UserAgent)
	for _, d := range res.Detections {
		fmt.Fprintf(&b, "seen   %s: %s\n", d.ID, d.Title)
	}
	fmt.Fprintf(&b, "why    %s\n", res.Reason)
	return b.String()
}

func (r *Responder) containedMessage(res Result, plan change.Plan) notify.Message {
	var b strings.Builder
	b.WriteString(what(res))
	for _, s := range plan.Steps {
		fmt.Fprintf(&b, "done   %s\n", s)
	}
	for _, t := range res.Taken {
		fmt.Fprintf(&b, "done   %s\n", t)
	}
	b.WriteString("state  configured: the change was read back, and the policy engine proves that every IAM call is denied now\n")
	b.WriteString("open   sts:AssumeRole and other services are not denied by " + r.Guard.DenyPolicy + "\n")
	b.WriteString(r.undoLine(plan.Incident))
	return notify.Message{
		Incident: plan.Incident, Severity: max(res.Severity, finding.High),
		Subject: "warden contained " + caller(res.Actor), Text: b.String(),
	}
}

// undoLine is the command that gives an incident back.
func (r *Responder) undoLine(incident string) string {
	command := []string{"warden", "undo", incident, "--apply"}
	if r.LedgerFlag != "" {
		command = append(command, r.LedgerFlag)
	}
	return "undo   " + strings.Join(command, " ") + "\n"
}

func (r *Responder) partlyMessage(res Result, plan change.Plan) notify.Message {
	var b strings.Builder
	b.WriteString(what(res))
	for _, s := range plan.Steps {
		fmt.Fprintf(&b, "done   %s\n", s)
	}
	for _, t := range res.Taken {
		fmt.Fprintf(&b, "done   %s\n", t)
	}
	b.WriteString("state  PARTLY contained: no policy could be put on him (quotas are full, or warden's role may not); his keys are off\n")
	b.WriteString("open   sessions that he has and his console password still work: deny him by hand\n")
	b.WriteString(r.undoLine(plan.Incident))
	return notify.Message{
		Incident: plan.Incident, Severity: finding.Critical,
		Subject: "warden could contain " + caller(res.Actor) + " only partly", Text: b.String(),
	}
}

func failedMessage(res Result, err error) notify.Message {
	return notify.Message{
		Incident: res.Incident, Severity: finding.Critical,
		Subject: "warden could NOT contain " + caller(res.Actor),
		Text:    what(res) + "failed " + oneLine(err) + "\nnext   contain him by hand; warden tries again when the event is delivered again\n",
	}
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
	r.tell(ctx, res, 0, string(res.Action), notify.Message{
		Incident: res.Incident, Severity: res.Severity, Subject: subject,
		Text: what(*res) + "done   nothing was changed\n",
	})
}

// refusedAfterContainment reports whether the event shows that the
// containment holds: IAM refused a call of the contained caller.
func (r *Responder) refusedAfterContainment(in ledger.Incident, res *Result) bool {
	if in.Status != ledger.StatusConfigured && in.Status != ledger.StatusObserved {
		return false
	}
	if !strings.HasPrefix(res.Event.ErrorCode, "AccessDenied") || res.Event.Source != "iam.amazonaws.com" {
		return false
	}
	for _, s := range in.Steps {
		if s.InForce() && !res.Event.Time.Before(s.TouchedAt.Truncate(timeResolution)) {
			return true
		}
	}
	return false
}

// tellTakeOver is the age at which an attempt to tell people counts as dead.
const tellTakeOver = time.Minute

// tell sends a message once for a round of an incident and its kind, whatever
// the number of workers; twice only when one died between sending and
// recording. When it does not arrive, or another worker is still at it, the
// event is to be delivered again.
func (r *Responder) tell(ctx context.Context, res *Result, round int, kind string, m notify.Message) {
	attempt, mine, done, err := r.Ledger.ClaimNotification(ctx, res.Incident, round, kind, tellTakeOver)
	switch {
	case err != nil:
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	case done:
		return
	case !mine:
		res.Retry = true
		return
	}
	if err := r.Notifier.Notify(ctx, m); err != nil {
		err = errors.Join(err, r.Ledger.FailNotification(ctx, res.Incident, round, attempt, err))
		res.Err, res.Retry = errors.Join(res.Err, err), true
		return
	}
	if _, err := r.Ledger.RecordNotification(ctx, res.Incident, round, ledger.Notification{Channel: kind, Subject: m.Subject}); err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
	}
}
