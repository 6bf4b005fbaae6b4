// Package change holds changes to an account as values: what is done, what
// must be true before, what is true afterwards, and how it is given back.
//
// One [Step] moves one [Setting] of the account from one [State] to another
// by one IAM call. A setting is the smallest thing that IAM stores on its own:
// one policy attached to one user, one inline policy, the status of one access
// key. So everything else follows from the pair of states:
//
//   - the call to make is derived from the setting and the two states;
//   - the step may run while the setting is in the state Before, and has
//     nothing to do when it is already in the state After;
//   - after a crash, reading the setting tells whether the call took effect;
//   - the inverse is the same step with the states exchanged, and carries the
//     exact former text, because Before was captured when the step was made.
//
// The package makes no call. Package change/apply runs plans, and package
// change/ledger remembers them.
package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"warden/account"
)

// Kind says what sort of setting a step changes.
type Kind string

// The kinds of settings. The text of their states is given for each.
const (
	// Attachment of a managed policy to a user, role or group. Target is the
	// ARN of the identity, Name the ARN of the policy; text "attached".
	Attachment Kind = "attachment"
	// Inline policy of a user, role or group; Name is its name, text its document.
	Inline Kind = "inline-policy"
	// AccessKey is the status of a user's access key; Name is its id, text
	// "Active" or "Inactive".
	AccessKey Kind = "access-key"
	// Boundary is the permissions boundary of a user or role; text is the ARN
	// of the policy.
	Boundary Kind = "permissions-boundary"
	// Policy is the existence of a customer-managed policy; text is the
	// document of its default version.
	Policy Kind = "managed-policy"
	// DefaultVersion is which version of a customer-managed policy is in
	// force; text is its document, and the state names the version.
	DefaultVersion Kind = "default-version"
	// PolicyVersion is one version of a policy that is not the default; Name
	// is its id ("v3"), text its document.
	PolicyVersion Kind = "policy-version"
)

// Texts of states that are not documents or ARNs.
const (
	Attached = "attached"
	Active   = "Active"
	Inactive = "Inactive"
)

// Setting names one thing in an account that one IAM call can change.
type Setting struct {
	Kind Kind `json:"kind"`
	// Target is the ARN of the user, role, group or policy that is changed.
	Target string `json:"target"`
	// Name tells settings of one target and kind apart; see the kinds.
	Name string `json:"name,omitempty"`
}

// String names the setting in words, for messages.
func (s Setting) String() string {
	t := shortARN(s.Target)
	switch s.Kind {
	case Attachment:
		return "attachment of " + shortARN(s.Name) + " to " + t
	case Inline:
		return "inline policy " + s.Name + " of " + t
	case AccessKey:
		return "access key " + s.Name + " of " + t
	case Boundary:
		return "permissions boundary of " + t
	case DefaultVersion:
		return "default version of " + t
	case PolicyVersion:
		return "version " + s.Name + " of " + t
	case Statement:
		return s.statementString()
	}
	if k, ok := identityKinds[s.Kind]; ok {
		return fmt.Sprintf(k.words, s.Name, t)
	}
	return t
}

// shortARN is the resource part of an ARN: "user/ci/deploy".
func shortARN(s string) string {
	if a, err := account.ParseARN(s); err == nil {
		return a.Resource
	}
	return s
}

// State is what a setting holds. The zero value means that it does not exist.
type State struct {
	Exists bool
	// Text is the exact stored text; what it holds depends on the Kind.
	Text string
	// Version is the id of a policy's default version, where it is known.
	Version string
	// Description is the text given to a managed policy when it is made. It
	// plays no part in comparing states.
	Description string
}

// Absent is the state of what does not exist.
var Absent = State{}

// Is returns the state of what exists and holds text.
func Is(text string) State { return State{Exists: true, Text: text} }

// Same reports whether two states are the same. Documents are compared
// without insignificant white space; key order and duplicates count. Versions
// are compared where both are known.
func (s State) Same(o State) bool {
	if !s.Exists || !o.Exists {
		return s.Exists == o.Exists
	}
	if s.Version != "" && o.Version != "" && s.Version != o.Version {
		return false
	}
	return s.Text == o.Text || compact(s.Text) == compact(o.Text)
}

func compact(doc string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(doc)) != nil {
		return doc
	}
	return b.String()
}

// String shows the state in one line of at most about 120 characters.
func (s State) String() string {
	if !s.Exists {
		return "absent"
	}
	t := compact(s.Text)
	if r := []rune(t); len(r) > 100 {
		t = string(r[:100]) + "…"
	}
	if s.Version != "" {
		return s.Version + " " + t
	}
	return t
}

type stateJSON struct {
	Text        *string `json:"text"`
	Version     string  `json:"version,omitempty"`
	Description string  `json:"description,omitempty"`
}

// MarshalJSON writes null for what does not exist.
func (s State) MarshalJSON() ([]byte, error) {
	if !s.Exists {
		return []byte("null"), nil
	}
	return json.Marshal(stateJSON{&s.Text, s.Version, s.Description})
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses anything else.
func (s *State) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		*s = Absent
		return nil
	}
	var w stateJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if w.Text == nil {
		return fmt.Errorf(`state: "text" is missing (use null for what does not exist)`)
	}
	*s = State{Exists: true, Text: *w.Text, Version: w.Version, Description: w.Description}
	return nil
}

// Identity is a user, role or group that a step changes.
type Identity struct {
	ARN string
	// ID is the unique id (AIDA…, AROA…, AGPA…). Where it is given, the step
	// refuses to touch another identity that was since made under the same
	// name. Source: IAM User Guide, "IAM identifiers", unique identifiers.
	ID string
}

func targetType(arn string) string {
	a, err := account.ParseARN(arn)
	if err != nil || a.Service != "iam" || !strings.Contains(a.Resource, "/") {
		return ""
	}
	return a.Type()
}
