package detect

import (
	"warden/finding"
)

var cloudtrailChange = Detection{
	ID:         "cloudtrail.trail.change",
	Title:      "Trail narrowed",
	Why:        "A trail of fewer events or regions, or into another bucket, hides what follows.",
	Techniques: []string{"T1562.008"},
	Severity:   finding.High,
	Events:     on("cloudtrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"),
	Hits: []Example{
		{Call: "cloudtrail:PutEventSelectors"},
		{Call: "cloudtrail:UpdateTrail"},
	},
	Misses: []Example{
		{Call: "cloudtrail:GetEventSelectors"},
	},
}
