package twin

import (
	"net/url"
	"slices"
	"strings"

	"warden/account"
	"warden/policy"
)

// encoded is a policy document as IAM returns it: URL-encoded by RFC 3986.
// IAM API Reference, GetUserPolicy.
func encoded(document []byte) *string {
	s := strings.ReplaceAll(url.QueryEscape(string(document)), "+", "%20")
	return &s
}

// badPolicy is IAM's answer to a policy that it does not take.
func badPolicy(format string, args ...any) error {
	return fail(400, "MalformedPolicyDocument", format, args...)
}

// parsePut reads a policy that a request brings. check looks for what AWS has
// words of its own for; syntax begins the message about everything else.
func parsePut(name, document, syntax string, check func(*policy.Document) error) (*policy.Document, error) {
	d, err := policy.Parse(name, []byte(document))
	if err == nil {
		return d, check(d)
	}
	if stored, unreadable := policy.ParseStored(name, []byte(document)); unreadable == nil {
		if err := check(stored); err != nil {
			return nil, err
		}
	}
	return nil, badPolicy("%s (%v)", syntax, err)
}

// parseIdentity reads a policy for an identity. The grammar is that of the
// IAM User Guide, "Grammar of the IAM JSON policy language"; the messages are
// those that AWS gives.
func parseIdentity(name, document string) (*policy.Document, error) {
	return parsePut(name, document, "Syntax errors in policy.", checkIdentity)
}

func checkIdentity(d *policy.Document) error {
	for _, s := range d.Statements {
		switch {
		case s.Principals != nil || s.NotPrincipals != nil:
			return badPolicy("Policy document should not specify a principal.")
		case len(s.Actions)+len(s.NotActions) == 0:
			return badPolicy("Policy statement must contain actions.")
		case len(s.Resources)+len(s.NotResources) == 0:
			return badPolicy("Policy statement must contain resources.")
		}
		for _, r := range slices.Concat(s.Resources, s.NotResources) {
			if r != "*" && !strings.HasPrefix(r, "arn:") && !strings.HasPrefix(r, "*") && !strings.HasPrefix(r, "${") {
				return badPolicy("Resource %s must be in ARN format or \"*\".", r)
			}
		}
		if err := checkActions(s); err != nil {
			return err
		}
	}
	return nil
}

func checkActions(s policy.Statement) error {
	for _, a := range slices.Concat(s.Actions, s.NotActions) {
		if a == "*" {
			continue
		}
		if service, name, ok := strings.Cut(a, ":"); !ok || service == "" || name == "" {
			return badPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	return nil
}

// parseTrust reads a role's trust policy and puts ids for the principals that
// it names.
func (s *state) parseTrust(document string) ([]byte, error) {
	if _, err := parsePut("AssumeRolePolicyDocument", document, "This policy contains invalid Json", checkTrust); err != nil {
		return nil, err
	}
	stored, err := s.storeTrust([]byte(document))
	if err != nil {
		return nil, badPolicy("%s", err.Error())
	}
	return stored, nil
}

func checkTrust(d *policy.Document) error {
	for _, s := range d.Statements {
		switch {
		case s.Resources != nil || s.NotResources != nil:
			return badPolicy("Has prohibited field Resource")
		case len(s.Principals)+len(s.NotPrincipals) == 0:
			return badPolicy("Missing required field Principal")
		case len(s.Actions)+len(s.NotActions) == 0:
			return badPolicy("Missing required field Action")
		}
		for _, a := range s.Actions {
			if !strings.HasPrefix(strings.ToLower(a), "sts:") && a != "*" {
				return badPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
		for _, p := range slices.Concat(s.Principals, s.NotPrincipals) {
			if p.Type == "AWS" && !knownForm(p.Value) {
				return badPolicy("%s", (&unknownPrincipal{p.Value}).Error())
			}
		}
	}
	return nil
}

// knownForm reports whether value is a principal of an AWS account by form.
func knownForm(value string) bool {
	if value == "*" || uniqueID.MatchString(value) || isAccountID(value) {
		return true
	}
	a, err := account.ParseARN(value)
	return err == nil && (a.Service == "iam" || a.Service == "sts") && isAccountID(a.Account)
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// policyARN checks the form of a managed policy's ARN.
func policyARN(arn string) (account.ARN, error) {
	a, err := account.ParseARN(arn)
	if err != nil || a.Service != "iam" || a.Type() != "policy" {
		return a, refuse(400, "ValidationError", "ARN %s is not valid.", arn)
	}
	return a, nil
}
