package audit

import (
	"warden/account"
	"warden/finding"
)

var securityHub = Control{
	ID:       "securityhub.enabled",
	Title:    "Security Hub is on in every region",
	Why:      "Findings of many services are seen only where somebody looks.",
	Source:   "AWS Security Hub User Guide: Enabling Security Hub CSPM; AWS Security Hub API Reference: DescribeHub",
	Severity: finding.Low,
	Actions:  []string{"securityhub:DescribeHub"},
	Remedy:   "Enable it, for an organisation from its delegated administrator.",
	Judge: func(e *Evidence) []Answer {
		return e.inEveryRegion("Security Hub", []string{"securityhub:DescribeHub"}, func(r *account.Region) Answer {
			h := r.SecurityHub
			if h == nil {
				return e.regionUnknown(r, "whether Security Hub is on", "securityhub:DescribeHub")
			}
			a := Answer{Status: finding.Pass, Summary: "Security Hub is on", Facts: []finding.Fact{fact(h.Evidence, "enabled %v", h.Value.Enabled)}}
			if !h.Value.Enabled {
				a.Status, a.Summary, a.Command = finding.Fail, "Security Hub is off", "aws securityhub enable-security-hub --region "+r.Name
			}
			return a
		})
	},
}
