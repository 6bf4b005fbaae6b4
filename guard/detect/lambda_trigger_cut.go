package detect

import (
	"warden/finding"
)

var lambdaTriggerCut = Detection{
	ID:         "lambda.trigger.cut",
	Title:      "Trigger of a Lambda function deleted, changed, or its permission taken away",
	Why:        "The guard gets no events any more, or only those that a filter leaves.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("lambda", "DeleteEventSourceMapping*", "UpdateEventSourceMapping*", "RemovePermission2*"),
	Hits: []Example{
		{Call: "lambda:DeleteEventSourceMapping20150331", Request: `{"uUID":"91eaeb7e-c976-4939-b1b5-0d3b35d8f7a4"}`},
		{Call: "lambda:UpdateEventSourceMapping20150331", Request: `{"uUID":"91eaeb7e-c976-4939-b1b5-0d3b35d8f7a4","enabled":false}`},
		{Call: "lambda:RemovePermission20150331v2", Request: `{"functionName":"warden-guard-sweep"}`},
	},
	Misses: []Example{
		{Call: "lambda:CreateEventSourceMapping20150331"},
		{Call: "lambda:ListEventSourceMappings20150331"},
	},
}
