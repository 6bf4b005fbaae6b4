package detect

import (
	"warden/finding"
)

var eventsRulePut = Detection{
	ID:         "events.rule.put",
	Title:      "EventBridge rule written",
	Why:        "May narrow the rule that feeds the guard, or run the intruder's code on events.",
	Techniques: []string{"T1546"},
	Severity:   finding.Low,
	Events:     on("events", "PutRule", "PutTargets"),
	Hits: []Example{
		{Call: "events:PutRule"},
	},
	Misses: []Example{
		{Call: "events:ListRules"},
	},
}
