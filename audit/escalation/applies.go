package escalation

import (
	"strings"

	"warden/account"
)

// editable: roles of services and of Identity Center cannot be changed. IAM
// User Guide, "Service-linked roles"; IAM Identity Center User Guide,
// "Referencing permission sets in resource policies".
func editable(_ *search, t *node) (bool, string) {
	return !strings.HasPrefix(t.role.Path, "/aws-service-role/") && !strings.HasPrefix(t.role.Path, "/aws-reserved/"), ""
}

// keyPlace: a user has two access keys at most. IAM User Guide, "IAM and AWS
// STS quotas".
func keyPlace(s *search, t *node) (bool, string) {
	keys, known := len(t.user.AccessKeys), t.user.AccessKeys != nil
	if row, ok := s.snapshot.CredentialReport.Row(t.Name); ok && !known {
		known = true
		for _, k := range row.Keys {
			if k.Exists() {
				keys++
			}
		}
	}
	if !known {
		return true, "the user has fewer than two access keys"
	}
	return keys < 2, ""
}

// password tells whether a user has one.
func password(s *search, t *node) (has, known bool) {
	if t.user.LoginProfile != nil {
		return true, true
	}
	if row, ok := s.snapshot.CredentialReport.Row(t.Name); ok && (row.PasswordEnabled.Yes() || row.PasswordEnabled.No()) {
		return row.PasswordEnabled.Yes(), true
	}
	// Without a report the absence of a login profile says something only
	// in a snapshot that has some.
	return false, s.profilesKnown
}

func noPassword(s *search, t *node) (bool, string) {
	has, known := password(s, t)
	if !known {
		return true, "the user has no password"
	}
	return !has, ""
}

func hasPassword(s *search, t *node) (bool, string) {
	has, known := password(s, t)
	if !known {
		return true, "the user has a password"
	}
	return has, ""
}

// inProfile: EC2 gives a role to a machine by an instance profile. IAM User
// Guide, "Use instance profiles".
func inProfile(s *search, t *node) (bool, string) {
	if !s.instanceProfilesKnown {
		return true, "an instance profile holds the role"
	}
	return len(t.role.Profiles) > 0, ""
}

func trustsSAML(s *search, t *node) (bool, string) {
	return len(s.providers(t)) > 0, ""
}

// providers are the SAML providers of the account that the role trusts.
func (s *search) providers(t *node) []string {
	d, _ := s.authorizer.Trust(t.ARN)
	if d == nil {
		return nil
	}
	var out []string
	for i := range d.Statements {
		if d.Statements[i].Effect != "Allow" {
			continue
		}
		for _, p := range d.Statements[i].Principals {
			if arn, err := account.ParseARN(p.Value); err == nil && p.Type == "Federated" && arn.Type() == "saml-provider" && arn.Account == s.snapshot.Account {
				out = append(out, p.Value)
			}
		}
	}
	return out
}
