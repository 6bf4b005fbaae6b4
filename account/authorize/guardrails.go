package authorize

import (
	"warden/account"
	"warden/policy"
)

// guardrails reads the control policies above the account. Organizations User
// Guide, "SCP evaluation" and "Resource control policies (RCPs)": an SCP binds
// every user and role of a member account, but not those of the management
// account, nor service-linked roles. The engine knows these exceptions.
func (b *builder) guardrails() {
	s, a := b.snapshot, b.a
	a.management = s.Organization != nil && s.Organization.Value.ManagementAccount == s.Account
	if s.Guardrails == nil {
		return
	}
	for _, level := range s.Guardrails.Value {
		if level.SCPs != nil {
			a.scps = append(a.scps, b.level(level, level.SCPs))
		}
		if level.RCPs != nil {
			a.rcps = append(a.rcps, b.level(level, level.RCPs))
		}
	}
}

func (b *builder) level(l account.GuardrailLevel, policies []account.Guardrail) policy.Level {
	out := policy.Level{Name: l.Kind + " " + l.ID}
	for _, p := range policies {
		name := "the control policy " + p.Name + " (" + p.ID + ") of " + l.ID
		d := b.compile(name, p.Document)
		if d == nil {
			b.a.unread = append(b.a.unread, b.broken[name])
			continue
		}
		out.Policies = append(out.Policies, d.Document)
		b.a.guards = append(b.a.guards, d)
	}
	return out
}
