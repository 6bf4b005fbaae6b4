package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"warden/account"
	"warden/change"
	"warden/change/apply"
	"warden/change/ledger"
	"warden/finding"
	"warden/guard"
	"warden/notify"
	"warden/trail"
)

// holdAt are the ages of a containment at which it is looked at again. IAM
// takes seconds to spread a change, and an intruder who is still let through
// in that time takes the containment off before anything else.
var holdAt = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, 2 * time.Minute}

// nextLook is when a containment made, or put back, at a time is to be looked
// at again; zero after the last look.
func nextLook(made, now time.Time) time.Time {
	for _, age := range holdAt {
		if at := made.Add(age); at.After(now) {
			return at
		}
	}
	return time.Time{}
}

// holder looks again at containments until their last look or the end of the
// context.
type holder struct {
	r       *Responder
	hand    context.Context // for a look that was begun
	each    func(incident string, again Recheck, err error)
	looking sync.WaitGroup
	mu      sync.Mutex
	held    map[string]bool
}

// hold begins to look after an incident, unless that is under way. next is
// when the first look is due.
func (h *holder) hold(ctx context.Context, incident string, next time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string]bool{}
	}
	if h.held[incident] {
		return
	}
	h.held[incident] = true
	h.looking.Go(func() {
		defer func() {
			h.mu.Lock()
			delete(h.held, incident)
			h.mu.Unlock()
		}()
		for began := h.r.Now(); !next.IsZero(); {
			if !wait(ctx, next.Sub(h.r.Now())) {
				return
			}
			again, err := h.r.Recheck(h.hand, incident)
			h.each(incident, again, err)
			if next = again.Next; next.IsZero() && err != nil {
				next = nextLook(began, h.r.Now())
			}
		}
	})
}

// Recheck is what a second look at a containment found.
type Recheck struct {
	// Stripped lists the settings that contained the caller and were gone.
	Stripped []change.Setting
	// Times is how often the incident was stripped so far, this time included.
	Times int
	// Restored says that what was gone is there again, and proved.
	Restored bool
	// Added lists what denies the caller besides, because he was stripped
	// again.
	Added []change.Setting
	// Next is when to look again; zero when the containment has held long
	// enough.
	Next time.Time
}

// Recheck looks whether what contains the caller of an incident is still
// there, and puts back what somebody took away. What a person gave back by
// undo is left alone. The second time it goes another way besides, and denies
// the caller by the organisation's policy where there is one; people are told
// then: somebody fights the containment, and only that policy is out of his
// reach.
func (r *Responder) Recheck(ctx context.Context, incident string) (Recheck, error) {
	if r.Guard.Level == guard.AlertOnly {
		return Recheck{}, nil // nothing is changed
	}
	unlock := r.callers.lock(incident)
	defer unlock()
	in, err := r.Ledger.Incident(ctx, incident)
	if err != nil {
		return Recheck{}, err
	}
	var again Recheck
	var steps []change.Step
	var made time.Time
	for _, s := range containing(in) {
		if s.TouchedAt.After(made) {
			made = s.TouchedAt
		}
		if d, ok := change.ReadDenial(s.Step.After.Text); ok && s.Step.Kind == change.Statement && d.Expired(r.Now()) {
			continue // there is no token left that it could deny
		}
		setting, found, err := r.whereItIs(ctx, s.Step)
		if errors.Is(err, apply.ErrGone) {
			continue // the identity itself is gone
		}
		if err != nil {
			again.Next = nextLook(made, r.Now())
			return again, err
		}
		if found.Same(s.Step.After) || slices.Contains(again.Stripped, setting) {
			continue
		}
		again.Stripped = append(again.Stripped, setting)
		steps = append(steps, change.Transition(setting, s.Step.TargetID, found, s.Step.After).Because(restoreReason))
	}
	if again.Next = nextLook(made, r.Now()); len(steps) == 0 {
		return again, nil
	}
	again.Times = 1 + timesStripped(in)
	plan, err := change.NewPlan(change.Plan{
		Account: r.Account, Incident: incident, Round: in.NextRound(), CreatedAt: r.Now().UTC(),
		Title: "contain again: " + in.Title, Reason: restoreReason, Steps: steps,
	})
	if err != nil {
		return again, err
	}
	err = r.putBack(ctx, in, plan, again.Stripped)
	again.Restored, again.Next = err == nil, nextLook(r.Now(), r.Now())
	if again.Times > 1 || err != nil {
		var eerr error
		again.Added, eerr = r.escalate(ctx, in)
		if err == nil {
			eerr = errors.Join(eerr, r.stillHeld(ctx, in, again.Stripped))
		}
		if tellStripped(again.Times) || err != nil || eerr != nil || len(again.Added) > 0 {
			res := Result{}
			res.Incident = incident
			r.tell(ctx, &res, plan.Round, "stripped", r.strippedMessage(in, again, errors.Join(err, eerr)))
			err = errors.Join(err, res.Err)
		}
	}
	return again, err
}

