package policy

import "fmt"

// Decision is the outcome of an evaluation. The zero value denies.
type Decision uint8

// The three outcomes of the IAM User Guide, "Policy evaluation logic".
const (
	ImplicitlyDenied Decision = iota // nothing allows it
	ExplicitlyDenied                 // a statement denies it
	Allowed
)

var decisionNames = [...]string{"ImplicitlyDenied", "ExplicitlyDenied", "Allowed"}

// String returns "ImplicitlyDenied", "ExplicitlyDenied" or "Allowed".
func (d Decision) String() string {
	if int(d) < len(decisionNames) {
		return decisionNames[d]
	}
	return fmt.Sprintf("Decision(%d)", uint8(d))
}

// MarshalText writes the name of d.
func (d Decision) MarshalText() ([]byte, error) {
	if int(d) >= len(decisionNames) {
		return nil, fmt.Errorf("policy: no decision has the number %d", uint8(d))
	}
	return []byte(decisionNames[d]), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Decision) UnmarshalText(text []byte) error {
	for i, name := range decisionNames {
		if string(text) == name {
			*d = Decision(i)
			return nil
		}
	}
	return fmt.Errorf("policy: %q is no decision (ImplicitlyDenied, ExplicitlyDenied, Allowed)", text)
}

// Layer is one kind of policy in the evaluation.
type Layer string

// The layers, in the order in which they are reported.
const (
	LayerSCP      Layer = "scp"
	LayerRCP      Layer = "rcp"
	LayerEndpoint Layer = "endpoint"
	LayerResource Layer = "resource"
	LayerIdentity Layer = "identity"
	LayerGroup    Layer = "group"
	LayerBoundary Layer = "boundary"
	LayerSession  Layer = "session"
)

// Result is a decision with its evidence.
type Result struct {
	Decision Decision
	// Layers has one entry for each layer that applied, in evaluation
	// order; SCPs and RCPs have one for each level.
	Layers []LayerResult
	// Unknown says why the decision is not certain: what in the policies
	// could not be judged. Decision is then the denying one.
	Unknown []string
	// Missing names the context keys that the request does not say anything
	// about and that could turn an Allowed into a denial or the other way
	// round, in lower case and in order. Some may only do so together, and
	// with values that AWS would never send: the list may be too long, never
	// too short. A key that is known to be absent is given as [Absent].
	Missing []string
}

// Depends tells whether the decision hangs on context keys or facts that were
// not given.
func (r Result) Depends() bool { return len(r.Missing) > 0 || len(r.Unknown) > 0 }

// Deciding returns the statements that made the decision: those that deny if
// it is ExplicitlyDenied, those that allow if it is Allowed, none otherwise.
func (r Result) Deciding() []StatementRef {
	if r.Decision == ImplicitlyDenied {
		return nil
	}
	var refs []StatementRef
	for _, l := range r.Layers {
		if l.Decision == r.Decision {
			refs = append(refs, l.Deciding...)
		}
	}
	return refs
}

// LayerResult is what one layer says on its own.
type LayerResult struct {
	Layer Layer `json:"layer"`
	// Level is the name of the organization's level, for SCPs and RCPs.
	Level    string   `json:"level,omitempty"`
	Decision Decision `json:"decision"`
	// Deciding are the matching statements of the effect that decided.
	Deciding []StatementRef `json:"deciding,omitempty"`
}

// StatementRef points to a statement in a policy.
type StatementRef struct {
	Policy string `json:"policy"`
	Sid    string `json:"sid,omitempty"`
	Index  int    `json:"index"` // counted from 0
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Effect string `json:"effect"`
}

// String gives the place in the form that editors understand.
func (r StatementRef) String() string {
	s := fmt.Sprintf("%s:%d:%d statement %d", r.Policy, r.Line, r.Column, r.Index)
	if r.Sid != "" {
		s += " (" + r.Sid + ")"
	}
	return s + " " + r.Effect
}
