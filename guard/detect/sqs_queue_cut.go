package detect

import (
	"warden/finding"
)

var sqsQueueCut = Detection{
	ID:         "sqs.queue.cut",
	Title:      "Queue purged or deleted",
	Why:        "Events that wait for the guard are lost.",
	Techniques: []string{"T1562.001"},
	Severity:   finding.Medium,
	Events:     on("sqs", "PurgeQueue", "DeleteQueue"),
	Hits: []Example{
		{Call: "sqs:PurgeQueue"},
		{Call: "sqs:DeleteQueue"},
	},
	Misses: []Example{
		{Call: "sqs:DeleteMessage"},
	},
}
