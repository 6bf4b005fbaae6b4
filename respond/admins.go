package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/account"
	"warden/change/ledger"
	"warden/guard"
	"warden/trail"
)

// adminsFresh is how old what was read of the administrators may be while
// events are handled: somebody whom a lost event made one is seen by then.
const adminsFresh = 5 * time.Minute

// adminMemory is what this process has read of the ledger's memory of the
// administrators.
type adminMemory struct {
	mu      gate
	history ledger.AdminHistory
	read    time.Time // when the ledger was read last
	asked   time.Time // when IAM was asked last
	missing []string  // administrators' groups that did not exist then
}

// adminsRead is how old what was read of the ledger may be where it agrees
// with what IAM says of the caller. Where it does not, it is read again.
const adminsRead = time.Second

// agrees reports whether what is remembered says the same of the bearer of
// the id as IAM does now.
func (m *adminMemory) agrees(id string, is bool, now time.Time) bool {
	return len(m.history.Seen) > 0 && (id == "" || seenLast(&m.history, id) == is && m.remembered().Counts(id, now) == is)
}

// AdminChanged is a change of the set of administrators that an event made.
type AdminChanged struct {
	guard.AdminChange
	ID  string // unique id of whom it was done to
	ARN string
	// Standing is what he was who did it.
	Standing guard.Standing
	// first says that it was not known before.
	first bool
}

// RefreshAdmins asks IAM who is an administrator, and records it where it
// changed. What a guard sees first it has to believe; it says so in the log.
func (r *Responder) RefreshAdmins(ctx context.Context) error {
	if r.Ledger == nil {
		return nil
	}
	r.admins.mu.Lock()
	defer r.admins.mu.Unlock()
	return r.refreshAdmins(ctx)
}

func (r *Responder) refreshAdmins(ctx context.Context) error {
	asked := r.Now()
	members, missing, err := r.adminsNow(ctx)
	if err != nil {
		return fmt.Errorf("who is an administrator: %w", err)
	}
	r.admins.asked, r.admins.missing = asked, missing
	h := &r.admins.history
	if err := r.Ledger.ReadAdmins(ctx, r.Account, r.Guard.Rule(), h); err != nil {
		return err
	}
	first := len(h.Seen) == 0
	recorded, err := r.Ledger.RecordAdmins(ctx, ledger.Admins{Account: r.Account, Rule: r.Guard.Rule(), Members: members, At: asked})
	if err != nil || !recorded {
		return err
	}
	if first {
		r.Log.Info("the first look at the administrators: whoever is one now is believed to be one rightly", "administrators", arns(members))
	} else {
		r.Log.Info("the administrators have changed", "administrators", arns(members))
	}
	switch {
	case len(members) > 0:
	case len(missing) > 0:
		r.Log.Warn("nobody is an administrator, and the group does not exist: who writes to IAM is left to a person until somebody is known as one; look whether the rule is right", "rule", r.Guard.Rule(), "missing", missing)
	default:
		r.Log.Warn("nobody is an administrator, so everybody who writes to IAM is contained: look whether the rule is right", "rule", r.Guard.Rule())
	}
	return r.Ledger.ReadAdmins(ctx, r.Account, r.Guard.Rule(), h)
}

// refreshOldAdmins refreshes what was read a while ago. A failure is logged:
// what is remembered goes on to count.
func (r *Responder) refreshOldAdmins(ctx context.Context) {
	if r.Ledger == nil {
		return
	}
	r.admins.mu.Lock()
	defer r.admins.mu.Unlock()
	if r.Now().Sub(r.admins.asked) < adminsFresh {
		return
	}
	if err := r.refreshAdmins(ctx); err != nil && ctx.Err() == nil {
		r.Log.Error("the administrators could not be listed", "error", oneLine(err))
	}
}

