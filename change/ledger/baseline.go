package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"warden/change"
)

// AdminMember is an administrator with what makes him one.
type AdminMember struct {
	ID  string `json:"id"` // unique id
	ARN string `json:"arn"`
	By  string `json:"by"` // "group Administrators", "tag duty=iam", "role"
}

// Admins is the body of an AdminsSeen entry: everybody who was an
// administrator of an account when IAM was asked.
type Admins struct {
	Account string `json:"account"`
	// Rule is what makes an administrator by the configuration. What was seen
	// under one rule says nothing under another.
	Rule    string        `json:"rule"`
	Members []AdminMember `json:"members"`
	At      time.Time     `json:"at"` // when IAM was asked
}

// AdminGrant is the body of an AdminGranted entry: an event made somebody an
// administrator, or took that away.
type AdminGrant struct {
	Account string `json:"account"`
	Rule    string `json:"rule"`
	ID      string `json:"id"` // unique id of whom it was done to
	ARN     string `json:"arn"`
	Way     string `json:"way"` // as AdminMember.By
	Removed bool   `json:"removed,omitempty"`
	// By did it, and Standing is what he was then.
	By       string    `json:"by"`
	Standing string    `json:"standing"`
	Event    string    `json:"event"` // its id
	At       time.Time `json:"at"`    // of the event
}

// AdminHistory is what the ledger remembers of the administrators of an
// account under one rule, in the order in which it was written.
type AdminHistory struct {
	Seen   []Admins
	Grants []AdminGrant
	seq    int64 // of the newest entry that was read
}

// adminsSubject is the incident under which the entries are filed, so that
// they are found without reading a whole ledger. It is none, and none of the
// calls that list incidents shows it.
func adminsSubject(account, rule string) string {
	return "admins:" + account + ":" + change.Short(change.Hash(rule))
}

// RecordAdmins records who is an administrator, where that differs from what
// was recorded last; false means that it does not.
func (l *Ledger) RecordAdmins(ctx context.Context, a Admins) (bool, error) {
	a.Members = slices.Clone(a.Members)
	slices.SortFunc(a.Members, func(x, y AdminMember) int { return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.By, y.By)) })
	a.At = a.At.UTC()
	subject := adminsSubject(a.Account, a.Rule)
	var h AdminHistory
	for {
		if err := l.ReadAdmins(ctx, a.Account, a.Rule, &h); err != nil {
			return false, err
		}
		n := len(h.Seen)
		if n > 0 && (slices.Equal(h.Seen[n-1].Members, a.Members) || a.At.Before(h.Seen[n-1].At)) {
			return false, nil // nothing new, or another asked later
		}
		first, err := l.once(ctx, Entry{Kind: AdminsSeen, Incident: subject, Key: subject + ":" + strconv.Itoa(n+1)}, a)
		if err != nil || first {
			return first, err
		}
	}
}

// RecordGrant records what an event did to the set of administrators; false
// means that this was recorded before.
func (l *Ledger) RecordGrant(ctx context.Context, g AdminGrant) (bool, error) {
	subject := adminsSubject(g.Account, g.Rule)
	return l.corrected(ctx, Entry{Kind: AdminGranted, Incident: subject, Key: subject + ":" + g.ID + ":" + g.Event}, g, g.Standing)
}

// outsider is the standing of who may not, as package guard names it.
const outsider = "outsider"

// corrected appends an entry once, and once more where it says of somebody
// that he is an outsider and the one that is there says something else: it
// came to light later whose hands a credential was in. Nobody becomes more
// than he was recorded as.
func (l *Ledger) corrected(ctx context.Context, e Entry, body any, standing string) (bool, error) {
	first, err := l.once(ctx, e, body)
	if err != nil || first || standing != outsider {
		return first, err
	}
	there, err := l.store.Get(ctx, e.Key)
	if err != nil {
		return false, fmt.Errorf("ledger: %s: %w", e.Kind, err)
	}
	var was struct {
		Standing string `json:"standing"`
	}
	if err := json.Unmarshal(there.Body, &was); err != nil {
		return false, &BrokenError{there.Seq, err.Error()}
	}
	if was.Standing == outsider {
		return false, nil
	}
	e.Key += ":" + outsider
	return l.once(ctx, e, body)
}

// replaced is the list with one more, which takes the place of another where
// they are the same.
func replaced[T any](list []T, one T, same func(T) bool) []T {
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = one
		return list
	}
	return append(list, one)
}

// ReadAdmins reads into h what was added since h was read last; a zero h gets
// everything. After an error h holds what was read until then.
func (l *Ledger) ReadAdmins(ctx context.Context, account, rule string, h *AdminHistory) error {
	for e, err := range l.store.Entries(ctx, Query{Incident: adminsSubject(account, rule), After: h.seq}) {
		if err != nil {
			return fmt.Errorf("ledger: the administrators: %w", err)
		}
		switch e.Kind {
		case AdminsSeen:
			err = appendBody(e, &h.Seen)
		case AdminGranted:
			var one []AdminGrant
			if err = appendBody(e, &one); err == nil {
				g := one[0]
				h.Grants = replaced(h.Grants, g, func(o AdminGrant) bool { return o.ID == g.ID && o.Event == g.Event })
			}
		}
		if err != nil {
			return &BrokenError{e.Seq, fmt.Sprintf("its body is not a %s: %v", e.Kind, err)}
		}
		h.seq = e.Seq
	}
	return nil
}
