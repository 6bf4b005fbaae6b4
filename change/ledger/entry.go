// Package ledger remembers what warden saw, meant to do, did and gave back.
//
// A ledger is a list of entries that only grows. Each carries the hash of the
// one before it, so that a changed, removed or inserted entry breaks the chain
// ([Ledger.Verify] names the first). What is true now is always computed by
// reading the entries in order ([Ledger.Incident]); nothing is updated.
//
// An entry can have a key that may occur once. Appending a second entry with
// the same key fails with [ErrExists]: that one rule makes events, plans and
// steps happen once, however many workers and processes share the ledger.
//
// Cutting off the newest entries leaves a shorter chain that is intact. To
// notice that, keep the hash of the head elsewhere (`warden ledger verify`
// prints it) and give it to `--expect` later.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"time"

	"warden/change"
)

// Kind says what an entry records; it decides what Body holds.
type Kind string

// The kinds of entries, with the type of their bodies.
const (
	IncidentOpened Kind = "incident-opened"   // Opening
	EventJoined    Kind = "event-joined"      // Event
	PlanRecorded   Kind = "plan-recorded"     // change.Plan
	UndoPlanned    Kind = "undo-planned"      // change.Plan
	UndoDone       Kind = "undo-done"         // UndoResult
	StepIntended   Kind = "step-intended"     // Intent
	StepClaimed    Kind = "step-claimed"      // Claim
	StepEnded      Kind = "step-ended"        // Outcome
	Verified       Kind = "verified"          // Verification
	NotifyIntended Kind = "notify-intended"   // Telling
	NotifyFailed   Kind = "notify-failed"     // Telling
	Notified       Kind = "notified"          // Notification
	BadInput       Kind = "input-quarantined" // Input
	Charged        Kind = "charged"           // Charge
	PlanProposed   Kind = "plan-proposed"     // a change.Plan, why, and when it expires
	PlanApproved   Kind = "plan-approved"     // Approval
	PlanDeclined   Kind = "plan-declined"     // Approval
	TaskWaiting    Kind = "task-waiting"      // a workflow's token
	Swept          Kind = "swept"             // Sweep
	EventConfirmed Kind = "event-confirmed"   // Confirmation
	EventDoubted   Kind = "event-doubted"     // Confirmation
	AdminsSeen     Kind = "admins-seen"       // Admins
	AdminGranted   Kind = "admin-granted"     // AdminGrant
	CredentialHeld Kind = "credential-held"   // Credential
)

// Entry is one line of the ledger.
type Entry struct {
	Seq      int64           `json:"seq"` // 1, 2, 3… without gaps
	Time     time.Time       `json:"time"`
	Kind     Kind            `json:"kind"`
	Incident string          `json:"incident,omitempty"`
	Step     string          `json:"step,omitempty"`
	Key      string          `json:"key,omitempty"` // at most one entry has it
	Body     json.RawMessage `json:"body,omitempty"`
	Prev     string          `json:"prev"` // Hash of the entry before; Genesis for the first
	Hash     string          `json:"hash"`
}

// Genesis is the Prev of the first entry.
const Genesis = "warden-ledger-1"

// Sum computes the hash of the entry: SHA-256, in hex, of the fields Prev,
// Seq in decimal, Time in RFC 3339 with nanoseconds and Z, Kind, Incident,
// Step, Key and Body, each written as its length in decimal, a colon, its
// bytes and a comma.
func (e Entry) Sum() string {
	return change.Hash(e.Prev, strconv.FormatInt(e.Seq, 10), e.Time.UTC().Format(time.RFC3339Nano),
		string(e.Kind), e.Incident, e.Step, e.Key, string(e.Body))
}

// Seal makes e the entry after prev (the zero Entry when there is none): it
// sets Seq, Prev and Hash. Stores call it inside the transaction that appends.
func Seal(prev, e Entry) Entry {
	e.Time = e.Time.UTC()
	e.Seq = prev.Seq + 1
	e.Prev = prev.Hash
	if prev.Seq == 0 {
		e.Prev = Genesis
	}
	e.Hash = e.Sum()
	return e
}

// Errors of a Store.
var (
	// ErrExists: an entry with this key is in the ledger.
	ErrExists = errors.New("the ledger has an entry with this key")
	// ErrNotFound: no entry has this key.
	ErrNotFound = errors.New("no such entry in the ledger")
)

// Query selects entries. Empty fields select everything.
type Query struct {
	Incident string
	Step     string
	Kinds    []Kind
	After    int64 // only entries with a greater Seq
}

// Store keeps entries. Package ledger/ledgertest holds the suite that every
// implementation passes; it is small so that a table with conditional writes
// can implement it.
//
// Stores are safe for use by several goroutines, and by several processes
// where they share the medium.
type Store interface {
	// Append seals e after the newest entry and stores it durably before it
	// returns. When e.Key is not empty and some entry has it, nothing is
	// stored and the error is ErrExists, wrapped or not. An error of any
	// other kind leaves it open whether the entry was stored: look with Get.
	Append(ctx context.Context, e Entry) (Entry, error)
	// Get returns the entry with this key, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// Entries yields the selected entries in the order of Seq. It reads what
	// is there when it gets there, holds no lock between two entries, and
	// stops at the first error, which it yields.
	Entries(ctx context.Context, q Query) iter.Seq2[Entry, error]
	Close() error
}