// adminsNow lists the administrators as IAM knows them, and the groups of the
// rule that do not exist.
func (r *Responder) adminsNow(ctx context.Context) (members []ledger.AdminMember, missing []string, err error) {
	for _, group := range r.Guard.Groups() {
		users, err := r.Lookup.Members(ctx, group)
		if err != nil {
			return nil, nil, err
		}
		if users == nil {
			missing = append(missing, group)
		}
		for _, u := range users {
			members = append(members, ledger.AdminMember{ID: u.ID, ARN: u.ARN, By: "group " + group})
		}
	}
	for _, arn := range r.Guard.AdminRoles {
		role, err := r.Lookup.Role(ctx, arn[strings.LastIndexByte(arn, '/')+1:])
		if err != nil {
			return nil, nil, err
		}
		if role != nil && role.ARN == arn {
			members = append(members, ledger.AdminMember{ID: role.ID, ARN: arn, By: "role"})
		}
	}
	if tag := r.Guard.AdminTag; tag.Key != "" {
		users, roles, err := r.Lookup.Tagged(ctx, tag.Key, tag.Value)
		if err != nil {
			return nil, nil, err
		}
		by := "tag " + tag.Key + "=" + tag.Value
		for _, u := range users {
			members = append(members, ledger.AdminMember{ID: u.ID, ARN: u.ARN, By: by})
		}
		for _, role := range roles {
			members = append(members, ledger.AdminMember{ID: role.ID, ARN: role.ARN, By: by})
		}
	}
	return members, missing, nil
}

func arns(members []ledger.AdminMember) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.ARN
	}
	return slices.Compact(out)
}

// baseline adds to the facts what the ledger remembers of the administrators.
// Where IAM says something else about the caller than was seen last, or that
// he is one and nobody knows why, everybody is looked at again.
func (r *Responder) baseline(ctx context.Context, f *guard.Facts) {
	if r.Ledger == nil || len(f.Gaps) > 0 {
		return
	}
	id := ""
	switch {
	case f.User != nil:
		id = f.User.ID
	case f.Role != nil:
		id = f.Role.ID
	}
	r.admins.mu.Lock()
	defer r.admins.mu.Unlock()
	h, now := &r.admins.history, r.Now()
	is := r.Guard.Now(f)
	if now.Sub(r.admins.read) < adminsRead && r.admins.agrees(id, is, now) {
		f.Baseline = r.admins.remembered()
		return
	}
	err := r.Ledger.ReadAdmins(ctx, r.Account, r.Guard.Rule(), h)
	r.admins.read = now
	if err == nil && !r.admins.agrees(id, is, now) {
		if err = r.refreshAdmins(ctx); err != nil && len(h.Seen) > 0 {
			r.Log.Error("the administrators could not be listed", "error", oneLine(err))
			err = nil
		}
	}
	if err != nil {
		f.Gaps = append(f.Gaps, account.Gap{What: "who is known as an administrator", Reason: oneLine(err)})
		return
	}
	f.Baseline = r.admins.remembered()
}

func seenLast(h *ledger.AdminHistory, id string) bool {
	return slices.ContainsFunc(h.Seen[len(h.Seen)-1].Members, func(m ledger.AdminMember) bool { return m.ID == id })
}

// remembered is the memory as the judgement takes it.
func (m *adminMemory) remembered() *guard.Baseline {
	h := &m.history
	b := &guard.Baseline{Missing: m.missing, Seen: make([]guard.Seen, len(h.Seen)), Grants: make([]guard.Grant, len(h.Grants))}
	for i, a := range h.Seen {
		ids := make([]string, len(a.Members))
		for k, m := range a.Members {
			ids[k] = m.ID
		}
		b.Seen[i] = guard.Seen{At: a.At, IDs: ids}
	}
	for i, g := range h.Grants {
		b.Grants[i] = guard.Grant{ID: g.ID, By: g.By, Standing: guard.Standing(g.Standing), At: g.At, Removed: g.Removed}
	}
	return b
}

// adminsChanged records what the event did to the set of administrators, and
// by whom. An event that comes again anyway is left for that time, when more
// is known of its caller.
func (r *Responder) adminsChanged(ctx context.Context, res *Result) {
	changes := r.Guard.AdminChanges(res.Event)
	if changes == nil || r.Ledger == nil || res.Standing == guard.NotOurs || res.Settling || res.Verdict == guard.Unknown || res.gaps && res.Held == nil {
		return
	}
	for _, c := range changes {
		whom, err := r.whom(ctx, c, res.Event.Time)
		if err == nil {
			err = r.recordGrants(ctx, res, c, whom)
		}
		if err != nil {
			res.Err = errors.Join(res.Err, fmt.Errorf("record that %s: %w", c, err))
			res.Retry = true
			return
		}
	}
	if err := r.RefreshAdmins(ctx); err != nil {
		res.Err, res.Retry = errors.Join(res.Err, err), true
	}
}

