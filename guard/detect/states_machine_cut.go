package detect

import (
	"warden/finding"
)

var statesMachineCut = Detection{
	ID:         "states.machine.cut",
	Title:      "State machine deleted or changed, or its execution stopped",
	Why:        "May be the workflow that contains callers: stopped before it acts, or made to do nothing.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("states", "DeleteStateMachine", "UpdateStateMachine", "StopExecution"),
	Hits: []Example{
		{Call: "states:StopExecution", Request: `{"executionArn":"arn:aws:states:us-east-1:111122223333:execution:warden-guard:a"}`},
		{Call: "states:UpdateStateMachine"},
		{Call: "states:DeleteStateMachine"},
	},
	Misses: []Example{
		{Call: "states:StartExecution"},
		{Call: "states:DescribeStateMachine"},
	},
}
