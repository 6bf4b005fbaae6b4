package generate

import (
	"slices"
	"strings"

	"warden/policy/catalog"
)

// Coverage says what a trail could have recorded.
type Coverage struct {
	// DataEvents are the prefixes of services of which the trail has data
	// events: "s3", "lambda", "dynamodb".
	DataEvents []string
}

// Unseen tells whether calls of the action leave no trace in such a trail: data
// events that it was not told to record, and permissions that no call is named
// after. Their absence from a trail means nothing.
//
// Source: AWS CloudTrail User Guide, "Logging data events" (the resource types
// and operations) and "CloudTrail supported services and integrations"; IAM
// User Guide, "Granting a user permissions to pass a role to an AWS service"
// (iam:PassRole is not logged).
func Unseen(action string, c Coverage) bool {
	a := catalog.Lookup(action)
	if a == nil {
		return true // nobody knows how it would be recorded
	}
	name := a.String()
	if never[name] {
		return true
	}
	service := a.Service.Prefix
	if slices.Contains(c.DataEvents, service) {
		return false
	}
	switch service {
	case "s3", "s3-object-lambda", "s3express", "s3-outposts":
		// Calls on objects are data events, and so are lists of a bucket's
		// content; other calls on buckets are not.
		return slices.ContainsFunc(a.Resources, func(u catalog.Use) bool { return u.Type.Name == "object" }) ||
			contents[a.Name]
	}
	return data[name] || strings.HasPrefix(service, "cognito-sync")
}

// contents are the actions on buckets of calls that are recorded with objects.
var contents = set("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads")

// never are permissions that are checked within calls of other names.
var never = map[string]bool{
	"iam:PassRole": true, "kms:ReEncryptFrom": true, "kms:ReEncryptTo": true, "s3:GetObjectVersion": true, "s3:BypassGovernanceRetention": true,
	"logs:PutLogEvents": true, "ssmmessages:CreateControlChannel": true, "ssmmessages:CreateDataChannel": true, "ssmmessages:OpenControlChannel": true,
	"ssmmessages:OpenDataChannel": true, "ec2messages:GetMessages": true, "ec2messages:SendReply": true, "ec2messages:AcknowledgeMessage": true,
	"execute-api:Invoke": true, "execute-api:ManageConnections": true, "rds-db:connect": true, "elasticfilesystem:ClientMount": true,
	"elasticfilesystem:ClientWrite": true, "elasticfilesystem:ClientRootAccess": true,
}

// data are the calls that CloudTrail records as data events.
var data = set(
	"lambda:InvokeFunction", "lambda:InvokeFunctionUrl", "lambda:InvokeAsync",
	"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem",
	"dynamodb:Query", "dynamodb:Scan", "dynamodb:ConditionCheckItem", "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate",
	"dynamodb:PartiQLDelete", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
	"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
	"sns:Publish", "kinesis:PutRecord", "kinesis:PutRecords", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:SubscribeToShard",
	"firehose:PutRecord", "firehose:PutRecordBatch", "cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics",
	"ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "ebs:ListChangedBlocks", "ebs:PutSnapshotBlock",
	"xray:PutTraceSegments", "xray:PutTelemetryRecords", "events:PutEvents", "execute-api:Invoke", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut", "es:ESHttpDelete", "es:ESHttpHead",
	"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat", "states:GetActivityTask",
	"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "sagemaker:InvokeEndpoint", "iot:Publish", "iot:Receive", "iot:Subscribe", "iot:Connect",
	"cognito-identity:GetId", "cognito-identity:GetCredentialsForIdentity", "cognito-identity:GetOpenIdToken",
)

func set(names ...string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}
