package request

import (
	"strings"

	"warden/policy/catalog"
	"warden/trail"
)

// Action returns the action that IAM checks for an API call, nil when none is
// known. Most calls are named as their action; the tables below hold the rest.
func Action(source, name string) *catalog.Action {
	service, _, _ := strings.Cut(source, ".")
	if other, ok := prefixes[source]; ok {
		service = other
	}
	if service == "apigateway" {
		if a := verb(name); a != nil {
			return a
		}
	}
	for _, prefix := range append([]string{service}, homonyms[service]...) {
		if a := named(prefix, name); a != nil {
			return a
		}
		// Some services put the version of their API behind the name:
		// "CreateFunction20150331", "UpdateFunctionCode20150331v2",
		// "CreateDistribution2020_05_31".
		if i := dated(name); i > 0 {
			if a := named(prefix, name[:i]); a != nil {
				return a
			}
		}
	}
	return nil
}

func named(service, name string) *catalog.Action {
	if other, ok := renamed[service+":"+name]; ok {
		return catalog.Lookup(other)
	}
	return catalog.Lookup(service + ":" + name)
}

// dated finds where a date of the form 20150331 or 2020_05_31, perhaps with
// more behind it, begins; 0 if there is none.
func dated(name string) int {
	for _, year := range []string{"_201", "_202", "201", "202"} {
		i := strings.Index(name, year)
		if i > 0 && len(strings.TrimPrefix(name[i:], "_")) >= 8 && strings.Trim(strings.TrimPrefix(name[i:], "_")[:8], "0123456789_") == "" {
			return i
		}
	}
	return 0
}

// verb is the action of a call of API Gateway: its actions are the methods of
// its interface. API Gateway API Reference, "Actions"; Service Authorization
// Reference, "Amazon API Gateway Management".
func verb(name string) *catalog.Action {
	if a := catalog.Lookup("apigateway:" + name); a != nil && strings.ToUpper(name) != name {
		return a
	}
	for _, v := range []struct{ begin, method string }{
		{"Get", "GET"}, {"Export", "GET"}, {"Create", "POST"}, {"Generate", "POST"}, {"TestInvoke", "POST"}, {"ImportRestApi", "POST"}, {"ImportApiKeys", "POST"},
		{"ImportDocumentationParts", "PUT"}, {"ImportApi", "POST"}, {"Reimport", "PUT"}, {"Put", "PUT"}, {"Update", "PATCH"}, {"Delete", "DELETE"}, {"Flush", "DELETE"},
		{"Reset", "DELETE"}, {"TagResource", "PUT"}, {"UntagResource", "DELETE"},
	} {
		if strings.HasPrefix(name, v.begin) {
			return catalog.Lookup("apigateway:" + v.method)
		}
	}
	return nil
}

// actions are those that a call needed. There is more than one where the call
// is put together of others, and another than usual where it is about one
// version of an object.
func (r *reading) actions() []*catalog.Action {
	a := Action(r.e.Source, r.e.Name)
	if a == nil {
		return nil
	}
	switch name := a.String(); {
	case a.Service.Prefix == "s3" && (r.text("versionId", "VersionId") != ""):
		// Amazon S3 User Guide, "Required permissions for Amazon S3 API
		// operations": calls with a version id need the action for versions.
		if other := versioned[name]; other != "" {
			return []*catalog.Action{catalog.Lookup(other)}
		}
	case a.Service.Prefix == "dynamodb":
		if several := r.dynamo(); several != nil {
			return several
		}
	}
	return []*catalog.Action{a}
}

// versioned are the actions on one version of an object, by those on the
// newest.
var versioned = map[string]string{
	"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion", "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
	"s3:PutObjectAcl": "s3:PutObjectVersionAcl", "s3:GetObjectTagging": "s3:GetObjectVersionTagging", "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
	"s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging", "s3:GetObjectTorrent": "s3:GetObjectVersionTorrent",
	"s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
}

