// Package finding is the one model of what warden tells people: how bad it
// is, and what is known of it.
package finding

import "fmt"

// Severity says how urgently a person should look. The zero value is Info.
type Severity uint8

// The severities, least first, so that they compare with < and >.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

// String returns the lower-case name that every output uses.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity is the inverse of String. It fails on any other text.
func ParseSeverity(text string) (Severity, error) {
	for i, n := range severityNames {
		if n == text {
			return Severity(i), nil
		}
	}
	return Info, fmt.Errorf("severity %q: want info, low, medium, high or critical", text)
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error {
	v, err := ParseSeverity(string(text))
	if err == nil {
		*s = v
	}
	return err
}

// Status is the answer to a question about an account. Unknown is an answer
// of its own: a fact that could not be read is never a pass.
type Status string

// The answers.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Unknown Status = "unknown"
	Manual  Status = "manual"
	// NotApplicable: the question does not arise here.
	NotApplicable Status = "not applicable"
)
