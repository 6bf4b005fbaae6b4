package detect

import (
	"warden/finding"
)

var lambdaFunctionCreate = Detection{
	ID:         "lambda.function.create",
	Title:      "Lambda function created",
	Why:        "Code that runs with the permissions of the role passed to it.",
	Techniques: []string{"T1648"},
	Severity:   finding.Low,
	Events:     on("lambda", "CreateFunction2*"),
	Hits: []Example{
		{Call: "lambda:CreateFunction20150331", By: "role"},
	},
	Misses: []Example{
		{Call: "lambda:CreateFunctionUrlConfig", By: "role"},
		{Call: "lambda:ListFunctions20150331", By: "role"},
	},
}