// whereItIs reads the setting of a step that contains somebody, where the
// bearer of the unique id is now. A user may have another name since, and
// another user his former one with the same policy on him; a role may have been
// made anew.
func (r *Responder) whereItIs(ctx context.Context, s change.Step) (change.Setting, change.State, error) {
	gone := func() (change.Setting, change.State, error) {
		return s.Setting, change.Absent, fmt.Errorf("%s %s: %w", typeOf(s.Target), s.TargetID, apply.ErrGone)
	}
	switch {
	case s.TargetID == "":
	case typeOf(s.Target) == "user":
		user, err := r.userWith(ctx, nameOf(s.Target), s.TargetID)
		if err != nil {
			return s.Setting, change.Absent, err
		}
		if user == nil {
			return gone()
		}
		s.Setting.Target = user.ARN
	case typeOf(s.Target) == "role":
		role, err := r.Lookup.Role(ctx, nameOf(s.Target))
		if err != nil {
			return s.Setting, change.Absent, err
		}
		if role == nil || role.ID != s.TargetID {
			return gone()
		}
	}
	found, err := r.Lookup.Setting(ctx, s.Setting)
	return s.Setting, found, err
}

// userWith is the user with the unique id, whatever he is called now; nil
// where there is none any more.
func (r *Responder) userWith(ctx context.Context, name, id string) (*account.User, error) {
	u, err := r.Lookup.User(ctx, name)
	if err != nil || u != nil && u.ID == id {
		return u, err
	}
	return r.Lookup.UserByID(ctx, id)
}

// putBack runs the plan that restores a containment and proves it again.
func (r *Responder) putBack(ctx context.Context, in ledger.Incident, plan change.Plan, stripped []change.Setting) error {
	if _, err := r.run(ctx, plan, plan.Steps[0].ID); err != nil {
		return err
	}
	for _, level := range []guard.Level{guard.DenyIAM, guard.DenyAll} {
		if !slices.ContainsFunc(stripped, func(s change.Setting) bool {
			return s.Kind == change.Attachment && s.Name == r.denyARNOf(level)
		}) {
			continue
		}
		who := r.principalOf(change.Identity{ARN: in.Caller})
		err := r.proveDenyPolicy(ctx, level, who)
		if err != nil {
			// Its content may be what was changed.
			if _, rerr := r.ensurePolicy(ctx, level); rerr != nil {
				return errors.Join(err, rerr)
			}
			err = r.proveDenyPolicy(ctx, level, who)
		}
		if err != nil {
			return err
		}
	}
	_, err := r.Ledger.RecordVerification(ctx, in.ID, plan.Round, ledger.Verification{
		Level: ledger.Configured, Evidence: []string{fmt.Sprintf("put back after somebody took it away: %s", settings(stripped))},
	})
	return err
}

// stillHeld notes that what was put back holds, after other ways were tried
// that may have been closed.
func (r *Responder) stillHeld(ctx context.Context, in ledger.Incident, stripped []change.Setting) error {
	now, err := r.Ledger.Incident(ctx, in.ID)
	if err != nil {
		return err
	}
	_, err = r.Ledger.RecordVerification(ctx, in.ID, now.NextRound()-1, ledger.Verification{
		Level: ledger.Configured, Evidence: []string{fmt.Sprintf("put back after it was taken away again: %s", settings(stripped))},
	})
	return err
}

