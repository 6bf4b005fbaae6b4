package lint

// Check is one thing that can be wrong with a policy.
type Check struct {
	// ID is stable: configurations and reports refer to it.
	ID       string
	Title    string
	Severity Severity
	// Why says what happens to those who leave it as it is.
	Why string
	// Fix says what to do.
	Fix string
	// Source names the page of the AWS documentation.
	Source string
	// Codes are the issue codes of ValidatePolicy that it covers.
	Codes []string
	// Kinds are the kinds of policies that it is for; 0 for all.
	Kinds kinds
	// Match must be found by the check, Pass must not. Tests run them.
	Match, Pass []Example

	run func(*pass)
}

// Example is a policy, as JSON, to show a check.
type Example struct {
	Kind   Kind // Auto finds out
	Policy string
}

// Checks returns all checks in the order of their ids.
func Checks() []*Check { return checks }

// Find returns the check with this id; nil if there is none.
func Find(id string) *Check {
	for _, c := range checks {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// statements makes examples of single statements in a policy with a version.
func statements(kind Kind, list ...string) []Example {
	examples := make([]Example, 0, len(list))
	for _, s := range list {
		examples = append(examples, Example{kind, `{"Version":"2012-10-17","Statement":` + s + `}`})
	}
	return examples
}
