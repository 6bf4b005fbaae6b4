package lint

import (
	"warden/policy"
	"warden/policy/catalog"
)

var conditionType = &Check{
	ID:       "condition.type",
	Title:    "The operator is not for keys of this type",
	Severity: Warning,
	Why:      "An address compared as text knows no network, a number compared as text no order: 198.51.100.7 does not equal 198.51.100.0/24. The condition holds where it should not, or never.",
	Fix:      "Use the operators of the key's type: String…, Numeric…, Date…, Bool, IpAddress, Arn….",
	Source:   "IAM User Guide: IAM JSON policy elements: Condition operators",
	Codes:    []string{"TYPE_MISMATCH", "TYPE_MISMATCH_BOOLEAN", "TYPE_MISMATCH_DATE", "TYPE_MISMATCH_IP_RANGE", "TYPE_MISMATCH_NUMBER", "INVALID_CONDITION_DATA_TYPE"},
	Match: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceIp":"198.51.100.0/24"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:MultiFactorAuthPresent":"true"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLessThan":{"s3:max-keys":"10"},"Bool":{"s3:max-keys":"10"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"DateLessThan":{"aws:EpochTime":"2030-01-01"},"NumericLessThan":{"aws:EpochTime":"1893456000"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			k := keyOf(c.Key)
			if k == nil || o.family == "Null" || o.family == "" {
				return
			}
			t, ok := k.Type.Element(), false
			switch o.family {
			case "String", "Binary":
				ok = t == catalog.String || t == catalog.ARN
			case "Numeric":
				ok = t == catalog.Numeric || t == catalog.Date
			case "Date":
				ok = t == catalog.Date || t == catalog.Numeric
			case "Bool":
				// Some services document true and false as text.
				ok = t == catalog.Bool || t == catalog.String
			case "IpAddress":
				ok = t == catalog.IPAddress || t == catalog.String
			case "Arn":
				ok = t == catalog.ARN || t == catalog.String
			}
			if !ok {
				p.report(s.condition(c, -1), "%s holds %s, and %s compares %s", k.Name, typeNames[t], c.Operator, familyNames[o.family])
			}
		})
	},
}

var typeNames = map[catalog.KeyType]string{
	catalog.String: "text", catalog.ARN: "ARNs", catalog.Bool: "true or false", catalog.Numeric: "numbers", catalog.Date: "dates", catalog.IPAddress: "addresses",
}

var familyNames = map[string]string{
	"String": "text", "Binary": "bytes", "Numeric": "numbers", "Date": "dates", "Bool": "true or false", "IpAddress": "addresses", "Arn": "ARNs",
}
