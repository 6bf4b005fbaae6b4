package detect

import (
	"warden/finding"
)

var lambdaFunctionCut = Detection{
	ID:         "lambda.function.cut",
	Title:      "Lambda function deleted or throttled to nothing",
	Why:        "May be the guard itself, or another defender.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("lambda", "DeleteFunction2*", "PutFunctionConcurrency*"),
	Hits: []Example{
		{Call: "lambda:DeleteFunction20150331"},
		{Call: "lambda:PutFunctionConcurrency20171031"},
	},
	Misses: []Example{
		{Call: "lambda:DeleteFunctionUrlConfig"},
	},
}
