package detect

import (
	"warden/finding"
	"warden/trail"
)

var cloudwatchAlarmCut = Detection{
	ID:         "cloudwatch.alarm.cut",
	Title:      "Alarms deleted or silenced",
	Why:        "Nobody hears that a defender is silent. One of warden's own may also be written over.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("monitoring", "DeleteAlarms", "DisableAlarmActions", "PutMetricAlarm"),
	Match:      func(e *trail.Event, _ trail.Actor) bool { return e.Name != "PutMetricAlarm" || ofWarden(e) },
	Hits: []Example{
		{Call: "monitoring:DeleteAlarms", Request: `{"alarmNames":["warden-guard-silence"]}`},
		{Call: "monitoring:DisableAlarmActions"},
		{Call: "monitoring:PutMetricAlarm", Request: `{"alarmName":"warden-guard-errors","threshold":1000000}`},
	},
	Misses: []Example{
		{Call: "monitoring:EnableAlarmActions"},
		{Call: "monitoring:PutMetricAlarm", Request: `{"alarmName":"checkout-latency"}`},
	},
}
