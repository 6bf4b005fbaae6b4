package lint

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"warden/policy"
)

var sizeQuota = &Check{
	ID:       "size.quota",
	Title:    "The policy is larger than its quota",
	Severity: Error,
	Why:      "AWS refuses to save it.",
	Fix:      "Split it, or shorten it: drop redundant values (--fix), use wildcards where a whole family of actions is meant.",
	Source:   "IAM User Guide: IAM and AWS STS quotas; AWS Organizations User Guide: Quotas for AWS Organizations",
	Codes:    []string{"POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", "POLICY_SIZE_EXCEEDS_SCP_QUOTA", "POLICY_SIZE_EXCEEDS_RCP_QUOTA"},
	Match: []Example{
		{Identity, `{"Version":"2012-10-17","Statement":{"Sid":"` + strings.Repeat("A", 6200) + `","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`},
		{Trust, `{"Version":"2012-10-17","Statement":{"Sid":"` + strings.Repeat("A", 2100) + `","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`},
	},
	Pass: []Example{
		{Identity, `{"Version":"2012-10-17","Statement":` + strings.Repeat(" ", 7000) + `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`},
		{SCP, `{"Version":"2012-10-17","Statement":{"Sid":"` + strings.Repeat("A", 6200) + `","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`},
	},
	run: func(p *pass) {
		q := quota(p.kind, p.options.Holder)
		size := Size(p.doc, p.options.Source)
		if q.characters > 0 && size > q.characters {
			p.report(whole(), "%d characters, the quota is %d for %s", size, q.characters, q.of)
		} else if n := utf8.RuneCount(p.options.Source); (p.kind == SCP || p.kind == RCP) && n > q.characters {
			p.reportAs(Warning, whole(), "%d characters with white space, which Organizations counts unless the console saves the policy; the quota is %d", n, q.characters)
		}
	},
}

// limit is a quota in characters.
type limit struct {
	characters int
	of         string
}

// quota is the largest policy of a kind. Quotas of inline policies are for all
// those of one user, group or role together.
func quota(k Kind, h Holder) limit {
	switch k {
	case Identity, Boundary:
		switch h {
		case InlineUser:
			return limit{2048, "the inline policies of a user"}
		case InlineGroup:
			return limit{5120, "the inline policies of a group"}
		case InlineRole:
			return limit{10240, "the inline policies of a role"}
		}
		return limit{6144, "a managed policy"}
	case Trust:
		return limit{2048, "a trust policy, unless AWS raised it on request"}
	case SCP:
		return limit{10240, "a service control policy"}
	case RCP:
		return limit{5120, "a resource control policy"}
	case Endpoint:
		return limit{20480, "an endpoint policy"}
	}
	// What a service takes differs: 20 KB for a bucket, 32 KB for a key.
	return limit{32768, "any resource policy"}
}

// Size counts characters as the quotas do: white space outside of strings does
// not count. Where the source is not known the policy is printed first.
func Size(doc *policy.Document, source []byte) int {
	if source == nil {
		var err error
		if source, err = doc.MarshalJSON(); err != nil {
			return 0
		}
	}
	n, inString, escaped := 0, false, false
	for _, b := range source {
		switch {
		case b&0xc0 == 0x80: // not the first byte of a character
			continue
		case inString:
			inString = escaped || b != '"'
			escaped = !escaped && b == '\\'
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			continue
		default:
			inString = b == '"'
		}
		n++
	}
	return n
}

// Sum compares the inline policies of one user, group or role with the quota
// for all of them together; "" if they fit.
func Sum(h Holder, sizes ...int) string {
	q, sum := quota(Identity, h), 0
	for _, n := range sizes {
		sum += n
	}
	if h == "" || h == Managed || sum <= q.characters {
		return ""
	}
	return fmt.Sprintf("%d inline policies have %d characters together, the quota is %d for %s", len(sizes), sum, q.characters, q.of)
}
