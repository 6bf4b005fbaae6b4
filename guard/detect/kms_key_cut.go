package detect

import (
	"warden/finding"
)

var kmsKeyCut = Detection{
	ID:         "kms.key.cut",
	Title:      "KMS key disabled or its deletion scheduled",
	Why:        "What the key protects cannot be read or written any more: logs, queues, tables.",
	Techniques: []string{"T1485", "T1562.001"},
	Severity:   finding.Medium,
	Events:     on("kms", "DisableKey", "ScheduleKeyDeletion"),
	Hits: []Example{
		{Call: "kms:DisableKey"},
		{Call: "kms:ScheduleKeyDeletion", Request: `{"keyId":"k","pendingWindowInDays":7}`},
	},
	Misses: []Example{
		{Call: "kms:EnableKey"},
		{Call: "kms:CancelKeyDeletion"},
	},
}
