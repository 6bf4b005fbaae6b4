package ledger

import (
	"encoding/json"
	"time"

	"warden/change"
)

// Opening is the body of an IncidentOpened entry: who it is about.
type Opening struct {
	Account  string `json:"account"`
	Caller   string `json:"caller"` // ARN
	CallerID string `json:"callerId,omitempty"`
	Kind     string `json:"kind"` // kind of caller
	Severity string `json:"severity,omitempty"`
	Title    string `json:"title"`
	Reason   string `json:"reason,omitempty"`
	// Parent is the incident of the caller who made this one, where the
	// ledger proves that; "" for an original caller.
	Parent string `json:"parent,omitempty"`
	// Credential is what is contained where it is not the caller himself: an
	// access key id, or a session, as package guard names it.
	Credential string `json:"credential,omitempty"`
}

// Event is the body of an EventJoined entry: one call of the caller's.
type Event struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Source     string    `json:"source,omitempty"`
	Time       time.Time `json:"time"`
	SourceIP   string    `json:"sourceIp,omitempty"`
	ErrorCode  string    `json:"errorCode,omitempty"`
	Verdict    string    `json:"verdict,omitempty"`
	Detections []string  `json:"detections,omitempty"`

	// JoinedAt is the time of the entry, ConfirmedAt that at which the event
	// was found in CloudTrail's history, and Doubt why it was not: they come
	// from the ledger's entries and are not part of the body.
	JoinedAt    time.Time `json:"joinedAt,omitzero"`
	ConfirmedAt time.Time `json:"confirmedAt,omitzero"`
	Doubt       string    `json:"doubt,omitempty"`
}

// Made is the body of a ThingMade entry: what an event of the incident made and
// under what calls can be made: a user, a role, an access key, a session.
type Made struct {
	ID    string `json:"id"`   // unique id, or access key id
	Kind  string `json:"kind"` // as package guard/lineage names it
	ARN   string `json:"arn,omitempty"`
	Event string `json:"event"`
}

// Intent is the body of a StepIntended entry. It is stored before the call.
type Intent struct {
	Plan    string `json:"plan"`
	Attempt int    `json:"attempt"` // from 1
	Worker  string `json:"worker"`  // who is about to call
	// Before is the state found just before the call: what undo restores. It
	// differs from the step's own only when that was overridden.
	Before change.State `json:"before"`
}

// Claim is the body of a StepClaimed entry: another worker takes over an
// intent whose owner is gone.
type Claim struct {
	Attempt int    `json:"attempt"`
	Worker  string `json:"worker"`
}

// Status is how an attempt at a step ended.
type Status string

// The ends of an attempt.
const (
	// Done: the call was accepted, and the effect was read back or stated by
	// IAM's own answer.
	Done Status = "done"
	// Unconfirmed: the call was accepted, but the effect could not be read
	// back: it is late, or somebody has undone it already.
	Unconfirmed Status = "unconfirmed"
	// Already: the effect was there before, not by us. Undo leaves it.
	Already Status = "already"
	// Changed: the setting was in neither of the two states of the step;
	// nothing was called.
	Changed Status = "changed"
	// Kept: an undo left what it would have deleted, because something else
	// uses it now.
	Kept Status = "kept"
	// Failed: the call was refused, or it is unknown whether it was carried
	// out (Ambiguous).
	Failed Status = "failed"
	// Pending: another worker is at it. Never stored.
	Pending Status = "pending"
	// Planned: a dry run; the call would be made. Never stored.
	Planned Status = "planned"
	// Skipped: not reached. Never stored.
	Skipped Status = "skipped"
)

// Outcome is the body of a StepEnded entry.
type Outcome struct {
	Attempt int    `json:"attempt"`
	Status  Status `json:"status"`
	// Found is the state read after the call, or instead of it.
	Found change.State `json:"found"`
	// Error says why, for Failed and Changed.
	Error string `json:"error,omitempty"`
	// Code is IAM's error code, if it gave one.
	Code string `json:"code,omitempty"`
	// Ambiguous marks a failure after which the call may still take effect.
	Ambiguous bool   `json:"ambiguous,omitempty"`
	Worker    string `json:"worker,omitempty"`
}

// Verification is the body of a Verified entry. Level is "configured" (the
// change was read back and the policy engine says that the caller is denied),
// "observed denied" (a later call of the caller's was refused), or "partly
// contained" (the evidence says what is still open).
type Verification struct {
	Level    string   `json:"level"`
	Evidence []string `json:"evidence,omitempty"`
}

// Levels of a Verification.
const (
	Configured      = "configured"
	ObservedDenied  = "observed denied"
	PartlyContained = "partly contained"
)

// Notification is the body of a Notified entry.
type Notification struct {
	Channel string `json:"channel"`
	Ref     string `json:"ref,omitempty"` // the channel's id of the message
	Subject string `json:"subject,omitempty"`
}

// Input is the body of a BadInput entry: what could not be read, kept for
// inspection.
type Input struct {
	Source string `json:"source"` // queue or file, with position
	Reason string `json:"reason"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
	// Sample is the beginning, at most SampleSize bytes of it.
	Sample []byte `json:"sample,omitempty"`
}

// SampleSize is how much of a bad input the ledger keeps, in bytes.
const SampleSize = 16 << 10

// UndoResult is the body of an UndoDone entry.
type UndoResult struct {
	Plan   string   `json:"plan"`
	Undone []string `json:"undone"` // ids of steps given back
	// Released says that they were given back without a call: what they did
	// was so before, or has to stay for another incident.
	Released bool     `json:"released,omitempty"`
	Left     []string `json:"left,omitempty"` // what was not, and why
}

func marshal(v any) (json.RawMessage, error) { return json.Marshal(v) }
