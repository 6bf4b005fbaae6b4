package detect

// Example is an event in short, for the tests of a detection.
type Example struct {
	// Call is service and name: "iam:CreateUser".
	Call string
	// By is the kind of caller: "user" (the user mallory, and what "" means),
	// "session" (mallory's session), "role", "sso", "root" or "other" (an
	// account that the trail does not name).
	By string
	// Request, Response and Additional are JSON; "" means null.
	Request, Response, Additional string
	// Error is the errorCode.
	Error     string
	UserAgent string
}