// dynamo returns the actions of calls that carry several operations. Amazon
// DynamoDB Developer Guide, "IAM policies with DynamoDB transactions" and "IAM
// security policies with PartiQL for DynamoDB".
func (r *reading) dynamo() []*catalog.Action {
	var names []string
	switch r.e.Name {
	case "TransactGetItems":
		names = []string{"GetItem"}
	case "TransactWriteItems":
		for _, op := range []struct{ key, action string }{{"put", "PutItem"}, {"update", "UpdateItem"}, {"delete", "DeleteItem"}, {"conditionCheck", "ConditionCheckItem"}} {
			if r.mentions(op.key) {
				names = append(names, op.action)
			}
		}
		if names == nil {
			names = []string{"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"}
		}
	case "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction":
		all := map[string]string{"select": "PartiQLSelect", "insert": "PartiQLInsert", "update": "PartiQLUpdate", "delete": "PartiQLDelete"}
		walk(r.request, 0, func(_ int, key, value string) {
			word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value)), " ")
			if strings.EqualFold(key, "statement") && all[word] != "" {
				names = append(names, all[word])
			}
		})
		if names == nil {
			names = []string{"PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"}
		}
	}
	var out []*catalog.Action
	for _, name := range names {
		if a := catalog.Lookup("dynamodb:" + name); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// Known tells whether the event is a call of which the action is known; why
// says what keeps it from that.
func known(e *trail.Event, found bool) (why string) {
	switch {
	case e.Type != "" && e.Type != "AwsApiCall":
		return "no call that IAM decides (" + e.Type + ")"
	case !found:
		return "no action is known for " + e.Name + " of " + e.Source
	}
	return ""
}

// prefixes are the services whose calls are recorded under another name than
// the prefix of their actions. Service Authorization Reference, each service's
// page; CloudTrail User Guide, "AWS service topics for CloudTrail".
var prefixes = map[string]string{
	"rdsdata.amazonaws.com":                         "rds-data",
	"monitoring.amazonaws.com":                      "cloudwatch",
	"email.amazonaws.com":                           "ses",
	"tagging.amazonaws.com":                         "tag",
	"application-insights.amazonaws.com":            "applicationinsights",
	"macie.amazonaws.com":                           "macie2",
	"entitlement-marketplace.amazonaws.com":         "aws-marketplace",
	"metering-marketplace.amazonaws.com":            "aws-marketplace",
	"api.ecr.amazonaws.com":                         "ecr",
	"api.ecr-public.amazonaws.com":                  "ecr-public",
	"streams.dynamodb.amazonaws.com":                "dynamodb",
	"edgelambda.amazonaws.com":                      "lambda",
	"models.lex.amazonaws.com":                      "lex",
	"models-v2-lex.amazonaws.com":                   "lex",
	"lexv2-models.amazonaws.com":                    "lex",
	"runtime.lex.amazonaws.com":                     "lex",
	"runtime-v2-lex.amazonaws.com":                  "lex",
	"data.iot.amazonaws.com":                        "iot",
	"data.mediastore.amazonaws.com":                 "mediastore",
	"a2i-runtime.sagemaker.amazonaws.com":           "sagemaker",
	"runtime.sagemaker.amazonaws.com":               "sagemaker",
	"bedrock-runtime.amazonaws.com":                 "bedrock",
	"bedrock-agent.amazonaws.com":                   "bedrock",
	"bedrock-agent-runtime.amazonaws.com":           "bedrock",
	"bedrock-data-automation.amazonaws.com":         "bedrock",
	"amazonmq.amazonaws.com":                        "mq",
	"opensearch.amazonaws.com":                      "es",
	"pinpoint.amazonaws.com":                        "mobiletargeting",
	"timestream-query.amazonaws.com":                "timestream",
	"timestream-write.amazonaws.com":                "timestream",
	"ingest.timestream.amazonaws.com":               "timestream",
	"query.timestream.amazonaws.com":                "timestream",
	"costoptimizationhub.amazonaws.com":             "cost-optimization-hub",
	"cost-explorer.amazonaws.com":                   "ce",
	"billingconsole.amazonaws.com":                  "billing",
	"prometheus.amazonaws.com":                      "aps",
	"vpclattice.amazonaws.com":                      "vpc-lattice",
	"schedule.amazonaws.com":                        "scheduler",
	"cloudhsmv2.amazonaws.com":                      "cloudhsm",
	"docdb.amazonaws.com":                           "rds",
	"neptune.amazonaws.com":                         "rds",
	"s3-control.amazonaws.com":                      "s3",
	"authorization.s3.amazonaws.com":                "s3",
	"serverlessapplicationrepository.amazonaws.com": "serverlessrepo",
	"migrationhub.amazonaws.com":                    "mgh",
	"config-conforms.amazonaws.com":                 "config",
	"sso-oidc.amazonaws.com":                        "sso-oauth",
}

// homonyms are the prefixes to try besides the one that a source is named
// after: services whose calls are recorded together. Application Auto Scaling
// User Guide, "Log Application Auto Scaling API calls"; IAM Identity Center User
// Guide, "Logging IAM Identity Center API calls".
var homonyms = map[string][]string{
	"autoscaling":      {"application-autoscaling", "autoscaling-plans"},
	"sso":              {"sso-directory", "identitystore", "sso-oauth", "identity-sync"},
	"sso-directory":    {"sso", "identitystore"},
	"identitystore":    {"sso-directory"},
	"es":               {"aoss", "opensearch"},
	"bedrock":          {"bedrock-agentcore"},
	"billing":          {"aws-portal", "payments", "tax", "invoicing", "consolidatedbilling"},
	"wafv2":            {"waf", "waf-regional"},
	"ssm":              {"ssmmessages", "ec2messages", "ssm-guiconnect"},
	"s3":               {"s3express", "s3-outposts", "s3-object-lambda", "s3tables"},
	"s3express":        {"s3"},
	"kinesisanalytics": {"kinesis"},
	"connect":          {"wisdom", "voiceid", "profile"},
	"support":          {"trustedadvisor", "supportplans"},
	"ec2":              {"ebs"},
	"aws-marketplace":  {"aws-marketplace-management"},
	"codeconnections":  {"codestar-connections"},
	"directconnect":    {"interconnect"},
	"inspector2":       {"inspector-scan"},
	"resource-groups":  {"tag"},
}

// renamed are the calls whose action has another name. Amazon S3 User Guide,
// "Required permissions for Amazon S3 API operations"; Lambda Developer Guide,
// "Resources and conditions for Lambda actions"; Amazon SES API v2 Reference and
// Service Authorization Reference for the others.
var renamed = map[string]string{
	"s3:HeadBucket":                                  "s3:ListBucket",
	"s3:ListObjects":                                 "s3:ListBucket",
	"s3:ListObjectsV2":                               "s3:ListBucket",
	"s3:ListObjectVersions":                          "s3:ListBucketVersions",
	"s3:ListBuckets":                                 "s3:ListAllMyBuckets",
	"s3:ListMultipartUploads":                        "s3:ListBucketMultipartUploads",
	"s3:ListParts":                                   "s3:ListMultipartUploadParts",
	"s3:HeadObject":                                  "s3:GetObject",
	"s3:SelectObjectContent":                         "s3:GetObject",
	"s3:CopyObject":                                  "s3:PutObject",
	"s3:PostObject":                                  "s3:PutObject",
	"s3:RenameObject":                                "s3:PutObject",
	"s3:CreateMultipartUpload":                       "s3:PutObject",
	"s3:UploadPart":                                  "s3:PutObject",
	"s3:UploadPartCopy":                              "s3:PutObject",
	"s3:CompleteMultipartUpload":                     "s3:PutObject",
	"s3:DeleteObjects":                               "s3:DeleteObject",
	"s3:GetBucketLifecycle":                          "s3:GetLifecycleConfiguration",
	"s3:GetBucketLifecycleConfiguration":             "s3:GetLifecycleConfiguration",
	"s3:PutBucketLifecycle":                          "s3:PutLifecycleConfiguration",
	"s3:PutBucketLifecycleConfiguration":             "s3:PutLifecycleConfiguration",
	"s3:DeleteBucketLifecycle":                       "s3:PutLifecycleConfiguration",
	"s3:GetBucketEncryption":                         "s3:GetEncryptionConfiguration",
	"s3:PutBucketEncryption":                         "s3:PutEncryptionConfiguration",
	"s3:DeleteBucketEncryption":                      "s3:PutEncryptionConfiguration",
	"s3:GetBucketCors":                               "s3:GetBucketCORS",
	"s3:PutBucketCors":                               "s3:PutBucketCORS",
	"s3:DeleteBucketCors":                            "s3:PutBucketCORS",
	"s3:GetBucketReplication":                        "s3:GetReplicationConfiguration",
	"s3:PutBucketReplication":                        "s3:PutReplicationConfiguration",
	"s3:DeleteBucketReplication":                     "s3:PutReplicationConfiguration",
	"s3:DeleteBucketTagging":                         "s3:PutBucketTagging",
	"s3:GetPublicAccessBlock":                        "s3:GetBucketPublicAccessBlock",
	"s3:PutPublicAccessBlock":                        "s3:PutBucketPublicAccessBlock",
	"s3:DeletePublicAccessBlock":                     "s3:PutBucketPublicAccessBlock",
	"s3:DeleteBucketPublicAccessBlock":               "s3:PutBucketPublicAccessBlock",
	"s3:DeleteAccountPublicAccessBlock":              "s3:PutAccountPublicAccessBlock",
	"s3:GetBucketNotificationConfiguration":          "s3:GetBucketNotification",
	"s3:PutBucketNotificationConfiguration":          "s3:PutBucketNotification",
	"s3:GetBucketAccelerateConfiguration":            "s3:GetAccelerateConfiguration",
	"s3:GetBucketAccelerate":                         "s3:GetAccelerateConfiguration",
	"s3:PutBucketAccelerateConfiguration":            "s3:PutAccelerateConfiguration",
	"s3:PutBucketAccelerate":                         "s3:PutAccelerateConfiguration",
	"s3:GetObjectLockConfiguration":                  "s3:GetBucketObjectLockConfiguration",
	"s3:PutObjectLockConfiguration":                  "s3:PutBucketObjectLockConfiguration",
	"s3:GetBucketInventoryConfiguration":             "s3:GetInventoryConfiguration",
	"s3:PutBucketInventoryConfiguration":             "s3:PutInventoryConfiguration",
	"s3:DeleteBucketInventoryConfiguration":          "s3:PutInventoryConfiguration",
	"s3:ListBucketInventoryConfigurations":           "s3:GetInventoryConfiguration",
	"s3:GetBucketMetricsConfiguration":               "s3:GetMetricsConfiguration",
	"s3:PutBucketMetricsConfiguration":               "s3:PutMetricsConfiguration",
	"s3:DeleteBucketMetricsConfiguration":            "s3:PutMetricsConfiguration",
	"s3:ListBucketMetricsConfigurations":             "s3:GetMetricsConfiguration",
	"s3:GetBucketAnalyticsConfiguration":             "s3:GetAnalyticsConfiguration",
	"s3:PutBucketAnalyticsConfiguration":             "s3:PutAnalyticsConfiguration",
	"s3:DeleteBucketAnalyticsConfiguration":          "s3:PutAnalyticsConfiguration",
	"s3:ListBucketAnalyticsConfigurations":           "s3:GetAnalyticsConfiguration",
	"s3:GetBucketIntelligentTieringConfiguration":    "s3:GetIntelligentTieringConfiguration",
	"s3:PutBucketIntelligentTieringConfiguration":    "s3:PutIntelligentTieringConfiguration",
	"s3:DeleteBucketIntelligentTieringConfiguration": "s3:PutIntelligentTieringConfiguration",
	"s3:ListBucketIntelligentTieringConfigurations":  "s3:GetIntelligentTieringConfiguration",
	"s3:DeleteBucketOwnershipControls":               "s3:PutBucketOwnershipControls",
	"s3express:ListDirectoryBuckets":                 "s3express:ListAllMyDirectoryBuckets",
	"s3:ListDirectoryBuckets":                        "s3express:ListAllMyDirectoryBuckets",
	"s3express:HeadBucket":                           "s3express:CreateSession",
	"s3express:GetObject":                            "s3express:CreateSession",
	"s3express:PutObject":                            "s3express:CreateSession",
	"s3express:HeadObject":                           "s3express:CreateSession",
	"s3express:DeleteObject":                         "s3express:CreateSession",
	"s3express:ListObjectsV2":                        "s3express:CreateSession",
	"sns:PublishBatch":                               "sns:Publish",
	"sqs:SendMessageBatch":                           "sqs:SendMessage",
	"sqs:DeleteMessageBatch":                         "sqs:DeleteMessage",
	"sqs:ChangeMessageVisibilityBatch":               "sqs:ChangeMessageVisibility",
	"lambda:Invoke":                                  "lambda:InvokeFunction",
	"lambda:InvokeWithResponseStream":                "lambda:InvokeFunction",
	"lambda:GetFunctionPolicy":                       "lambda:GetPolicy",
	"bedrock:Converse":                               "bedrock:InvokeModel",
	"bedrock:ConverseStream":                         "bedrock:InvokeModelWithResponseStream",
}
