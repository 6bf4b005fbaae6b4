package detect

import (
	"warden/finding"
	"warden/trail"
)

var dynamodbTableCut = Detection{
	ID:         "dynamodb.table.cut",
	Title:      "Table deleted, or made to forget",
	Why:        "The guard's ledger, or its backups, can be lost: with it goes what it did and how to give that back.",
	Techniques: []string{"T1485", "T1490"},
	Severity:   finding.Medium,
	Events:     on("dynamodb", "DeleteTable", "DeleteBackup", "UpdateTable", "UpdateContinuousBackups", "UpdateTimeToLive", "PutResourcePolicy"),
	Match:      tableCut,
	Hits: []Example{
		{Call: "dynamodb:DeleteTable", Request: `{"tableName":"warden-ledger"}`},
		{Call: "dynamodb:UpdateTable", Request: `{"tableName":"warden-ledger","deletionProtectionEnabled":false}`},
		{Call: "dynamodb:UpdateContinuousBackups", Request: `{"tableName":"warden-ledger","pointInTimeRecoverySpecification":{"pointInTimeRecoveryEnabled":false}}`},
		{Call: "dynamodb:UpdateTimeToLive", Request: `{"tableName":"warden-ledger","timeToLiveSpecification":{"enabled":true,"attributeName":"seq"}}`},
		{Call: "dynamodb:PutResourcePolicy", Request: `{"resourceArn":"arn:aws:dynamodb:us-east-1:111122223333:table/warden-ledger"}`},
	},
	Misses: []Example{
		{Call: "dynamodb:UpdateTable", Request: `{"tableName":"orders","billingMode":"PAY_PER_REQUEST"}`},
		{Call: "dynamodb:UpdateContinuousBackups", Request: `{"tableName":"orders","pointInTimeRecoverySpecification":{"pointInTimeRecoveryEnabled":true}}`},
		{Call: "dynamodb:UpdateTimeToLive", Request: `{"tableName":"sessions","timeToLiveSpecification":{"enabled":true,"attributeName":"until"}}`},
	},
}

// tableCut reports whether a change of a table lets what is in it be lost. That
// a table forgets by itself, or who may reach it, is an attack on warden's own
// only.
func tableCut(e *trail.Event, _ trail.Actor) bool {
	switch e.Name {
	case "UpdateTable":
		return requestSays(e, false, "deletionProtectionEnabled")
	case "UpdateContinuousBackups":
		return requestSays(e, false, "pointInTimeRecoverySpecification", "pointInTimeRecoveryEnabled")
	case "UpdateTimeToLive", "PutResourcePolicy":
		return ofWarden(e)
	}
	return true
}
