package lint

import (
	"net/netip"
	"strings"

	"warden/policy"
)

var conditionRedundant = &Check{
	ID:       "condition.redundant",
	Title:    "The condition's value is there already",
	Severity: Suggestion,
	Why:      "It changes nothing and counts against the policy's size.",
	Fix:      "Remove it.",
	Source:   "IAM User Guide: IAM policy validation check reference",
	Codes:    []string{"REDUNDANT_CONDITION_VALUE_STRING", "REDUNDANT_CONDITION_VALUE_NUM"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringLike":{"s3:prefix":["a/*","a/b"]}}}`, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["198.51.100.0/24","198.51.100.7"]}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a/*","a/b"]}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			cover := func(a, b string) bool { return a == b }
			switch {
			case o.family == "IpAddress":
				p.redundantNetworks(s, c)
				return
			case o.family == "String" && o.like():
				cover = func(a, b string) bool { return covers(a, b, false) }
			}
			for _, r := range redundancies(c.Values, strings.Contains(o.name, "ignorecase"), cover, p.spend) {
				how := "is included in"
				if r.equal {
					how = "is the same as"
				}
				p.report(s.condition(c, r.index), "%s %s %s", short(c.Values[r.index]), how, short(c.Values[r.by]))
			}
		})
	},
}

// redundantNetworks reports blocks of addresses within others.
func (p *pass) redundantNetworks(s *statement, c *policy.Condition) {
	blocks := make([]netip.Prefix, len(c.Values))
	for j, v := range c.Values {
		if b, ok := parsePrefix(v); ok {
			blocks[j] = b.Masked()
		}
	}
	for j, b := range blocks {
		for i, wide := range blocks {
			if !p.spend(1) {
				return
			}
			if i != j && b.IsValid() && wide.IsValid() && wide.Bits() <= b.Bits() && wide.Contains(b.Addr()) && (wide != b || i < j) {
				p.report(s.condition(c, j), "%s is included in %s", short(c.Values[j]), short(c.Values[i]))
				break
			}
		}
	}
}
