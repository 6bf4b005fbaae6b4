package twin

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// getAccountPasswordPolicy: an account that has set none answers with an
// error. IAM API Reference, GetAccountPasswordPolicy.
func getAccountPasswordPolicy(c *call, _ *iam.GetAccountPasswordPolicyInput) (*iam.GetAccountPasswordPolicyOutput, error) {
	p := c.state.belongings.passwordPolicy
	if p == nil {
		return nil, fail(404, "NoSuchEntity", "The Password Policy with domain name %s cannot be found.", c.state.account)
	}
	return &iam.GetAccountPasswordPolicyOutput{PasswordPolicy: ptr(*p)}, nil
}

// updateAccountPasswordPolicy replaces the whole policy: what the request
// leaves out gets its default. IAM API Reference, UpdateAccountPasswordPolicy.
func updateAccountPasswordPolicy(c *call, in *iam.UpdateAccountPasswordPolicyInput) (*iam.UpdateAccountPasswordPolicyOutput, error) {
	p := &types.PasswordPolicy{
		AllowUsersToChangePassword: in.AllowUsersToChangePassword, HardExpiry: in.HardExpiry,
		MinimumPasswordLength: in.MinimumPasswordLength, PasswordReusePrevention: in.PasswordReusePrevention,
		RequireLowercaseCharacters: in.RequireLowercaseCharacters, RequireNumbers: in.RequireNumbers,
		RequireSymbols: in.RequireSymbols, RequireUppercaseCharacters: in.RequireUppercaseCharacters,
	}
	if p.MinimumPasswordLength == nil {
		p.MinimumPasswordLength = ptr(int32(6))
	}
	if p.HardExpiry == nil {
		p.HardExpiry = ptr(false)
	}
	if in.MaxPasswordAge != nil && *in.MaxPasswordAge > 0 {
		p.MaxPasswordAge, p.ExpirePasswords = in.MaxPasswordAge, true
	}
	c.state.belongings.passwordPolicy = p
	return &iam.UpdateAccountPasswordPolicyOutput{}, nil
}

func deleteAccountPasswordPolicy(c *call, _ *iam.DeleteAccountPasswordPolicyInput) (*iam.DeleteAccountPasswordPolicyOutput, error) {
	if c.state.belongings.passwordPolicy == nil {
		return nil, fail(404, "NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.")
	}
	c.state.belongings.passwordPolicy = nil
	return &iam.DeleteAccountPasswordPolicyOutput{}, nil
}

// checkPassword applies the account's policy, or, where it has set none, AWS's
// own: eight characters of three kinds, and not the name. IAM User Guide, "Set
// an account password policy for IAM users".
func (c *call) checkPassword(u *user, password string) error {
	const upper, lower, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
	bad := func(format string, args ...any) error { return fail(400, "PasswordPolicyViolation", format, args...) }
	symbols := strings.IndexFunc(password, func(r rune) bool { return !strings.ContainsRune(upper+lower+digits, r) }) >= 0
	kinds := []struct {
		has      bool
		required func(*types.PasswordPolicy) bool
		name     string
	}{
		{strings.ContainsAny(password, upper), func(p *types.PasswordPolicy) bool { return p.RequireUppercaseCharacters }, "uppercase letter"},
		{strings.ContainsAny(password, lower), func(p *types.PasswordPolicy) bool { return p.RequireLowercaseCharacters }, "lowercase letter"},
		{strings.ContainsAny(password, digits), func(p *types.PasswordPolicy) bool { return p.RequireNumbers }, "number"},
		{symbols, func(p *types.PasswordPolicy) bool { return p.RequireSymbols }, "symbol"},
	}
	length := 8
	p := c.state.belongings.passwordPolicy
	if p != nil {
		length = int(*p.MinimumPasswordLength)
	}
	if len(password) < length {
		return bad("Password should have a minimum length of %d", length)
	}
	if p != nil {
		for _, k := range kinds {
			if k.required(p) && !k.has {
				return bad("Password should have at least one %s", k.name)
			}
		}
		return nil
	}
	n := 0
	for _, k := range kinds {
		if k.has {
			n++
		}
	}
	switch {
	case n < 3:
		return bad("Password should contain at least three of: uppercase letters, lowercase letters, numbers, symbols")
	case fold(password) == fold(u.Name):
		return bad("Password should not be the user name")
	}
	return nil
}
