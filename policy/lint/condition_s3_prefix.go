package lint

import (
	"strings"

	"warden/policy"
)

var conditionS3Prefix = &Check{
	ID:       "condition.s3-prefix",
	Title:    "A forbidden prefix can still be listed",
	Severity: Security,
	Why:      "s3:prefix is what the caller asks for. Who asks with a shorter one (priv for private/) does not meet the condition, and gets the names all the same.",
	Fix:      "Allow with StringLike the prefixes that may be listed, or Deny with StringNotLike everything else.",
	Source:   "Amazon S3 User Guide: Bucket policy examples using condition keys",
	Codes:    []string{"S3_PREFIX_IN_NEGATIVE_CONTEXT"},
	Match: statements(Auto,
		`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:prefix":"private/*"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringNotLike":{"s3:prefix":"private/*"}}}`),
	Pass: statements(Auto,
		`{"Effect":"Deny","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringNotLike":{"s3:prefix":"public/*"}}}`,
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:prefix":"public/*"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if strings.EqualFold(c.Key, "s3:prefix") && o.family == "String" && (s.allow && o.negated || s.deny && !o.negated) {
				p.report(s.condition(c, -1), "a request with a shorter prefix passes, and lists %s", short(names(c.Values)))
			}
		})
	},
}
