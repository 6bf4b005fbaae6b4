package detect

import (
	"warden/finding"
	"warden/trail"
)

var wardenPartChange = Detection{
	ID:         "warden.part.change",
	Title:      "Part of warden's changed",
	Why:        "A queue, topic, function or bus of warden's can be made to lose, refuse or leak what it gets, and its code to do nothing.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.High,
	Events: append(append(on("sqs", "SetQueueAttributes", "AddPermission", "RemovePermission"),
		append(on("sns", "SetTopicAttributes", "SetSubscriptionAttributes", "AddPermission", "RemovePermission"), on("events", "RemovePermission")...)...),
		on("lambda", "UpdateFunctionCode*", "UpdateFunctionConfiguration*", "PutFunctionEventInvokeConfig*", "PutRuntimeManagementConfig*")...),
	Match: func(e *trail.Event, _ trail.Actor) bool { return ofWarden(e) },
	Hits: []Example{
		{Call: "sqs:SetQueueAttributes", Request: `{"queueUrl":"https://sqs.us-east-1.amazonaws.com/111122223333/warden-guard","attributes":{"Policy":""}}`},
		{Call: "sns:SetSubscriptionAttributes", Request: `{"subscriptionArn":"arn:aws:sns:us-east-1:111122223333:warden-alerts:b","attributeName":"FilterPolicy"}`},
		{Call: "lambda:UpdateFunctionConfiguration20150331v2", Request: `{"functionName":"arn:aws:lambda:us-east-1:111122223333:function:WARDEN-guard","environment":{}}`},
		{Call: "events:RemovePermission", Request: `{"statementId":"warden-guard-members"}`},
	},
	Misses: []Example{
		{Call: "sqs:SetQueueAttributes", Request: `{"queueUrl":"https://sqs.us-east-1.amazonaws.com/111122223333/orders"}`},
		{Call: "lambda:UpdateFunctionCode20150331v2", Request: `{"functionName":"checkout"}`},
		{Call: "sqs:GetQueueAttributes", Request: `{"queueUrl":"https://sqs.us-east-1.amazonaws.com/111122223333/warden-guard"}`},
	},
}