// timesStripped is how often a containment was put back.
func timesStripped(in ledger.Incident) int {
	n := 0
	for _, p := range in.Plans {
		if p.Reason == restoreReason {
			n++
		}
	}
	return n
}

// tellStripped reports whether people are told of the n-th time: of each of
// the first, then ever more seldom.
func tellStripped(n int) bool {
	for n > 3 && n%10 == 0 {
		n /= 10
	}
	return n <= 3 || n == 5
}

// restoreReason marks the plans that put a containment back.
const restoreReason = "somebody took the containment away"

// escalate goes the next way to contain the caller of an incident, and that
// of the organisation's policy, besides those that are in force. It returns
// what it added.
func (r *Responder) escalate(ctx context.Context, in ledger.Incident) ([]change.Setting, error) {
	res, err := r.recalled(ctx, in)
	if err != nil {
		return nil, err
	}
	level := guard.DenyIAM
	if r.Guard.Level == guard.DenyAll && slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool { return s.Step.Name == r.denyARNOf(guard.DenyAll) }) {
		level = guard.DenyAll
	}
	var groups [][]way
	switch a := res.Actor; {
	case res.Credential != "":
		for _, w := range r.credentialWays(level, res, change.Identity{ARN: res.live.ARN, ID: res.live.ID}) {
			groups = append(groups, []way{w})
		}
	case res.live != nil:
		user := change.Identity{ARN: res.live.ARN, ID: res.live.ID}
		if r.Guardrail.binds(r.Account) {
			d, who, facts := r.userDenial(level, user)
			groups = append(groups, []way{r.guardrailWay(d, level, who, facts)})
		}
		groups = append(groups, r.userWays(in, level, user))
	case a.Kind == trail.AssumedRole:
		ways := r.sessionWays(in, level, false, a)
		slices.Reverse(ways) // the organisation's policy first
		for _, w := range ways {
			groups = append(groups, []way{w})
		}
	}
	var added []change.Setting
	var errs []error
	for _, ways := range groups {
		ways = slices.DeleteFunc(ways, func(w way) bool { return inForce(in, w.setting) != nil || refused(in, w.setting) })
		if len(ways) == 0 {
			continue
		}
		c, _, err := r.tryWays(ctx, res, ways)
		if err != nil && !impossible(err) {
			errs = append(errs, err)
		}
		if err == nil && res.Action != Joined {
			added = append(added, c.step.Setting)
		}
	}
	return added, errors.Join(errs...)
}

// refused reports whether a way was tried in the incident and turned out to
// be closed for good.
func refused(in ledger.Incident, setting change.Setting) bool {
	return slices.ContainsFunc(in.Steps, func(s ledger.StepState) bool {
		return !s.Undo && s.Step.Setting == setting && s.Status() == ledger.Failed && impossible(&stepError{*s.Outcome})
	})
}

