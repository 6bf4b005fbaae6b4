package detect

import (
	"warden/finding"
	"warden/trail"
)

var lambdaInvokeOpen = Detection{
	ID:         "lambda.invoke.open",
	Title:      "Lambda function opened to everybody",
	Why:        "A function that anybody may call is a door that needs no credential.",
	Techniques: []string{"T1098", "T1648"},
	Severity:   finding.High,
	Events:     on("lambda", "AddPermission2*", "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"),
	Match: func(e *trail.Event, _ trail.Actor) bool {
		return e.RequestString("principal") == "*" || e.RequestString("authType") == "NONE"
	},
	Hits: []Example{
		{Call: "lambda:AddPermission20150331v2", Request: `{"principal":"*"}`},
		{Call: "lambda:CreateFunctionUrlConfig", Request: `{"authType":"NONE"}`},
	},
	Misses: []Example{
		{Call: "lambda:AddPermission20150331v2", Request: `{"principal":"s3.amazonaws.com"}`},
		{Call: "lambda:CreateFunctionUrlConfig", Request: `{"authType":"AWS_IAM"}`},
	},
}
