package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/detect"
	"warden/guard/lineage"
	"warden/trail"
	"warden/trail/source"
)

// credentialMemory is what this process has read of who holds which credential.
type credentialMemory struct {
	mu      gate
	history ledger.CredentialHistory
}

// passwordOf names a user's password among the credentials.
func passwordOf(userID string) string { return "password:" + userID }

// known is what is known before IAM is asked: which account is ours, and in
// whose hands the credential of the call is. It is nil when nothing can be
// looked up, so that the verdict says so.
func (r *Responder) known(ctx context.Context, e *trail.Event) *guard.Facts {
	f := r.knownFacts()
	if f == nil || r.Ledger == nil {
		return f
	}
	a := e.Actor()
	ids := []string{a.AccessKey}
	if e.FromConsole && a.Kind == trail.IAMUserSession {
		ids = append(ids, passwordOf(a.ID))
	}
	r.credentials.mu.Lock()
	defer r.credentials.mu.Unlock()
	h := &r.credentials.history
	if err := r.Ledger.ReadCredentials(ctx, r.Account, h); err != nil {
		f.Gaps = append(f.Gaps, account.Gap{What: "whose credential it is", Reason: oneLine(err)})
		return f
	}
	for _, id := range ids {
		for _, c := range h.Of[id] {
			f.Hands = append(f.Hands, guard.Hand{
				By: c.By, Standing: guard.Standing(c.Standing), Incident: c.Incident, At: c.At, Password: strings.HasPrefix(id, "password:"),
			})
		}
	}
	return f
}

// given are the credentials that an event puts into its caller's hands, or
// that somebody who is entitled gives back to their owner. What a user makes
// for himself changes nothing: he is the owner.
func (r *Responder) given(ctx context.Context, res *Result) (ids []string, err error) {
	e := res.Event
	if e.Failed() {
		return nil, nil
	}
	if detect.Source(e.Source) == detect.STS {
		if res.Held == nil {
			return nil, nil
		}
		for _, n := range lineage.Made(e) {
			ids = append(ids, n.ID)
		}
		return ids, nil
	}
	if detect.Source(e.Source) != detect.IAM {
		return nil, nil
	}
	of := e.RequestString("userName")
	outsider := res.Standing == guard.Outsider
	own := res.Held == nil && isUser(res.Actor.Kind) && (of == "" || strings.EqualFold(of, res.Subject.Name))
	switch e.Name {
	case "CreateAccessKey":
		if id := e.ResponseString("accessKey", "accessKeyId"); id != "" && outsider && !own {
			ids = append(ids, id)
		}
	case "UpdateAccessKey":
		// Who seemed to be entitled may turn out to have acted with a
		// credential of an outsider's.
		id := e.RequestString("accessKeyId")
		if e.RequestString("status") == "Active" && (res.Standing == guard.Entitled || outsider && !own) && r.isHeld(id) {
			ids = append(ids, id)
		}
	case "CreateLoginProfile", "UpdateLoginProfile":
		if of == "" {
			return nil, nil
		}
		user, err := r.Lookup.User(ctx, of)
		if err != nil {
			return nil, err
		}
		if user != nil && !user.CreateDate.After(e.Time.Add(timeResolution)) {
			id := passwordOf(user.ID)
			if outsider && !own || res.Standing == guard.Entitled && r.isHeld(id) {
				ids = append(ids, id)
			}
		}
		if outsider && !own {
			// The name may be another's since, and the record has no unique
			// id: the password may be of either. Nobody is believed to have
			// his own again for that.
			for _, id := range r.bore(of, e.Time) {
				if id = passwordOf(id); !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids, nil
}

// isHeld reports whether an outsider ever held a credential.
func (r *Responder) isHeld(id string) bool {
	r.credentials.mu.Lock()
	defer r.credentials.mu.Unlock()
	return len(r.credentials.history.Of[id]) > 0
}

// handsOver reports whether an event may put a credential into other hands, so
// that it matters also where its caller may do it.
func handsOver(e *trail.Event, j guard.Judgement) bool {
	switch e.Name {
	case "UpdateAccessKey", "CreateLoginProfile", "UpdateLoginProfile":
		return true
	}
	return j.Held != nil && detect.STSWrite(e.Source, e.Name)
}

// noteCredentials records whose the credentials are that the event gave out,
// and judges again what was done with them meanwhile. An event that comes again
// anyway is left for that time.
func (r *Responder) noteCredentials(ctx context.Context, res *Result) {
	if r.Ledger == nil || res.Standing == guard.NotOurs || res.Settling || res.Verdict == guard.Unknown || res.gaps && res.Held == nil {
		return
	}
	ids, err := r.given(ctx, res)
	for _, id := range ids {
		c := ledger.Credential{
			Account: r.Account, ID: id, By: caller(res.Actor), Standing: string(res.Standing), Incident: res.Incident,
			Event: res.Event.ID, At: res.Event.Time,
		}
		if h := res.Held; h != nil && (c.Incident == "" || res.Credential != "") {
			c.By, c.Incident = h.By, cmp.Or(c.Incident, h.Incident)
		}
		first, rerr := r.Ledger.RecordCredential(ctx, c)
		if rerr != nil {
			err = errors.Join(err, rerr)
			continue
		}
		if first && res.Standing == guard.Outsider {
			r.Log.Info("a credential is in the hands of somebody who is no administrator", "credential", id, "by", res.Actor.ARN, "event", res.Event.ID)
			r.rejudgeCredential(ctx, id, res.Event.Time)
		}
	}
	if err != nil {
		res.Err, res.Retry = errors.Join(res.Err, fmt.Errorf("note whose credential it is: %w", err)), true
	}
}

// rejudgeCredential judges again what was done with a credential before it was
// known whose it is, and follows the sessions that were made with it. What the
// history does not show yet, or not in time, a sweep finds.
func (r *Responder) rejudgeCredential(ctx context.Context, id string, since time.Time) {
	if r.Past == nil {
		return
	}
	begin, ctx, done := patiently(ctx)
	defer done()
	if userID, ok := strings.CutPrefix(id, "password:"); ok {
		if _, err := r.Rejudge(ctx, r.Past, userID, since); err != nil {
			r.Log.Error("what was done meanwhile could not be judged again", "with", id, "error", oneLine(err))
		}
		return
	}
	var events []*trail.Event
	for e, err := range r.Past.Events(begin, since, r.Now(), source.Filter{By: source.ByAccessKeyID, Value: id}) {
		if err != nil {
			r.Log.Error("what was done meanwhile could not be judged again", "with", id, "error", oneLine(err))
			break
		}
		if guard.Relevant(e.Source, e.Name) {
			events = append(events, e)
		}
	}
	oldestFirst(events)
	for i, e := range events {
		if begin.Err() != nil {
			r.Log.Error("what was done meanwhile could not all be judged again", "with", id, "left", len(events)-i)
			return
		}
		if res := r.Handle(ctx, e); res.Err != nil && ctx.Err() == nil {
			r.Log.Error("an event could not be judged again", "event", e.ID, "error", res.Err)
		}
	}
}
