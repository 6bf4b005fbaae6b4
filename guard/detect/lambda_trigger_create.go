package detect

import (
	"warden/finding"
)

var lambdaTriggerCreate = Detection{
	ID:         "lambda.trigger.create",
	Title:      "Trigger or permission added to a Lambda function",
	Why:        "Lets an event or another account run the function.",
	Techniques: []string{"T1546", "T1648"},
	Severity:   finding.Low,
	Events:     on("lambda", "CreateEventSourceMapping*", "AddPermission2*", "CreateFunctionUrlConfig"),
	Hits: []Example{
		{Call: "lambda:CreateEventSourceMapping20150331"},
		{Call: "lambda:AddPermission20150331v2"},
	},
	Misses: []Example{
		{Call: "lambda:ListEventSourceMappings20150331"},
	},
}
