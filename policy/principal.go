package policy

import "strings"

// principalKind is what a value of a Principal element names.
type principalKind uint8

const (
	anyone principalKind = iota
	wholeAccount
	oneARN
	serviceName
	provider
	canonicalUser
	nobody // a unique id: the principal was deleted
)

// principalPattern is one value of a Principal element, compiled.
type principalPattern struct {
	kind principalKind
	text string // the account id, the ARN, or the name
}

// compilePrincipal reads one value. IAM User Guide, "AWS JSON policy elements:
// Principal".
func compilePrincipal(p PrincipalEntry) principalPattern {
	switch p.Type {
	case "*":
		return principalPattern{kind: anyone}
	case "Service":
		return principalPattern{serviceName, p.Value}
	case "Federated":
		return principalPattern{provider, p.Value}
	case "CanonicalUser":
		return principalPattern{canonicalUser, p.Value}
	}
	if p.Value == "*" {
		return principalPattern{kind: anyone}
	}
	if isAccountID(p.Value) {
		return principalPattern{wholeAccount, p.Value}
	}
	if arn, ok := splitARN(p.Value); ok {
		if arn[2] == "iam" && arn[5] == "root" {
			return principalPattern{wholeAccount, arn[4]}
		}
		return principalPattern{oneARN, p.Value}
	}
	return principalPattern{nobody, p.Value}
}

// grant is how a resource policy names the caller, which decides what else
// must allow.
type grant uint8

const (
	// toCaller names the very user or session, or everyone.
	toCaller grant = 1 << iota
	// toParent names the role of a session, or the user behind a federated
	// session.
	toParent
	// toAccount names the account, which delegates to its identity policies.
	toAccount
)

// names tells how p names the caller of the request; 0 if it does not.
func (p *principalPattern) names(c *Principal) grant {
	switch p.kind {
	case anyone:
		return toCaller | toParent | toAccount
	case wholeAccount:
		if p.text == c.Account {
			if c.Type == Root {
				return toCaller
			}
			return toAccount
		}
	case oneARN:
		switch p.text {
		case "":
		case c.ARN:
			return toCaller
		case c.RoleARN, c.UserARN:
			return toParent
		}
	case serviceName:
		if c.Type == Service && p.text == c.ARN {
			return toCaller
		}
	case provider:
		if c.Type == Federated && p.text == c.ARN {
			return toCaller
		}
	case canonicalUser:
		if c.CanonicalID != "" && p.text == c.CanonicalID {
			return toAccount
		}
	}
	return 0
}

// matchesPrincipal tells how the statement names the caller; 0 if it does not.
func (s *statement) matchesPrincipal(e *evaluation) grant {
	var g grant
	for i := range s.principals {
		g |= s.principals[i].names(&e.caller)
	}
	if !s.notPrincipal {
		return g
	}
	if s.deny {
		return e.notPrincipalDenies(g)
	}
	if g != 0 {
		return 0
	}
	return toCaller
}

// notPrincipalDenies tells whether a Deny with NotPrincipal hits the caller,
// of whom the element lists g.
//
// IAM User Guide, "AWS JSON policy elements: NotPrincipal": the account must
// be listed beside the user; for a session the account, the role and the
// session. Where only some are listed AWS "might deny access to the entire
// account", depending on the service, so that is in doubt. Such a statement
// always denies a principal that has a permissions boundary (the same page in
// later editions), whatever it lists.
func (e *evaluation) notPrincipalDenies(g grant) grant {
	need := toCaller
	switch e.caller.Type {
	case User:
		need = toCaller | toAccount
	case Session:
		need = toCaller | toParent | toAccount
	case Federated:
		if e.caller.Account != "" {
			need = toCaller | toParent | toAccount
		}
	}
	switch {
	case g == 0 || e.hasBoundary():
		return toCaller
	case g&need == need:
		return 0
	}
	e.doubt(func() string {
		return "NotPrincipal lists " + e.caller.ARN + " in part: it must list the account, the role or user, and the session"
	})
	if e.optimistic {
		return 0
	}
	return toCaller
}

// checkPrincipal says what is wrong with a value of a Principal element.
func checkPrincipal(kind, v string) string {
	switch {
	case v == "*" && kind == "AWS":
		return ""
	case strings.ContainsAny(v, "*?"):
		return "a principal takes no wildcard within a name; only \"*\" alone, for AWS"
	case kind != "AWS":
		if v == "" {
			return "the name is empty"
		}
		return ""
	case isAccountID(v) || isUniqueID(v):
		return ""
	}
	arn, ok := splitARN(v)
	if !ok || arn[2] != "iam" && arn[2] != "sts" || !isAccountID(arn[4]) {
		return "an AWS principal is an account id, \"*\", or an ARN of IAM or STS"
	}
	return ""
}

func isAccountID(s string) bool { return len(s) == 12 && allDigits(s) }

// isUniqueID tells whether s looks like AIDA… or AROA…: AWS shows that where a
// principal was deleted (IAM User Guide, "IAM identifiers: Unique identifiers").
func isUniqueID(s string) bool {
	if len(s) < 16 || len(s) > 128 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if b := s[i]; (b < 'A' || b > 'Z') && (b < '0' || b > '9') {
			return false
		}
	}
	return true
}
