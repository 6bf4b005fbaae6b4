package detect

import (
	"warden/finding"
)

var lambdaCodeUpdate = Detection{
	ID:         "lambda.code.update",
	Title:      "Code or settings of a Lambda function changed",
	Why:        "Runs the intruder's code, or a layer of his, with the function's role.",
	Techniques: []string{"T1648", "T1525"},
	Severity:   finding.Low,
	Events:     on("lambda", "UpdateFunctionCode*", "UpdateFunctionConfiguration*"),
	Hits: []Example{
		{Call: "lambda:UpdateFunctionCode20150331v2"},
		{Call: "lambda:UpdateFunctionConfiguration20150331v2"},
	},
	Misses: []Example{
		{Call: "lambda:GetFunctionConfiguration20150331v2"},
	},
}
