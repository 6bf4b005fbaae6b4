package twin

import (
	"strings"
	"time"

	"warden/policy"
	"warden/twin/wire"
)

// bind puts the organization's policies over a caller. They bind the users,
// roles and root users of member accounts; the management account and
// service-linked roles are exempt, which the policy engine knows from the
// caller (AWS Organizations User Guide, "Service control policies (SCPs)").
// The twin's lock must be held.
func (t *Twin) bind(p *principal, now time.Time) {
	if t.org == nil {
		return
	}
	judged := t.org.judged.at(now)
	if judged.nodes[p.account] == nil {
		return // it has left
	}
	p.caller.InManagementAccount = p.account == t.org.management
	p.policies.SCPs = judged.levels[p.account]
}

// organizationKeys sets the condition keys OrgID and OrgPaths of a caller
// (prefix "aws:principal") or of a resource ("aws:resource"). An account
// outside the organization has none. IAM User Guide, "AWS global condition
// context keys". The twin's lock must be held.
func (t *Twin) organizationKeys(ctx policy.Context, prefix, account string, now time.Time) {
	if t.org == nil {
		return
	}
	path, ok := t.org.judged.at(now).paths[account]
	if !ok {
		delete(ctx, prefix+"orgid")
		delete(ctx, prefix+"orgpaths")
		return
	}
	ctx[prefix+"orgid"] = policy.One(t.org.id)
	ctx[prefix+"orgpaths"] = policy.Many(path)
}

// whichSCP names the service control policy that denies; AWS has done so since
// 2026 (seen in messages that people have published).
func whichSCP(l policy.LayerResult) string {
	if l.Layer != policy.LayerSCP || len(l.Deciding) == 0 || !strings.HasPrefix(l.Deciding[0].Policy, "arn:") {
		return ""
	}
	return ": " + l.Deciding[0].Policy
}

// appendReason appends the members that Organizations has in its errors.
func appendReason(buf []byte, e *apiError) []byte {
	buf = append(buf, `,"Message":`...)
	buf = wire.AppendString(buf, e.Message)
	if e.reason != "" {
		buf = append(buf, `,"Reason":`...)
		buf = wire.AppendString(buf, e.reason)
	}
	return buf
}
