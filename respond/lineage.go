package respond

import (
	"context"
	"fmt"
	"slices"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
	"warden/guard/detect"
	"warden/guard/lineage"
	"warden/trail"
)

// parent is the incident of the caller who made this one, or the key or
// session that he calls with; "" for an original caller. It is known where the
// guard saw it made.
func (r *Responder) parent(ctx context.Context, a trail.Actor, incident string) (string, error) {
	for _, id := range []string{a.AccessKey, a.ID} {
		maker, _, err := r.Ledger.MadeIn(ctx, id)
		if err != nil || maker != "" && maker != incident {
			return maker, err
		}
	}
	if born := r.born.of(a.AccessKey); born != nil {
		maker := guard.IncidentOf(r.Account, born.Actor())
		if known, err := r.Ledger.Opened(ctx, maker); err != nil || known && maker != incident {
			return maker, err
		}
	}
	return "", nil
}

// noteSession remembers that somebody of whom there is an incident made a
// session. To make one is no reason for an incident, but who acts with it is
// known by this.
func (r *Responder) noteSession(ctx context.Context, e *trail.Event, held *guard.Hand) error {
	if r.Ledger == nil || e.Failed() || detect.Source(e.Source) != detect.STS || len(lineage.Made(e)) == 0 {
		return nil
	}
	incident := guard.IncidentOf(r.Account, e.Actor())
	if held != nil {
		incident = held.Incident
	}
	known, err := r.Ledger.Opened(ctx, incident)
	if err != nil || !known {
		return err
	}
	return r.noteMade(ctx, incident, e)
}

// noteMade remembers what an event made under which calls can be made.
func (r *Responder) noteMade(ctx context.Context, incident string, e *trail.Event) error {
	for _, n := range lineage.Made(e) {
		if !n.Acts() {
			continue
		}
		if _, err := r.Ledger.RecordMade(ctx, incident, ledger.Made{ID: n.ID, Kind: string(n.Kind), ARN: n.ARN, Event: e.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Freeze makes the plan that quarantines every user and role of a lineage and
// makes its keys and other credentials inactive. What is gone is left out; left
// says what is not in the plan, and why. The plan belongs to the incident of the
// caller, so one undo gives all of it back.
func (r *Responder) Freeze(ctx context.Context, incident string, tree *lineage.Thing) (plan change.Plan, left []string, err error) {
	f := freezer{Responder: r}
	for n := range tree.All() {
		if !n.Gone.IsZero() {
			continue
		}
		if err := f.add(ctx, n); err != nil {
			return change.Plan{}, nil, err
		}
	}
	round := 1
	if r.Ledger != nil {
		in, err := r.Ledger.Incident(ctx, incident)
		if err != nil {
			return change.Plan{}, nil, err
		}
		round = in.NextRound()
	}
	plan, err = change.NewPlan(change.Plan{
		Account: r.Account, Incident: incident, Round: round, CreatedAt: r.Now().UTC(),
		Title: "freeze what " + tree.ARN + " made", Reason: freezeReason, Steps: f.steps,
	})
	return plan, f.left, err
}

// freezeReason is the reason of every step of a freeze.
const freezeReason = "of the lineage of a caller"

// freezer collects the steps of a freeze.
type freezer struct {
	*Responder
	steps []change.Step
	left  []string
}

// add plans what freezes one thing.
func (f *freezer) add(ctx context.Context, n *lineage.Thing) error {
	switch n.Kind {
	case lineage.User:
		u, err := f.Lookup.User(ctx, n.Name)
		if err != nil {
			return err
		}
		if u == nil || u.ID != n.ID {
			f.leave("user %s (%s) does not exist any more", n.Name, n.ID)
			return nil
		}
		return f.step(ctx, change.Attach(change.Identity{ARN: u.ARN, ID: u.ID}, f.denyARN()))
	case lineage.Role:
		role, err := f.Lookup.Role(ctx, n.Name)
		if err != nil {
			return err
		}
		if role == nil || role.ID != n.ID {
			f.leave("role %s (%s) does not exist any more", n.Name, n.ID)
			return nil
		}
		return f.step(ctx, change.Attach(change.Identity{ARN: role.ARN, ID: role.ID}, f.denyARN()))
	case lineage.Key, lineage.SSHKey, lineage.Certificate, lineage.ServiceCredential:
		u, err := f.Lookup.User(ctx, n.Of)
		if err != nil {
			return err
		}
		if u == nil {
			f.leave("%s %s: user %s does not exist any more", n.Kind, n.ID, n.Of)
			return nil
		}
		kinds := map[lineage.Kind]change.Kind{
			lineage.Key: change.AccessKey, lineage.SSHKey: change.SSHKey, lineage.Certificate: change.Certificate, lineage.ServiceCredential: change.ServiceCredential,
		}
		return f.step(ctx, change.Deactivate(kinds[n.Kind], change.Identity{ARN: u.ARN, ID: u.ID}, n.ID))
	case lineage.Password:
		f.leave("password of user %s: a password comes back for nobody, so take it away by hand (aws iam delete-login-profile), or deny him", n.Of)
	case lineage.Session:
		f.leave("session %s of %s: it lasts until it ends; contain its role with --revoke-sessions, or deny the role", n.ID, n.Of)
	case lineage.Provider:
		f.leave("identity provider %s: look which roles trust it", n.ARN)
	}
	// Groups, policies, profiles and devices do nothing by themselves.
	return nil
}

func (f *freezer) leave(format string, args ...any) {
	f.left = append(f.left, fmt.Sprintf(format, args...))
}

// step adds a step unless its target is protected, or it is as the step would
// leave it.
func (f *freezer) step(ctx context.Context, s change.Step) error {
	if f.protected(s.Target) {
		f.leave("%s is protected", s.Target)
		return nil
	}
	if slices.ContainsFunc(f.steps, func(o change.Step) bool { return o.Setting == s.Setting }) {
		return nil
	}
	now, err := f.Lookup.Setting(ctx, s.Setting)
	if err != nil {
		return err
	}
	switch {
	case now.Same(s.After):
		f.leave("%s: it is %s already", s.Setting, now)
	case !now.Same(s.Before):
		f.leave("%s: it is %s", s.Setting, now)
	default:
		f.steps = append(f.steps, s.Because(freezeReason))
	}
	return nil
}
