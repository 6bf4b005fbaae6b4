package respond

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/detect"
	"warden/notify"
	"warden/trail"
	"warden/trail/source"
)

// maxFollows is through how many sessions a caller is followed.
const maxFollows = 5

// births remembers which events made which role sessions, the newest some
// thousand, and contained sessions of which that is not known yet.
type births struct {
	mu      sync.Mutex
	byKey   map[string]*trail.Event
	order   []string
	waiting map[string]Result
}

// birthWindow is how far the time of the event that made a session may be from
// the time at which its token was issued.
const birthWindow = 5 * time.Second

// followWait is how long the events of who is behind a session may keep the
// session's own waiting.
const followWait = 20 * time.Second

// maxBirths bounds the memory of births.
const maxBirths = 4096

// bornOf is the access key of the session that an event made, "" for none.
func bornOf(e *trail.Event) string {
	switch e.Name {
	case "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity":
	default:
		return ""
	}
	if e.Failed() || detect.Source(e.Source) != detect.STS {
		return ""
	}
	return e.ResponseString("credentials", "accessKeyId")
}

// note remembers an event that made a session.
func (b *births) note(e *trail.Event) {
	key := bornOf(e)
	if key == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byKey == nil {
		b.byKey = map[string]*trail.Event{}
	}
	if b.byKey[key] == nil {
		b.order = append(b.order, key)
	}
	b.byKey[key] = e
	for len(b.order) > maxBirths {
		delete(b.byKey, b.order[0])
		b.order = b.order[1:]
	}
}

// of returns the event that made a session, nil when none is known.
func (b *births) of(key string) *trail.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byKey[key]
}

// await keeps a contained caller until the event that made his session comes.
func (b *births) await(res Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[string]Result{}
	}
	if len(b.waiting) < maxBirths && res.Actor.AccessKey != "" {
		b.waiting[res.Actor.AccessKey] = res
	}
}

// awaited returns the contained caller whose session the event made.
func (b *births) awaited(e *trail.Event) (Result, bool) {
	key := bornOf(e)
	b.mu.Lock()
	defer b.mu.Unlock()
	res, ok := b.waiting[key]
	delete(b.waiting, key)
	return res, ok && key != ""
}

// adopt follows a session that was contained before the event that made it
// arrived.
func (r *Responder) adopt(ctx context.Context, e *trail.Event) error {
	res, ok := r.born.awaited(e)
	if !ok {
		return nil
	}
	unlock := r.callers.lock(res.Incident)
	defer unlock()
	open := r.follow(ctx, &res)
	in, err := r.Ledger.Incident(ctx, res.Incident)
	if err != nil || in.Status != ledger.StatusPartly {
		return err
	}
	v := ledger.Verification{Level: ledger.PartlyContained, Evidence: open}
	if len(open) == 0 {
		v = ledger.Verification{Level: ledger.Configured, Evidence: []string{"who assumed the role is known now, and is denied too or may do this by himself"}}
	}
	// The round is that of the next plan, which no other verification has.
	_, err = r.Ledger.RecordVerification(ctx, res.Incident, in.NextRound(), v)
	return err
}

// birth finds the event that made a session: among those that Handle saw,
// then in the account's history.
func (r *Responder) birth(ctx context.Context, a trail.Actor) (*trail.Event, error) {
	if e := r.born.of(a.AccessKey); e != nil {
		return e, nil
	}
	if r.Past == nil || a.IssuedAt.IsZero() || a.AccessKey == "" || a.Provider != "" {
		return nil, nil
	}
	since, until := a.IssuedAt.Add(-birthWindow), a.IssuedAt.Add(birthWindow)
	// A session through SAML does not say so itself; one through a web identity
	// does. Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
	for _, call := range []string{"AssumeRole", "AssumeRoleWithSAML"} {
		for e, err := range r.Past.Events(ctx, since, until, source.Filter{By: source.ByEventName, Value: call}) {
			if err != nil {
				return nil, err
			}
			if bornOf(e) == a.AccessKey {
				return e, nil
			}
		}
	}
	return nil, nil
}

// follow goes from a contained session to the principal who assumed the role,
// and contains him too, unless he may do what the session did. Else he has a
// new session in a moment. It returns what stays open.
func (r *Responder) follow(ctx context.Context, res *Result) []string {
	a := res.Actor
	if a.Kind != trail.AssumedRole {
		return nil
	}
	role := a.Name
	born, err := r.birth(ctx, a)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("who assumed role %s is not known, because the history could not be read (%s): he can assume it again", role, oneLine(err))}
	case born == nil && a.Provider != "":
		return []string{fmt.Sprintf("the session came through identity provider %s: who signs in there can get a new one; change the role's trust", a.Provider)}
	case born == nil:
		r.born.await(*res)
		hint := ""
		if a.SourceIdentity != "" {
			hint = fmt.Sprintf(" (source identity %s)", notify.Line(a.SourceIdentity))
		}
		return []string{fmt.Sprintf("who assumed role %s%s is not known: he can assume it again", role, hint)}
	case res.follows >= maxFollows:
		return []string{fmt.Sprintf("the chain of roles behind role %s is longer than %d: look at who began it", role, maxFollows)}
	}
	by := born.Actor()
	switch by.Kind {
	case trail.Service:
		return []string{fmt.Sprintf("AWS service %s gave role %s to what runs with it, which gets a new session: stop what runs there", by.InvokedBy, role)}
	case trail.WebIdentity, trail.SAML:
		return []string{fmt.Sprintf("the session came through identity provider %s (%s): who signs in there can get a new one; change the role's trust", by.Provider, notify.Line(by.Name))}
	}
	if by.Account != r.Account {
		return []string{fmt.Sprintf("role %s was assumed by %s, which is not ours to contain: change the role's trust", role, notify.Line(caller(by)))}
	}
	return r.containBehind(ctx, res, born, by)
}

