// Package lineage finds what a caller made, and what that made in turn: users,
// roles, keys, passwords, policies, sessions. Who contains a caller has closed
// one door; the lineage is the list of the others.
//
// It goes by unique ids and access key ids, which AWS gives out once, and by
// names only where the record has nothing else: what deletes a user names
// him only. Events may come in any order and twice; failed calls make nothing.
package lineage

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"warden/guard/detect"
	"warden/trail"
)

// Kind is what sort of thing was made.
type Kind string

// The kinds of things.
const (
	Caller            Kind = "caller" // the root of a tree
	User              Kind = "user"
	Role              Kind = "role"
	Group             Kind = "group"
	Policy            Kind = "policy"
	Key               Kind = "access-key"
	Password          Kind = "password"
	SSHKey            Kind = "ssh-key"
	Certificate       Kind = "signing-certificate"
	ServiceCredential Kind = "service-credential"
	Profile           Kind = "instance-profile"
	Provider          Kind = "identity-provider"
	Device            Kind = "mfa-device"
	Session           Kind = "session"
)

// Thing is one thing that was made, with what was made with it.
type Thing struct {
	Kind Kind `json:"kind"`
	// ID is the unique id, the access key id or the id of the credential; ""
	// where AWS gives none or the record has none. Who acts under it is
	// recognised by it alone.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	ARN  string `json:"arn,omitempty"`
	// Of is the user whose credential it is, by name; of a session, the ARN
	// of the role.
	Of string `json:"of,omitempty"`
	// At, Event and Call are when and by which call it was made.
	At    time.Time `json:"at,omitzero"`
	Event string    `json:"event,omitempty"`
	Call  string    `json:"call,omitempty"`
	// Gone is when it was deleted; zero while it is there as far as the
	// events tell. Expires is when a session ends.
	Gone    time.Time `json:"gone,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	// Calls and Refused count the calls made with it that succeeded and that
	// did not.
	Calls   int `json:"calls"`
	Refused int `json:"refused,omitempty"`
	// Made is what was made with it, the oldest first.
	Made []*Thing `json:"made,omitempty"`
	// Changed are other writes to identities that were made with it.
	Changed []Change `json:"changed,omitempty"`
}

// Change is a successful write to identities that made nothing new.
type Change struct {
	Call   string    `json:"call"`
	Target string    `json:"target,omitempty"`
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
}

// Query says whose lineage is looked for.
type Query struct {
	// Caller is a unique id (AIDA…, AROA…), the aws:userid of one session
	// (AROA…:name), an access key id, or an ARN, of a session too.
	Caller string
	// Since and Until bound the calls that count; a zero one does not.
	Since, Until time.Time
}

func (q Query) covers(e *trail.Event) bool {
	return (q.Since.IsZero() || !e.Time.Before(q.Since)) && (q.Until.IsZero() || e.Time.Before(q.Until))
}

// Is reports whether the caller that is looked for made a call himself.
func (q Query) Is(a trail.Actor) bool {
	switch q.Caller {
	case "":
		return false
	case a.ID, a.UserID, a.AccessKey, a.ARN:
		return true
	}
	return a.Role != nil && q.Caller == a.Role.ARN
}

// Trace builds the tree of what the caller made. The events need not be in
// order; the same event may be there twice.
func Trace(events []*trail.Event, q Query) *Thing {
	t := &tracer{q: q, root: &Thing{Kind: Caller, ID: q.Caller}, byID: map[string]*Thing{}, byEvent: map[*trail.Event][]*Thing{}}
	t.events = inOrder(events)
	for t.grow() {
	}
	t.connect()
	t.bury()
	t.root.sort()
	return t.root
}

// kinds is the order of things that were made in one second, which is all
// that CloudTrail tells: who exists first, then what he is reached with.
var kinds = []Kind{User, Group, Role, Policy, Profile, Provider, Key, Password, SSHKey, Certificate, ServiceCredential, Device, Session}

func (n *Thing) sort() {
	slices.SortStableFunc(n.Made, func(a, b *Thing) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.ID, b.ID))
	})
	for _, m := range n.Made {
		m.sort()
	}
}

// inOrder sorts events by time and drops those that are there twice.
func inOrder(events []*trail.Event) []*trail.Event {
	seen := map[string]bool{}
	var out []*trail.Event
	for _, e := range events {
		if e == nil || e.ID != "" && seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b *trail.Event) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

type tracer struct {
	q      Query
	root   *Thing
	events []*trail.Event
	// byID finds what acts: keys, sessions, users and roles.
	byID    map[string]*Thing
	byEvent map[*trail.Event][]*Thing // what an event made
}

// actor is the thing with which a call was made, the narrowest one: the key
// or session, then the user or role; nil when it is none of the lineage.
func (t *tracer) actor(a trail.Actor) *Thing {
	for _, id := range []string{a.AccessKey, a.ID} {
		if n := t.byID[id]; id != "" && n != nil {
			return n
		}
	}
	if a.Parent != nil && t.byID[a.Parent.ID] != nil {
		return t.byID[a.Parent.ID]
	}
	if t.q.Is(a) || a.Parent != nil && (a.Parent.ID == t.q.Caller || a.Parent.ARN == t.q.Caller) && t.q.Caller != "" {
		return t.root
	}
	return nil
}

// grow adds what the things known so far made, and reports whether there was
// anything new. More than one pass is needed only where events of one second
// are not in the order of their calls.
func (t *tracer) grow() bool {
	grown := false
	for _, e := range t.events {
		if e.Failed() || !t.q.covers(e) || !creates(e) {
			continue
		}
		if _, done := t.byEvent[e]; done || t.actor(e.Actor()) == nil {
			continue
		}
		things := made(e)
		t.byEvent[e] = things
		for _, n := range things {
			if acts(n.Kind) && n.ID != "" && n.ID != t.q.Caller && t.byID[n.ID] == nil {
				t.byID[n.ID] = n
				grown = true
			}
		}
	}
	return grown
}

// acts reports whether calls are made under a thing's id.
func acts(k Kind) bool { return k == User || k == Role || k == Key || k == Session }

// connect counts the calls of every thing and hangs what they made under it.
func (t *tracer) connect() {
	parents := map[*Thing]*Thing{}
	for _, e := range t.events {
		if !t.q.covers(e) {
			continue
		}
		a := e.Actor()
		by := t.actor(a)
		if by == nil {
			continue
		}
		if by == t.root && t.root.ARN == "" {
			t.root.ARN, t.root.Name = a.ARN, a.Name
		}
		if e.Failed() {
			by.Refused++
			continue
		}
		by.Calls++
		things := t.byEvent[e]
		for _, n := range things {
			if under(by, n, parents) {
				by = t.root // forged: nothing makes itself
			}
			parents[n] = by
			by.Made = append(by.Made, n)
		}
		if len(things) == 0 && detect.IAMWrite(e.Source, e.Name) {
			by.Changed = append(by.Changed, Change{Call: e.Name, Target: target(e), At: e.Time, Event: e.ID})
		}
	}
}

// under reports whether n is what made by, at whatever distance.
func under(by, n *Thing, parents map[*Thing]*Thing) bool {
	for ; by != nil; by = parents[by] {
		if by == n {
			return true
		}
	}
	return false
}

// bury follows names through time: who was renamed, and what was deleted,
// by whomever.
func (t *tracer) bury() {
	var all []*Thing
	for n := range t.root.All() {
		all = append(all, n)
	}
	slices.SortStableFunc(all, func(a, b *Thing) int { return a.At.Compare(b.At) })
	for _, e := range t.events {
		if e.Failed() || detect.Source(e.Source) != detect.IAM {
			continue
		}
		if kind, from, to := renamed(e); to != "" {
			for _, n := range all {
				if n.At.After(e.Time) || !n.Gone.IsZero() {
					continue
				}
				if n.Kind == kind && strings.EqualFold(n.Name, from) {
					n.Name = to
				}
				if kind == User && strings.EqualFold(n.Of, from) {
					n.Of = to
				}
			}
			continue
		}
		if kind, what := deleted(e); kind != "" {
			for _, n := range slices.Backward(all) {
				if n.Kind == kind && n.Gone.IsZero() && !n.At.After(e.Time) && n.isCalled(what) {
					n.Gone = e.Time
					break
				}
			}
		}
	}
}

// isCalled reports whether a deleting call means this thing.
func (n *Thing) isCalled(what string) bool {
	switch n.Kind {
	case Password:
		return strings.EqualFold(n.Of, what)
	case Policy, Provider, Device:
		return n.ARN == what
	case Key, SSHKey, Certificate, ServiceCredential:
		return n.ID == what
	}
	return strings.EqualFold(n.Name, what)
}

// All yields everything that was made, not the root itself: each thing before
// what was made with it.
func (n *Thing) All() iter.Seq[*Thing] {
	return func(yield func(*Thing) bool) { n.walk(yield) }
}

func (n *Thing) walk(yield func(*Thing) bool) bool {
	for _, m := range n.Made {
		if !yield(m) || !m.walk(yield) {
			return false
		}
	}
	return true
}
