// Package policy answers one question: may this principal do that to this
// resource, and which statements say so?
//
// A [Document] is parsed once ([Parse] for what a person wrote, [ParseStored]
// for what AWS returned), compiled on the way, immutable afterwards and safe
// for concurrent use. [Evaluate] combines the documents that apply to one
// [Request] as the IAM User Guide describes in "Policy evaluation logic" and
// names the deciding statement of each layer; [Decide] runs the same code and
// returns only the decision, without allocating.
//
// The package is pure: it reads no file, no clock and no environment, and
// takes the request context as complete, deriving no key from another. What
// cannot be judged with certainty is denied and reported in [Result].Unknown.
package policy

// Document is one policy.
type Document struct {
	// Name is what the caller of Parse chose to call it: a file, an ARN.
	Name string
	// Version is the Version element, "" where the policy has none; then
	// the rules of 2008-10-17 hold (IAM User Guide, "IAM JSON policy
	// elements: Version").
	Version    string
	ID         string
	Statements []Statement
	// Defects are what Parse would have refused.
	Defects []Defect

	compiled []statement
}

// Statement is one statement as it was written. A nil list means that the
// element is absent.
type Statement struct {
	Sid    string
	Effect string // "Allow" or "Deny"

	Principals, NotPrincipals []PrincipalEntry
	Actions, NotActions       []string
	Resources, NotResources   []string
	Conditions                []Condition

	// Line and Column say where the statement begins, counted from 1.
	Line, Column int
}

// PrincipalEntry is one value of a Principal or NotPrincipal element. The
// bare "*" has the type "*".
type PrincipalEntry struct {
	Type  string // "AWS", "Service", "Federated", "CanonicalUser", "*"
	Value string
}

// Condition is one operator applied to one key. Numbers and booleans are kept
// as the text that was written.
type Condition struct {
	Operator string   `json:"operator"` // as written, for example "ForAnyValue:StringLikeIfExists"
	Key      string   `json:"key"`      // as written; compared without regard to case
	Values   []string `json:"values"`
}

// Defect is something in a stored policy that AWS's grammar does not allow,
// so that nobody can be sure how AWS evaluates it.
type Defect struct {
	Line, Column int
	// Statement is the index of the statement, -1 for the whole document.
	Statement int
	Message   string
}
