package detect

import (
	"warden/finding"
)

var snsTopicCut = Detection{
	ID:         "sns.topic.cut",
	Title:      "Notification topic or subscription deleted",
	Why:        "Alarms no longer reach anybody.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("sns", "Unsubscribe", "DeleteTopic"),
	Hits: []Example{
		{Call: "sns:Unsubscribe"},
		{Call: "sns:DeleteTopic"},
	},
	Misses: []Example{
		{Call: "sns:Subscribe"},
	},
}
