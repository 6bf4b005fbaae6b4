package lint

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"

	"warden/policy"
)

var conditionValue = &Check{
	ID:       "condition.value",
	Title:    "The operator cannot read the value",
	Severity: Error,
	Why:      "The condition never holds (a negated one always), or AWS refuses the policy.",
	Fix:      "Write true or false for Bool and Null, digits for numbers, 2030-01-31T00:00:00Z for dates, an address or a CIDR block for addresses.",
	Source:   "IAM User Guide: IAM JSON policy elements: Condition operators",
	Codes:    []string{"TYPE_MISMATCH_STRING", "TYPE_MISMATCH_IP_RANGE", "TYPE_MISMATCH_BOOLEAN", "TYPE_MISMATCH_NUMBER", "TYPE_MISMATCH_DATE", "INVALID_CONDITION_DATA_TYPE"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"yes"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/33"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"31.1.2030"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"NumericLessThan":{"s3:max-keys":"ten"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},"IpAddress":{"aws:SourceIp":["2001:db8::/32","198.51.100.7"]},"DateLessThan":{"aws:CurrentTime":"2030-01-31T00:00:00Z"},"Null":{"aws:TokenIssueTime":"false"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			for j, v := range c.Values {
				if isOpen(v) || hasVariable(v) {
					continue
				}
				if !readable(o.family, v) {
					p.report(s.condition(c, j), "%s cannot read %q as %s", c.Operator, short(v), wanted[o.family])
				}
			}
		})
	},
}

var wanted = map[string]string{
	"Bool": "true or false", "Null": "true or false", "Numeric": "a number", "Date": "a date", "IpAddress": "an address or CIDR block", "Binary": "base64",
}

var (
	numberForm = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	dateForm   = regexp.MustCompile(`^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$`)
)

// readable tells whether an operator can read a value of a policy.
func readable(family, v string) bool {
	switch family {
	case "Bool", "Null":
		return strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	case "Numeric":
		return numberForm.MatchString(v)
	case "Date":
		return dateForm.MatchString(v) || numberForm.MatchString(v)
	case "IpAddress":
		_, ok := parsePrefix(v)
		return ok
	case "Binary":
		_, err := base64.StdEncoding.DecodeString(v)
		return err == nil
	}
	return true
}

// parsePrefix reads an address or a CIDR block as it is written.
func parsePrefix(v string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(v); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(v)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
