package lint

import (
	"net/netip"
	"strings"

	"warden/policy"
)

var conditionPrivateAddress = &Check{
	ID:       "condition.private-address",
	Title:    "Private addresses never reach AWS",
	Severity: Error,
	Why:      "aws:SourceIp is the public address of the caller, and absent behind a VPC endpoint. A private block never matches: an Allow gives nothing, and a Deny with NotIpAddress denies everybody else and those inside as well.",
	Fix:      "Use aws:VpcSourceIp with aws:SourceVpc for callers through an endpoint, or the public address of the NAT gateway.",
	Source:   "IAM User Guide: AWS global condition context keys: aws:SourceIp, aws:VpcSourceIp",
	Codes:    []string{"PRIVATE_IP_ADDRESS", "PRIVATE_NOT_IP_ADDRESS", "PRIVATE_IP_ADDRESS_SUBSET", "PRIVATE_NOT_IP_ADDRESS_SUBSET"},
	Match:    statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["192.168.1.0/24","198.51.100.0/24"]},"Bool":{"aws:ViaAWSService":"false"}}}`),
	Pass:     statements(Auto, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"},"StringEquals":{"aws:SourceVpc":"vpc-0123456789abcdef0"}}}`),
	run: func(p *pass) {
		p.eachCondition(func(s *statement, c *policy.Condition, o operator) {
			if o.family != "IpAddress" || !strings.EqualFold(c.Key, "aws:SourceIp") {
				return
			}
			var private []int
			for j, v := range c.Values {
				if b, ok := parsePrefix(v); ok && neverPublic(b) {
					private = append(private, j)
				}
			}
			for _, j := range private {
				severity := Error
				if len(private) < len(c.Values) {
					severity = Suggestion // the others still match
				}
				p.reportAs(severity, s.condition(c, j), "%s is private: aws:SourceIp never has such an address", short(c.Values[j]))
			}
		})
	},
}

// shared is the space for carriers, RFC 6598.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// neverPublic tells whether no public address is in the block.
func neverPublic(b netip.Prefix) bool {
	a := b.Masked().Addr()
	private := a.IsPrivate() && (a.Is6() && b.Bits() >= 7 || a.As4()[0] == 10 && b.Bits() >= 8 || a.Is4() && a.As4()[0] == 172 && b.Bits() >= 12 || a.Is4() && a.As4()[0] == 192 && b.Bits() >= 16)
	return private || a.IsLoopback() || a.IsLinkLocalUnicast() && b.Bits() >= 10 || shared.Contains(a) && b.Bits() >= 10
}
