package detect

import (
	"warden/finding"
	"warden/trail"
)

var logsGroupCut = Detection{
	ID:         "logs.group.cut",
	Title:      "Log group deleted, cut short, or its feed cut",
	Why:        "What was seen is gone, or reaches nobody.",
	Techniques: []string{"T1562.008", "T1070"},
	Severity:   finding.Medium,
	Events:     on("logs", "DeleteLogGroup", "DeleteLogStream", "DeleteSubscriptionFilter", "DeleteMetricFilter", "PutRetentionPolicy"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.Name != "PutRetentionPolicy" || ofWarden(e) },
	Hits: []Example{
		{Call: "logs:DeleteLogGroup", Request: `{"logGroupName":"/warden/trail"}`},
		{Call: "logs:DeleteSubscriptionFilter"},
		{Call: "logs:PutRetentionPolicy", Request: `{"logGroupName":"/warden/guard","retentionInDays":1}`},
	},
	Misses: []Example{
		{Call: "logs:CreateLogGroup"},
		{Call: "logs:PutRetentionPolicy", Request: `{"logGroupName":"/aws/lambda/checkout","retentionInDays":30}`},
	},
}