// containBehind contains who assumed the role of a contained session. He is
// judged as if he himself had made the call at the end of the chain.
func (r *Responder) containBehind(ctx context.Context, res *Result, born *trail.Event, by trail.Actor) []string {
	cause := res.Event
	if res.cause != nil {
		cause = res.cause
	}
	as := *cause
	as.Identity, as.ID = born.Identity, born.ID
	now := r.Now()
	behind, _ := r.judge(ctx, &as, now)
	behind.Event, behind.Detections = born, nil
	behind.chain, behind.follows, behind.cause = res.Incident, res.follows+1, cause
	who := caller(by)
	switch behind.Verdict {
	case guard.Contain:
	case guard.Allowed:
		// He may do by himself what the session did: nothing is open.
		res.Reason += fmt.Sprintf("; the role was assumed by %s, who is left alone (%s)", who, behind.Reason)
		return nil
	default:
		return []string{fmt.Sprintf("role %s was assumed by %s, who is not contained (%s): he can assume it again", res.Actor.Name, who, behind.Reason)}
	}
	if behind.Incident == res.Incident {
		// He took the same role under the same name again; who is behind that?
		next := *res
		next.Actor, next.follows = by, res.follows+1
		return r.follow(ctx, &next)
	}
	behind.Reason = fmt.Sprintf("%s assumed the role of session %s, which was contained (incident %s): %s", who, notify.Line(res.Actor.SessionName), res.Incident, res.Reason)
	// Two sessions may have made each other: who waits for the other's lock
	// while he holds his own must not wait for ever.
	unlock, ok := r.callers.lockWithin(ctx, behind.Incident, followWait)
	if !ok {
		res.Retry = true
		return []string{fmt.Sprintf("%s, who assumed role %s, is not contained yet (incident %s)", who, res.Actor.Name, behind.Incident)}
	}
	defer unlock()
	if err := r.join(ctx, &behind); err != nil {
		return []string{fmt.Sprintf("%s, who assumed role %s, is not contained: %s", who, res.Actor.Name, oneLine(err))}
	}
	r.contain(ctx, &behind, now)
	switch {
	case behind.Action == Contained:
		return nil
	case behind.Action == Joined && behind.Err == nil && !behind.Retry:
		return r.roundAbout(ctx, res, &behind)
	case behind.Action == PartlyContained:
		return []string{fmt.Sprintf("%s, who assumed role %s, is contained in part only (incident %s)", who, res.Actor.Name, behind.Incident)}
	}
	return []string{fmt.Sprintf("%s, who assumed role %s, is not contained yet (incident %s)", who, res.Actor.Name, behind.Incident)}
}

// roundAbout answers a caller who is denied IAM and takes roles to go on: the
// denial leaves sts:AssumeRole open. The organisation's policy denies him
// everything, where there is one; else it returns that he can do it again.
func (r *Responder) roundAbout(ctx context.Context, res, behind *Result) []string {
	in, err := r.Ledger.Incident(ctx, behind.Incident)
	if err != nil {
		return []string{fmt.Sprintf("%s, who assumed role %s: %s", caller(behind.Actor), res.Actor.Name, oneLine(err))}
	}
	after := func(s ledger.StepState) bool { return !behind.Event.Time.Before(s.TouchedAt) }
	held := containing(in)
	if behind.Credential != "" || !slices.ContainsFunc(held, after) || slices.ContainsFunc(held, deniesAll) {
		return nil // he did it before he was contained, or cannot do it again
	}
	open := fmt.Sprintf("%s is denied IAM and assumed role %s again: deny him everything (--level deny-all), or change whom the role trusts", caller(behind.Actor), res.Actor.Name)
	if !r.Guardrail.binds(r.Account) {
		return []string{open}
	}
	if more, err := r.mayDoMore(ctx, behind); err != nil || !more {
		return []string{open}
	}
	behind.Reason = fmt.Sprintf("%s is denied IAM and assumed role %s again", caller(behind.Actor), res.Actor.Name)
	var w way
	if behind.live != nil {
		d, who, facts := r.userDenial(guard.DenyAll, change.Identity{ARN: behind.live.ARN, ID: behind.live.ID})
		w = r.guardrailWay(d, guard.DenyAll, who, facts)
	} else {
		d, _ := r.sessionDenial(in, guard.DenyAll, behind.Actor)
		w = r.guardrailWay(d, guard.DenyAll, r.sessionPrincipal(behind.Actor), sessionFacts(behind.Actor.UserID, issuedAt(behind.Actor, d)))
	}
	if _, _, err := r.tryWays(ctx, behind, []way{w}); err != nil {
		return []string{open + " (the organisation's policy could not be changed: " + oneLine(err) + ")"}
	}
	return nil
}

// deniesAll reports whether a step denies everything to a caller.
func deniesAll(s ledger.StepState) bool {
	if d, ok := change.ReadDenial(s.Step.After.Text); ok {
		return d.Action == guard.DenyAll.Actions()
	}
	return s.Step.Kind == change.Inline && s.Step.After.Text == guard.DenyAll.Document()
}
