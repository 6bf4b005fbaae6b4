package reason

import (
	"net/netip"
	"slices"
	"strings"

	"warden/policy"
)

// outsiders leaves only callers of whom the policy names nothing, and asks
// that the context keys which count as naming somebody have values that the
// policy does not fix.
//
// Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage",
// section "The meaning of 'public'": a policy is not public if it grants access
// "only to fixed values (values that don't contain a wildcard or an AWS
// Identity and Access Management Policy Variable)" of the keys below, to fixed
// principals, or to address ranges that are not very broad.
func (p *problem) outsiders() {
	stranger := freshAccount(p.census.accounts)
	p.classes = slices.DeleteFunc(p.classes, func(c class) bool {
		return c.caller.Type != policy.Anonymous && (c.caller.Account != stranger || !c.generic || c.caller.CanonicalID != "")
	})
	for i, k := range p.keys {
		fixed, ok := naming[k.name]
		if !ok {
			continue
		}
		if f := k.fixed(fixed); f != nil {
			p.pins[i] = p.pins[i].and(fact{out: f})
		}
	}
}

// naming are the keys whose fixed values name somebody, with what else than a
// value without wildcards is fixed. The organization keys of the page are
// extended to paths below a fixed organization, and to those of the source.
var naming = map[string]func(*pattern) bool{
	"aws:sourceip":              nil,
	"aws:sourcearn":             nil,
	"aws:sourcevpc":             nil,
	"aws:sourcevpce":            nil,
	"aws:sourceowner":           nil,
	"aws:sourceaccount":         nil,
	"aws:sourceorgid":           nil,
	"aws:sourceorgpaths":        fixedBefore('/'),
	"aws:principalorgid":        nil,
	"aws:principalorgpaths":     fixedBefore('/'),
	"aws:userid":                fixedBefore(':'),
	"s3:dataaccesspointarn":     fixedAccount,
	"s3:dataaccesspointaccount": nil,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": nil,
}

// fixedBefore tells whether a pattern has no wildcard before the separator:
// the session of a fixed role, or a part of a fixed organization.
func fixedBefore(separator rune) func(*pattern) bool {
	return func(p *pattern) bool { return strings.ContainsRune(p.prefix, separator) }
}

// fixedAccount tells whether an ARN's account has no wildcard: "this value can
// contain a wildcard for the access point name without rendering the policy
// public, as long as the account ID is fixed".
func fixedAccount(p *pattern) bool {
	parts := strings.Split(p.prefix, ":")
	return len(parts) > 5 && parts[4] != ""
}

// fixed is a condition that matches the values which the policy fixes; nil if
// it fixes none.
func (k *key) fixed(also func(*pattern) bool) *condition {
	var patterns []pattern
	var blocks []netip.Prefix
	for _, c := range k.conds {
		for _, b := range c.prefixes {
			if narrow(b) {
				blocks = append(blocks, b)
			}
		}
		if c.list == nil {
			continue
		}
		for _, p := range c.list.patterns {
			if p.opaque == nil && (p.isLiteral || !wild(&p) || also != nil && also(&p)) {
				patterns = append(patterns, p)
			}
		}
	}
	switch {
	case len(blocks) > 0:
		return &condition{op: policy.Operator{Family: policy.FamilyIP}, prefixes: blocks}
	case len(patterns) > 0:
		return textCondition(patterns)
	}
	return nil
}

// wild tells whether a pattern has wildcards.
func wild(p *pattern) bool {
	return slices.ContainsFunc(p.elements, func(e element) bool { return e.kind != letter })
}

// narrow tells whether a range of addresses is not "very broad": "This
// includes values broader than /8 for IPv4 and /32 for IPv6 (excluding RFC1918
// private ranges)". The private ranges are /8 and narrower anyway.
func narrow(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() >= 8
	}
	return p.Bits() >= 32
}
