// Package request turns recorded calls into the requests that IAM decided when
// they were made: the action, the resources, and the condition keys.
//
// A trail does not carry everything that IAM looked at. What is not there is
// said, never guessed: a [Request] whose resource the record does not name has
// Missing, and [Context] holds only keys whose value the record proves. The
// engine in package policy then names the keys on which a decision depends.
//
// Sources: AWS CloudTrail User Guide, "CloudTrail record contents"; Service
// Authorization Reference, "Actions, resources, and condition keys", of which
// package policy/catalog holds the data.
package request

import (
	"strings"

	"warden/policy"
	"warden/policy/catalog"
	"warden/trail"
)

// Request is one permission that a recorded call needed.
type Request struct {
	// Action is spelt as in the catalogue: "s3:GetObject".
	Action string
	// Resource is the ARN that the call acted on, "*" for an action without
	// resource types; "" where the record does not say.
	Resource string
	// Missing says what of the resource the record does not carry.
	Missing string
	// Context holds condition keys of this request beside those of the call.
	Context policy.Context
	// Assumed marks a permission that AWS's reference says such calls need
	// besides their own action, such as iam:PassRole, and that the record
	// shows the object of.
	Assumed bool
}

// Of returns the requests of a recorded call. ok is false for an event that is
// no call which IAM decides (sign-ins, service events) and for one whose
// action the catalogue does not know; why then says which.
//
// names, which may be nil, supplies ARNs that a record gives by name only.
func Of(e *trail.Event, names Names) (requests []Request, why string) {
	if e.Type != "" && e.Type != "AwsApiCall" {
		return nil, "no call that IAM decides (" + e.Type + ")"
	}
	action := Action(e.Source, e.Name)
	if action == nil {
		return nil, "no action is known for " + e.Name + " of " + e.Source
	}
	r := reading{e: e, names: names}
	requests = r.needs(action)
	if e.Name == "CopyObject" || e.Name == "UploadPartCopy" {
		// Amazon S3 API Reference, CopyObject: the source is read.
		requests = append(requests, Request{Action: "s3:GetObject", Resource: r.copySource(), Missing: "the object that was copied"}.known())
	}
	if role := r.passedRole(action); role != "" {
		requests = append(requests, Request{Action: "iam:PassRole", Resource: role, Assumed: true, Context: passedTo(e)})
	}
	return requests, ""
}

// Action returns the action that IAM checks for an API call, nil when none is
// known. Most calls are named as their action; the tables below hold the rest.
func Action(source, name string) *catalog.Action {
	service, _, _ := strings.Cut(source, ".")
	if other, ok := prefixes[source]; ok {
		service = other
	}
	if other, ok := renamed[service+":"+name]; ok {
		return catalog.Lookup(other)
	}
	if a := catalog.Lookup(service + ":" + name); a != nil {
		return a
	}
	// Some services put the version of their API behind the name:
	// "CreateFunction20150331", "UpdateFunctionCode20150331v2".
	if i := dated(name); i > 0 {
		if other, ok := renamed[service+":"+name[:i]]; ok {
			return catalog.Lookup(other)
		}
		return catalog.Lookup(service + ":" + name[:i])
	}
	return nil
}

// dated finds where a date of the form 20150331, perhaps with more behind it,
// begins; 0 if there is none.
func dated(name string) int {
	for _, year := range []string{"_201", "_202", "201", "202"} {
		i := strings.Index(name, year)
		if i > 0 && len(name) >= i+len(year)+5 && strings.Trim(strings.TrimPrefix(name[i:], "_")[:8], "0123456789_") == "" {
			return i
		}
	}
	return 0
}

// prefixes are the services whose calls are recorded under another name than
// the prefix of their actions. Service Authorization Reference, each service's
// page; CloudTrail User Guide, "AWS service topics for CloudTrail".
var prefixes = map[string]string{
	"monitoring.amazonaws.com":              "cloudwatch",
	"email.amazonaws.com":                   "ses",
	"tagging.amazonaws.com":                 "tag",
	"application-insights.amazonaws.com":    "applicationinsights",
	"macie.amazonaws.com":                   "macie2",
	"entitlement-marketplace.amazonaws.com": "aws-marketplace",
	"api.ecr.amazonaws.com":                 "ecr",
	"streams.dynamodb.amazonaws.com":        "dynamodb",
	"edgelambda.amazonaws.com":              "lambda",
	"models.lex.amazonaws.com":              "lex",
	"runtime.lex.amazonaws.com":             "lex",
	"data.iot.amazonaws.com":                "iotdata",
}