// recalled is the caller of an incident as the ledger and IAM know him, for
// containing him without an event.
func (r *Responder) recalled(ctx context.Context, in ledger.Incident) (*Result, error) {
	res := &Result{}
	res.Incident, res.Reason = in.ID, "the containment was taken away again"
	res.Event = &trail.Event{Time: r.Now()}
	a := trail.Actor{Kind: trail.Kind(in.Kind), ARN: in.Caller, Account: in.Account, ID: in.CallerID}
	switch {
	case isUser(a.Kind):
		target, id := in.Caller, in.CallerID
		for _, s := range in.Steps {
			if !s.Undo { // the first step is about the user, also of a federated session
				target, id = s.Step.Target, s.Step.TargetID
				break
			}
		}
		u, err := r.userWith(ctx, nameOf(target), id)
		if err != nil {
			return nil, err
		}
		if u == nil {
			return nil, fmt.Errorf("user %s is gone", nameOf(target))
		}
		a.Name = u.Name
		res.live = &guard.UserFacts{Exists: true, ID: u.ID, ARN: u.ARN, Name: u.Name}
		res.Subject = trail.Issuer{ARN: u.ARN, ID: u.ID, Name: u.Name, Account: in.Account}
		if res.Credential = in.Credential; res.Credential != "" {
			recallCredential(in, &a)
		}
	case a.Kind == trail.AssumedRole:
		for _, s := range in.Steps {
			d, ok := change.ReadDenial(s.Step.After.Text)
			if s.Undo || !ok || s.Step.Kind != change.Statement || d.Key != change.UserID || change.IsGuardrail(s.Step.Target) {
				continue
			}
			a.UserID, a.IssuedAt = d.Value, d.Until
			a.Role = &trail.Issuer{ARN: s.Step.Target, ID: s.Step.TargetID, Name: nameOf(s.Step.Target), Account: in.Account}
			_, a.SessionName, _ = strings.Cut(d.Value, ":")
			a.Name = a.Role.Name
		}
	}
	res.Actor = a
	return res, nil
}

// containing are the steps in force that deny something to the caller: what
// the incident's first plan, or a later way to contain, put on its target.
func containing(in ledger.Incident) []ledger.StepState {
	latest := map[change.Setting]int{}
	var out []ledger.StepState
	for _, s := range in.Steps {
		if s.Undo || !s.Ended() || strings.HasPrefix(s.Step.Reason, putsBack) {
			continue
		}
		switch s.Step.Kind {
		case change.Attachment, change.Boundary, change.Statement:
		case change.Inline:
			if t := s.Step.After.Text; t != guard.DenyIAM.Document() && t != guard.DenyAll.Document() {
				continue
			}
		case change.AccessKey:
			if in.Credential == "" || s.Step.Setting.Name != in.Credential || s.Step.After.Text != change.Inactive {
				continue
			}
		default:
			continue
		}
		if i, ok := latest[s.Step.Setting]; ok {
			out[i] = s
			continue
		}
		latest[s.Step.Setting] = len(out)
		out = append(out, s)
	}
	kept := out[:0]
	for _, s := range out {
		// A step that took something away, and was the last on it, leaves
		// nothing to hold.
		if s.UndoneBy == "" && s.Step.After.Exists {
			kept = append(kept, s)
		}
	}
	return kept
}

func settings(list []change.Setting) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.String()
	}
	return strings.Join(words, ", ")
}

func (r *Responder) strippedMessage(in ledger.Incident, again Recheck, err error) notify.Message {
	state := "it was put back"
	if err != nil {
		state = "it could NOT be put back as it should be: " + oneLine(err)
	}
	next := "somebody fights the containment: deny him by an organisation policy, and look for the identity he does it with"
	for _, s := range again.Added {
		state += "; added: " + s.String()
		if change.IsGuardrail(s.Target) {
			next = "the organisation's policy denies him now, which nobody in the account can change; look for the identity he fought it with"
		}
	}
	return notify.Message{
		Incident: in.ID, Severity: finding.Critical,
		Subject: "the containment of " + in.Caller + " is being taken away",
		Text: fmt.Sprintf("who    %s\ngone   %s\nhow    %d times so far; %s\nnext   %s\n%s",
			in.Caller, settings(again.Stripped), again.Times, state, next, r.undoLines(in.ID)),
	}
}

// Standing says how an incident stands, in the words that people are told:
// "contained", "partly contained", "not contained", "fought" (it holds, and
// was taken away more than once), "given back", or "reported" where nothing
// was to be contained.
func Standing(in ledger.Incident) string {
	held := len(containing(in)) > 0
	switch {
	case in.Status == ledger.StatusGivenBack:
		return "given back"
	case len(in.Steps) == 0:
		return "reported"
	case in.Status == ledger.StatusPartly:
		return string(PartlyContained)
	case !held || in.Status == ledger.StatusIncomplete || in.Status == ledger.StatusInProgress || in.Status == ledger.StatusApplied:
		return string(NotContained)
	case timesStripped(in) > 1:
		return "fought"
	}
	return string(Contained)
}