// whom finds those to whom a change was done, as they are now. Who was made
// after the event is another of the name.
func (r *Responder) whom(ctx context.Context, c guard.AdminChange, at time.Time) ([]trail.Issuer, error) {
	var users []account.User
	switch {
	case c.Role != "":
		role, err := r.Lookup.Role(ctx, c.Role)
		if err != nil || role == nil || role.CreateDate.After(at.Add(timeResolution)) {
			return nil, err
		}
		return []trail.Issuer{{ARN: role.ARN, ID: role.ID, Name: role.Name}}, nil
	case c.Group != "":
		members, err := r.Lookup.Members(ctx, c.Group)
		if err != nil {
			return nil, err
		}
		users = members
	default:
		user, err := r.Lookup.User(ctx, c.User)
		if err != nil {
			return nil, err
		}
		if user != nil {
			users = []account.User{*user}
		}
	}
	var out []trail.Issuer
	for _, u := range users {
		if !u.CreateDate.After(at.Add(timeResolution)) {
			out = append(out, trail.Issuer{ARN: u.ARN, ID: u.ID, Name: u.Name})
		}
	}
	if c.Removed {
		// The name in the event may be nobody's by now, as that of a group
		// that was renamed twice.
		for _, w := range r.were(c, at) {
			if !slices.ContainsFunc(out, func(o trail.Issuer) bool { return o.ID == w.ID }) {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

// were are those who were seen last, before the event, as administrators in
// the way that the event took away.
func (r *Responder) were(c guard.AdminChange, at time.Time) (out []trail.Issuer) {
	for _, m := range r.seenBefore(at) {
		name := m.ARN[strings.LastIndexByte(m.ARN, '/')+1:]
		if strings.EqualFold(m.By, c.Way) && (c.Group != "" || strings.EqualFold(name, c.User)) {
			out = append(out, trail.Issuer{ARN: m.ARN, ID: m.ID, Name: name})
		}
	}
	return out
}

func (r *Responder) recordGrants(ctx context.Context, res *Result, c guard.AdminChange, whom []trail.Issuer) error {
	by := caller(res.Actor)
	if res.Credential != "" {
		by = res.Held.By + " with a credential of " + by
	}
	for _, w := range whom {
		if w.ID == res.Subject.ID && !c.Removed && res.Standing == guard.Entitled {
			// He is one already, by what others did. Where that turns out to be
			// nobody's who may, his own word must not stand for it.
			continue
		}
		if c.Removed {
			// He may be one in another way still, or again.
			var f guard.Facts
			if c.Role != "" {
				r.roleFacts(ctx, &f, w)
			} else {
				r.userFacts(ctx, &f, w)
			}
			if len(f.Gaps) > 0 {
				return fmt.Errorf("%s could not be read: %s", f.Gaps[0].What, f.Gaps[0].Reason)
			}
			if r.Guard.Now(&f) {
				continue
			}
		}
		first, err := r.Ledger.RecordGrant(ctx, ledger.AdminGrant{
			Account: r.Account, Rule: r.Guard.Rule(), ID: w.ID, ARN: w.ARN, Way: c.Way, Removed: c.Removed,
			By: by, Standing: string(res.Standing), Event: res.Event.ID, At: res.Event.Time,
		})
		if err != nil {
			return err
		}
		done := AdminChanged{AdminChange: c, ID: w.ID, ARN: w.ARN, Standing: res.Standing, first: first}
		res.AdminsChanged = append(res.AdminsChanged, done)
		if first {
			r.Log.Warn("the set of administrators was changed", "change", c.String(), "arn", w.ARN, "by", res.Actor.ARN, "who is", res.Standing)
		}
	}
	return nil
}

// rejudge judges again what those did meanwhile whose standing the event
// changed. CloudTrail's history shows an event minutes after it happened, so
// a sweep judges again what is not in it yet.
func (r *Responder) rejudge(ctx context.Context, res *Result) {
	if r.Past == nil {
		return
	}
	for _, c := range res.AdminsChanged {
		if !c.first || c.Removed != (c.Standing == guard.Entitled) {
			continue // what he did is judged as before
		}
		if _, err := r.Rejudge(ctx, r.Past, c.ID, res.Event.Time); err != nil {
			r.Log.Error("what was done meanwhile could not be judged again", "by", c.ARN, "error", oneLine(err))
		}
	}
}
