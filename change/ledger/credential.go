package ledger

import (
	"context"
	"fmt"
	"time"
)

// Credential is the body of a CredentialHeld entry: an event put a credential
// into somebody's hands. Only what outsiders hold is recorded, and who gave it
// back to its owner.
type Credential struct {
	Account string `json:"account"`
	// ID is an access key id, of a session too, or "password:" and the unique
	// id of the user whose password it is.
	ID string `json:"id"`
	// By did it, Standing is what he was then, and Incident is his.
	By       string    `json:"by"`
	Standing string    `json:"standing"`
	Incident string    `json:"incident,omitempty"`
	Event    string    `json:"event"` // its id
	At       time.Time `json:"at"`    // of the event
}

// CredentialHistory is what the ledger remembers of who holds which credential
// of an account, by the id of the credential.
type CredentialHistory struct {
	Of  map[string][]Credential
	seq int64 // of the newest entry that was read
}

// credentialsSubject is the incident under which the entries are filed, see
// adminsSubject.
func credentialsSubject(account string) string { return "credentials:" + account }

// RecordCredential records that an event put a credential into somebody's
// hands; false means that this was recorded before. What was recorded of
// somebody who turns out to be an outsider is corrected.
func (l *Ledger) RecordCredential(ctx context.Context, c Credential) (bool, error) {
	subject := credentialsSubject(c.Account)
	c.At = c.At.UTC()
	return l.corrected(ctx, Entry{Kind: CredentialHeld, Incident: subject, Key: subject + ":" + c.ID + ":" + c.Event}, c, c.Standing)
}

// ReadCredentials reads into h what was added since h was read last; a zero h
// gets everything.
func (l *Ledger) ReadCredentials(ctx context.Context, account string, h *CredentialHistory) error {
	for e, err := range l.store.Entries(ctx, Query{Incident: credentialsSubject(account), After: h.seq}) {
		if err != nil {
			return fmt.Errorf("ledger: who holds which credential: %w", err)
		}
		var one []Credential
		if err := appendBody(e, &one); err != nil {
			return &BrokenError{e.Seq, fmt.Sprintf("its body is not a %s: %v", e.Kind, err)}
		}
		if h.Of == nil {
			h.Of = map[string][]Credential{}
		}
		c := one[0]
		h.Of[c.ID] = replaced(h.Of[c.ID], c, func(o Credential) bool { return o.Event == c.Event })
		h.seq = e.Seq
	}
	return nil
}