// renamed are the calls whose action has another name. Amazon S3 User Guide,
// "Required permissions for Amazon S3 API operations"; Lambda Developer Guide,
// "Resources and conditions for Lambda actions".
var renamed = map[string]string{
	"s3:HeadBucket":                               "s3:ListBucket",
	"s3:ListObjects":                              "s3:ListBucket",
	"s3:ListObjectsV2":                            "s3:ListBucket",
	"s3:ListObjectVersions":                       "s3:ListBucketVersions",
	"s3:ListBuckets":                              "s3:ListAllMyBuckets",
	"s3:ListMultipartUploads":                     "s3:ListBucketMultipartUploads",
	"s3:ListParts":                                "s3:ListMultipartUploadParts",
	"s3:HeadObject":                               "s3:GetObject",
	"s3:SelectObjectContent":                      "s3:GetObject",
	"s3:CopyObject":                               "s3:PutObject",
	"s3:PostObject":                               "s3:PutObject",
	"s3:CreateMultipartUpload":                    "s3:PutObject",
	"s3:UploadPart":                               "s3:PutObject",
	"s3:UploadPartCopy":                           "s3:PutObject",
	"s3:CompleteMultipartUpload":                  "s3:PutObject",
	"s3:DeleteObjects":                            "s3:DeleteObject",
	"s3:GetBucketLifecycle":                       "s3:GetLifecycleConfiguration",
	"s3:GetBucketLifecycleConfiguration":          "s3:GetLifecycleConfiguration",
	"s3:PutBucketLifecycle":                       "s3:PutLifecycleConfiguration",
	"s3:PutBucketLifecycleConfiguration":          "s3:PutLifecycleConfiguration",
	"s3:DeleteBucketLifecycle":                    "s3:PutLifecycleConfiguration",
	"s3:GetBucketEncryption":                      "s3:GetEncryptionConfiguration",
	"s3:PutBucketEncryption":                      "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketEncryption":                   "s3:PutEncryptionConfiguration",
	"s3:GetBucketCors":                            "s3:GetBucketCORS",
	"s3:PutBucketCors":                            "s3:PutBucketCORS",
	"s3:DeleteBucketCors":                         "s3:PutBucketCORS",
	"s3:GetBucketReplication":                     "s3:GetReplicationConfiguration",
	"s3:PutBucketReplication":                     "s3:PutReplicationConfiguration",
	"s3:DeleteBucketReplication":                  "s3:PutReplicationConfiguration",
	"s3:DeleteBucketTagging":                      "s3:PutBucketTagging",
	"s3:GetPublicAccessBlock":                     "s3:GetBucketPublicAccessBlock",
	"s3:PutPublicAccessBlock":                     "s3:PutBucketPublicAccessBlock",
	"s3:DeletePublicAccessBlock":                  "s3:PutBucketPublicAccessBlock",
	"s3:DeleteBucketPublicAccessBlock":            "s3:PutBucketPublicAccessBlock",
	"s3:GetBucketNotificationConfiguration":       "s3:GetBucketNotification",
	"s3:PutBucketNotificationConfiguration":       "s3:PutBucketNotification",
	"s3:GetBucketAccelerateConfiguration":         "s3:GetAccelerateConfiguration",
	"s3:GetBucketAccelerate":                      "s3:GetAccelerateConfiguration",
	"s3:PutBucketAccelerateConfiguration":         "s3:PutAccelerateConfiguration",
	"s3:GetObjectLockConfiguration":               "s3:GetBucketObjectLockConfiguration",
	"s3:PutObjectLockConfiguration":               "s3:PutBucketObjectLockConfiguration",
	"s3:GetBucketInventoryConfiguration":          "s3:GetInventoryConfiguration",
	"s3:PutBucketInventoryConfiguration":          "s3:PutInventoryConfiguration",
	"s3:ListBucketInventoryConfigurations":        "s3:GetInventoryConfiguration",
	"s3:GetBucketMetricsConfiguration":            "s3:GetMetricsConfiguration",
	"s3:PutBucketMetricsConfiguration":            "s3:PutMetricsConfiguration",
	"s3:GetBucketAnalyticsConfiguration":          "s3:GetAnalyticsConfiguration",
	"s3:PutBucketAnalyticsConfiguration":          "s3:PutAnalyticsConfiguration",
	"s3:GetBucketIntelligentTieringConfiguration": "s3:GetIntelligentTieringConfiguration",
	"s3:DeleteBucketOwnershipControls":            "s3:PutBucketOwnershipControls",
	"lambda:Invoke":                               "lambda:InvokeFunction",
	"lambda:GetFunctionPolicy":                    "lambda:GetPolicy",
}

// passedTo is the service that gets a passed role, where it is the one that is
// called. IAM User Guide, "IAM and AWS STS condition context keys",
// iam:PassedToService.
func passedTo(e *trail.Event) policy.Context {
	service := e.Source
	switch service {
	case "lambda.amazonaws.com", "states.amazonaws.com", "glue.amazonaws.com", "codebuild.amazonaws.com", "cloudformation.amazonaws.com",
		"sagemaker.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com", "codepipeline.amazonaws.com":
	case "ecs.amazonaws.com":
		service = "ecs-tasks.amazonaws.com"
	default:
		return nil
	}
	return policy.Context{"iam:passedtoservice": policy.One(service)}
}

// passedRole is the role that the call hands to a service, for which the caller
// needs iam:PassRole too. Reference pages name that as a dependent action for
// some calls only; a role's ARN in one of these parameters of a call that
// writes says it for all. IAM User Guide, "Granting a user permissions to pass
// a role to an AWS service".
func (r *reading) passedRole(a *catalog.Action) string {
	if a.Service.Prefix == "sts" || a.Level == catalog.Read || a.Level == catalog.List {
		return ""
	}
	if a.String() == "iam:AddRoleToInstanceProfile" {
		if name := r.text("roleName"); name != "" && r.names != nil {
			return r.names.ARN("role", name)
		}
		return ""
	}
	for _, key := range []string{"role", "roleArn", "executionRoleArn", "taskRoleArn", "serviceRole", "serviceRoleArn", "iamRoleArn", "roleARN", "cloudWatchLogsRoleArn"} {
		if arn := r.text(key); strings.HasPrefix(arn, "arn:") && strings.Contains(arn, ":role/") {
			return arn
		}
	}
	return ""
}
