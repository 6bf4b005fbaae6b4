package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// RollFile is the name of the file with the [Roll], in the folder of the
// snapshots.
const RollFile = "organization.json"

// rollVersion is that of the file.
const rollVersion = 1

// Roll lists the active accounts of an organisation when their snapshots were
// taken, also those that could not be read: without it nobody who judges a
// folder of snapshots would know that one is missing.
type Roll struct {
	Version  int        `json:"version"`
	At       time.Time  `json:"at"`
	Accounts []Enrolled `json:"accounts"`
}

// Enrolled is an account of the organisation.
type Enrolled struct {
	Account string `json:"account"`
	// Name is what the organisation calls it.
	Name string `json:"name,omitempty"`
	// NotRead says why there is no snapshot of that time; "" where there is.
	NotRead string `json:"notRead,omitempty"`
}

// WriteRoll writes a roll as JSON, of the newest version.
func WriteRoll(w io.Writer, r Roll) error {
	r.Version = rollVersion
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the accounts of the organisation: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// ReadRoll reads what WriteRoll wrote. The name appears in errors. Unknown
// fields and another version are errors, as in a snapshot.
func ReadRoll(name string, r io.Reader) (*Roll, error) {
	data, err := readAll(name, r)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	roll := new(Roll)
	if err := dec.Decode(roll); err != nil {
		return nil, fmt.Errorf("%s: %w: want what warden collect --org wrote", name, place(data, err))
	}
	if roll.Version != rollVersion {
		return nil, fmt.Errorf("%s: version %d of the list of accounts: want %d", name, roll.Version, rollVersion)
	}
	seen := map[string]bool{}
	for _, a := range roll.Accounts {
		if err := checkID(a.Account); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if seen[a.Account] {
			return nil, fmt.Errorf("%s: account %s stands twice", name, a.Account)
		}
		seen[a.Account] = true
	}
	return roll, nil
}
