package detect

import (
	"warden/finding"
)

var cloudtrailStop = Detection{
	ID:         "cloudtrail.logging.stop",
	Title:      "Trail stopped or deleted",
	Why:        "Nothing that follows is recorded, and the guard goes blind.",
	Techniques: []string{"T1562.008"},
	Severity:   finding.Critical,
	Events:     on("cloudtrail", "StopLogging", "DeleteTrail", "DeleteEventDataStore"),
	Hits: []Example{
		{Call: "cloudtrail:StopLogging"},
		{Call: "cloudtrail:DeleteTrail"},
	},
	Misses: []Example{
		{Call: "cloudtrail:StartLogging"},
	},
}
