package detect

import (
	"warden/finding"
	"warden/trail"
)

var stackCut = Detection{
	ID:         "cloudformation.stack.cut",
	Title:      "Stack of warden's deleted, or its protection lifted",
	Why:        "Takes the whole guard away by one call.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.High,
	Events:     on("cloudformation", "DeleteStack", "UpdateTerminationProtection"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		return ofWarden(e) && !requestSays(e, true, "enableTerminationProtection")
	},
	Hits: []Example{
		{Call: "cloudformation:DeleteStack", Request: `{"stackName":"warden-guard"}`},
		{Call: "cloudformation:UpdateTerminationProtection", Request: `{"stackName":"Warden","enableTerminationProtection":false}`},
	},
	Misses: []Example{
		{Call: "cloudformation:DeleteStack", Request: `{"stackName":"checkout"}`},
		{Call: "cloudformation:UpdateTerminationProtection", Request: `{"stackName":"warden-guard","enableTerminationProtection":true}`},
	},
}
