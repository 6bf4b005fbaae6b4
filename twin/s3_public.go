package twin

import (
	"net/netip"
	"slices"
	"strings"

	"warden/policy"
)

// publicPolicy tells whether S3 calls a bucket policy public: it lets in more
// than fixed principals, and no condition on a fixed value narrows that.
// Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage",
// The meaning of "public".
func publicPolicy(d *policy.Document) bool {
	return slices.ContainsFunc(d.Statements, func(s policy.Statement) bool {
		return s.Effect == "Allow" && (len(s.NotPrincipals) > 0 || slices.ContainsFunc(s.Principals, anyone)) && !slices.ContainsFunc(s.Conditions, narrows)
	})
}

func anyone(p policy.PrincipalEntry) bool { return p.Type == "*" || p.Type == "AWS" && p.Value == "*" }

// narrowing are the condition keys that make a policy not public when their
// values are fixed.
var narrowing = []string{
	"aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:principalorgid", "aws:principalorgpaths",
	"aws:principalarn", "aws:principalaccount", "aws:userid", "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

func narrows(c policy.Condition) bool {
	key := strings.ToLower(c.Key)
	if len(c.Values) == 0 {
		return false
	}
	switch c.Operator {
	case "IpAddress":
		return key == "aws:sourceip" && !slices.ContainsFunc(c.Values, broad)
	case "StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnEquals", "ArnLike":
	default:
		return false // negated, only if the key is there, or of another kind
	}
	if !slices.Contains(narrowing, key) {
		return false
	}
	return !slices.ContainsFunc(c.Values, func(v string) bool {
		switch key {
		case "s3:dataaccesspointarn": // the account must be fixed
			parts := strings.SplitN(v, ":", 6)
			return len(parts) < 6 || strings.ContainsAny(parts[4], "*?$") || parts[4] == ""
		case "aws:userid":
			if v = strings.TrimSuffix(v, ":*"); v == "" { // "AROLEID:*" is one role
				return true
			}
		}
		return strings.ContainsAny(v, "*?") || strings.Contains(v, "${")
	})
}

// broad ranges let everybody in: wider than /8 of IPv4 or /32 of IPv6.
func broad(cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		_, err = netip.ParseAddr(cidr)
		return err != nil
	}
	if p.Addr().Is4() {
		return p.Bits() < 8
	}
	return p.Bits() < 32
}
