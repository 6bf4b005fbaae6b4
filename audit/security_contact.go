package audit

import "warden/finding"

var securityContact = Control{
	ID:       "account.security-contact",
	Title:    "A security contact is registered",
	Why:      "A warning of AWS should reach those who act on it, not those who pay.",
	Source:   "AWS Account Management Reference Guide: Update the alternate contacts; AWS Account Management API Reference: GetAlternateContact",
	Severity: finding.Low,
	Actions:  []string{"account:GetAlternateContact"},
	Remedy:   "Register an address that several people read: aws account put-alternate-contact --alternate-contact-type SECURITY. Whether they still read it, a person must ask.",
	Judge: func(e *Evidence) []Answer {
		c := e.SecurityContact
		if c == nil {
			return []Answer{e.unknown("the alternate contact for security", "account:GetAlternateContact")}
		}
		a := Answer{Status: finding.Pass, Summary: "a security contact is registered", Facts: []finding.Fact{fact(c.Evidence, "alternate contact SECURITY: %v", c.Value.Set)}}
		if !c.Value.Set {
			a.Status, a.Summary = finding.Fail, "no security contact is registered"
		}
		return []Answer{a}
	},
}
