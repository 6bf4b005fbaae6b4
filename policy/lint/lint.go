// Package lint finds what is wrong, dangerous or useless in a policy before
// AWS sees it: names that do not exist, statements that never match, grants
// that reach farther than they look, conditions that lock out or let through.
//
// [Lint] is pure and works offline; what it knows of services comes from
// package catalog. It covers what AWS documents for IAM Access Analyzer's
// ValidatePolicy, as far as that can be known without an account, and adds to
// it. Each check is one value of type [Check] in a file of its own, with the
// reason, the AWS page, and examples that tests run; [Checks] lists them and
// docs/lint.md is made from that list.
//
// [Fix] makes the changes that are safe. Safe means that no request is decided
// differently afterwards.
package lint

import (
	"fmt"
	"slices"
	"strings"

	"warden/policy"
)

// Severity says what kind of remark a finding is. The kinds are those of
// ValidatePolicy; they are ordered, so that they compare with < and >.
type Severity uint8

// The severities.
const (
	// Suggestion: clearer or shorter, with the same effect.
	Suggestion Severity = iota
	// Warning: probably not what was meant.
	Warning
	// Security: grants more than is wise.
	Security
	// Error: a part of the policy does not work, or AWS refuses it.
	Error
)

var severityNames = [...]string{"suggestion", "warning", "security", "error"}

// String returns the name that every output uses.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity is the inverse of String. It fails on any other text.
func ParseSeverity(text string) (Severity, error) {
	if i := slices.Index(severityNames[:], text); i >= 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("severity %q: want suggestion, warning, security or error", text)
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

// Unknown stands in a policy for text that only a deployment knows: a
// reference in a template. It matches anything, and no check complains of it.
// The character is one that Unicode leaves to private use.
const Unknown = "\ue000"

// Options are what a policy does not say of itself. The zero value is fine.
type Options struct {
	// Kind is what the policy is for; Auto finds out.
	Kind Kind
	// Source is the text that the document was parsed from. With it the
	// findings point at elements, without it at statements.
	Source []byte
	// Holder says where an identity policy lives, for its quota.
	Holder Holder
}

// Holder says where an identity policy lives.
type Holder string

// The holders; the zero value is a policy of which that is not known.
const (
	Managed     Holder = "managed"
	InlineUser  Holder = "user"
	InlineGroup Holder = "group"
	InlineRole  Holder = "role"
)

// Finding is one remark.
type Finding struct {
	// Check is the stable id of the check: "action.unknown".
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Message says what is wrong here; Fix what to do about it.
	Message string `json:"message"`
	Fix     string `json:"fix"`
	// Statement is the index of the statement, -1 for the whole policy.
	Statement int    `json:"statement"`
	Sid       string `json:"sid,omitempty"`
	// Path is the element: "Statement[0].Action[1]".
	Path string `json:"path"`
	// Line and Column are counted from 1, columns in bytes.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Fixable tells that [Fix] takes care of it.
	Fixable bool `json:"fixable,omitempty"`
}

// Lint examines a policy, best read with [policy.ParseStored]: what
// policy.Parse would refuse is then among the findings. They come in the order
// of their places. The same document and options give the same findings.
func Lint(doc *policy.Document, o Options) []Finding {
	p := newPass(doc, o)
	for _, c := range checks {
		if c.Kinds != 0 && c.Kinds&p.kind.set() == 0 {
			continue
		}
		p.check = c
		c.run(p)
	}
	slices.SortStableFunc(p.findings, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		if a.Column != b.Column {
			return a.Column - b.Column
		}
		return strings.Compare(a.Check, b.Check)
	})
	return p.findings
}
