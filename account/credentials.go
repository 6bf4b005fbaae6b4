package account

import (
	"strings"
	"time"
)

// RootUser is the name of the root user in a credential report.
const RootUser = "<root_account>"

// CredentialReport is what the account knows of the passwords, keys, devices
// and certificates of its users at GeneratedAt. AWS makes a new one when the
// last is older than four hours. Source: IAM User Guide, "Generate credential
// reports for your AWS account".
type CredentialReport struct {
	Evidence
	Rows []CredentialRow `json:"rows"`
	// Columns is how many the report had: 22, or 23 with
	// additional_credentials_info.
	Columns int `json:"columns,omitempty"`
	// Skipped are lines that could not be understood, with the reason.
	// Whoever they were about is unknown.
	Skipped []string `json:"skipped,omitempty"`
}

// Root returns the root user's row. Some reports have none, and then nothing
// is known of the root user from here.
func (r *CredentialReport) Root() (*CredentialRow, bool) { return r.Row(RootUser) }

// Row returns the row of a user by name.
func (r *CredentialReport) Row(user string) (*CredentialRow, bool) {
	if r == nil {
		return nil, false
	}
	for i := range r.Rows {
		if r.Rows[i].User == user {
			return &r.Rows[i], true
		}
	}
	return nil, false
}

// CredentialRow is one user's line.
type CredentialRow struct {
	User    string `json:"user"`
	ARN     string `json:"arn"`
	Created Moment `json:"created"`

	PasswordEnabled      Flag   `json:"passwordEnabled"`
	PasswordLastUsed     Moment `json:"passwordLastUsed"`
	PasswordLastChanged  Moment `json:"passwordLastChanged"`
	PasswordNextRotation Moment `json:"passwordNextRotation"`
	MFA                  Flag   `json:"mfa"`

	// Keys are the two places for access keys, certificates' likewise; an
	// empty place is not active.
	Keys         [2]ReportedKey         `json:"keys"`
	Certificates [2]ReportedCertificate `json:"certificates"`
	// Additional says that there are more than two keys or certificates.
	Additional string `json:"additional,omitempty"`
}

// IsRoot reports whether the row is the root user's.
func (r CredentialRow) IsRoot() bool { return r.User == RootUser }

// ReportedKey is an access key as the credential report shows it, without its
// id.
type ReportedKey struct {
	Active Flag `json:"active"`
	// LastRotated is when the key was created, or last changed.
	LastRotated Moment `json:"lastRotated"`
	LastUsed    Moment `json:"lastUsed"`
	// Region and Service of the last use; NotApplicable for services without
	// a region, or when the key was never used.
	Region  string `json:"region,omitempty"`
	Service string `json:"service,omitempty"`
}

// Exists reports whether there is a key in this place, active or not: an
// empty place has no date.
func (k ReportedKey) Exists() bool {
	_, dated := k.LastRotated.Time()
	return k.Active.Yes() || dated
}

// ReportedCertificate is a signing certificate as the report shows it.
type ReportedCertificate struct {
	Active      Flag   `json:"active"`
	LastRotated Moment `json:"lastRotated"`
}

// The words that stand in a credential report where there is no date or no
// answer. Source: IAM User Guide, "Generate credential reports for your AWS
// account".
const (
	// NotApplicable: no such credential, or a key that was never used.
	NotApplicable = "N/A"
	// NoInformation: a password that was never used, or not since the dates
	// are kept (2014-10-20).
	NoInformation = "no_information"
	// NotSupported: AWS does not tell, as of the root user.
	NotSupported = "not_supported"
)

// Moment is a date of the credential report, or the word that stands in its
// place. The zero Moment is a column that the report does not have, or an
// empty field.
type Moment struct {
	date time.Time
	word string
}

// On is the Moment of a known date.
func On(t time.Time) Moment { return Moment{date: t.UTC()} }

// Word is the Moment of a word, as it stands in the report.
func Word(w string) Moment { return Moment{word: w} }

// ParseMoment reads a field of a credential report. It never fails: what is
// no date is a word.
func ParseMoment(s string) Moment {
	s = strings.TrimSpace(s)
	if t, err := time.Parse(time.RFC3339, s); err == nil && t.Year() > 0 {
		return On(t)
	}
	return Word(s)
}

// Time returns the date, if there is one.
func (m Moment) Time() (time.Time, bool) { return m.date, m.word == "" && !m.date.IsZero() }

// Word returns what stands where a date would: "" for a date and for a column
// that is absent.
func (m Moment) Word() string { return m.word }

// Absent reports whether the report says nothing at all.
func (m Moment) Absent() bool { return m.word == "" && m.date.IsZero() }

// Never reports whether the report says that there was no such moment that
// AWS knows of: N/A or no_information. Words that are not understood are not
// "never".
func (m Moment) Never() bool {
	return strings.EqualFold(m.word, NotApplicable) || strings.EqualFold(m.word, NoInformation)
}

// Equal reports whether both are the same date or the same word.
func (m Moment) Equal(n Moment) bool { return m.word == n.word && m.date.Equal(n.date) }

// String is the field as the report writes it.
func (m Moment) String() string {
	if t, ok := m.Time(); ok {
		return t.Format(time.RFC3339Nano)
	}
	return m.word
}

// MarshalText is String.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMoment.
func (m *Moment) UnmarshalText(text []byte) error {
	*m = ParseMoment(string(text))
	return nil
}

// Flag is a yes or no of the credential report, or the word that stands there
// instead; "" is a column that the report does not have.
type Flag string

// Yes reports whether the report says true, in any case.
func (f Flag) Yes() bool { return strings.EqualFold(string(f), "true") }

// No reports whether the report says false. Neither Yes nor No is unknown.
func (f Flag) No() bool { return strings.EqualFold(string(f), "false") }
