package detect

import (
	"warden/finding"
)

var eventsRuleCut = Detection{
	ID:         "events.rule.cut",
	Title:      "EventBridge rule disabled, deleted or emptied",
	Why:        "May be the rule that feeds the guard.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("events", "DisableRule", "DeleteRule", "RemoveTargets"),
	Hits: []Example{
		{Call: "events:DisableRule", Request: `{"name":"guard"}`},
		{Call: "events:RemoveTargets"},
	},
	Misses: []Example{
		{Call: "events:EnableRule"},
	},
}
