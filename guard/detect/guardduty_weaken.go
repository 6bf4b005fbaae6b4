package detect

import (
	"warden/finding"
)

var guardDutyWeaken = Detection{
	ID:         "guardduty.weaken",
	Title:      "GuardDuty switched off or told to look away",
	Why:        "Threat findings end, or the intruder's address is trusted.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.High,
	Events:     on("guardduty", "DeleteDetector", "UpdateDetector", "StopMonitoringMembers", "DeleteMembers", "DisassociateFromAdministratorAccount", "DisassociateFromMasterAccount", "CreateFilter", "CreateIPSet", "UpdateIPSet", "DeletePublishingDestination"),
	Hits: []Example{
		{Call: "guardduty:DeleteDetector"},
		{Call: "guardduty:CreateIPSet"},
	},
	Misses: []Example{
		{Call: "guardduty:ListDetectors"},
	},
}
