package generate

import (
	"slices"
	"strings"

	"warden/policy"
	"warden/policy/catalog"
)

// Coverage says what a trail could have recorded.
type Coverage struct {
	// DataEvents are the prefixes of services of which the trail has data
	// events: "s3", "lambda", "dynamodb"; and "kms" or "rds-data" where it has
	// events of these, which a trail may leave out.
	DataEvents []string
	// DataWrites are the prefixes of services of which it has data events
	// that write, and none that read.
	DataWrites []string
	// Buckets are the ARNs of the buckets of which it has data events; empty
	// where that is not known.
	Buckets []string
	// WritesOnly tells of a trail without management events that read.
	WritesOnly bool
}

// Unseen tells whether calls of the action leave no trace in such a trail: data
// events that it was not told to record, and permissions that no call is named
// after. Their absence from a trail means nothing.
//
// Source: AWS CloudTrail User Guide, "Understanding CloudTrail events" and
// "Logging data events" (the resource types), "Logging management events"
// (writes only, and leaving out AWS KMS and the RDS Data API); IAM User Guide,
// "Granting a user permissions to pass a role to an AWS service" (iam:PassRole is
// not logged).
func Unseen(action string, c Coverage) bool {
	a := catalog.Lookup(action)
	if a == nil {
		return true // nobody knows how it would be recorded
	}
	reads := a.Level == catalog.Read || a.Level == catalog.List
	switch prefix := a.Service.Prefix; {
	case never(a):
		return true
	case DataEvent(a):
		return !slices.Contains(c.DataEvents, prefix) && (reads || !slices.Contains(c.DataWrites, prefix))
	}
	return c.WritesOnly && reads
}

// never are permissions that are checked within calls of other names, and
// calls that CloudTrail does not record.
func never(a *catalog.Action) bool {
	return listed(neverSeen, a)
}

// DataEvent tells whether calls of the action are data events, or management
// events that a trail may leave out for their number.
func DataEvent(a *catalog.Action) bool {
	switch a.Service.Prefix {
	case "s3", "s3-object-lambda", "s3express", "s3-outposts":
		// Calls on objects are data events, and so are lists of a bucket's
		// content; other calls on buckets are not.
		if slices.ContainsFunc(a.Resources, func(u catalog.Use) bool { return u.Type.Name == "object" }) {
			return true
		}
	}
	return listed(data, a)
}

// listed tells whether a list has the action, by its prefix and a pattern for
// its name.
func listed(lists map[string]string, a *catalog.Action) bool {
	for pattern := range strings.FieldsSeq(lists[a.Service.Prefix]) {
		if catalog.Like(pattern, a.Name) {
			return true
		}
	}
	return false
}

// unseen is Unseen for the statement: a trail may have data events of some
// buckets only.
func (r *reducer) unseen(action string) bool {
	if Unseen(action, r.o.Coverage) {
		return true
	}
	a := catalog.Lookup(action)
	if a == nil || a.Service.Prefix != "s3" || !DataEvent(a) || len(r.o.Coverage.Buckets) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.doc.Statements[r.index].Resources, r.covered)
}

// covered tells whether a resource of a policy can be in a bucket of which the
// trail has data events.
func (r *reducer) covered(resource string) bool {
	bucket, _, _ := strings.Cut(resource, "/")
	return resource == "*" || slices.ContainsFunc(r.o.Coverage.Buckets, func(b string) bool { return catalog.Like(bucket, b) })
}

// hidden tells whether the statement allows what nothing records where it was
// used, so that what is known of its use does not tell where it is needed.
func (r *reducer) hidden(s policy.Statement) bool {
	return !r.o.DropUnseen && slices.ContainsFunc(s.Actions, func(pattern string) bool {
		if !strings.ContainsAny(pattern, "*?") {
			return r.unseen(pattern)
		}
		return slices.ContainsFunc(catalog.Matching(pattern), func(a *catalog.Action) bool { return r.unseen(a.String()) })
	})
}

// neverSeen lists, by prefix, permissions that no record is named after: those
// checked within other calls, and calls that CloudTrail does not record. Service
// Authorization Reference, "permission only" actions.
var neverSeen = map[string]string{
	"iam":               "PassRole",
	"s3":                "BypassGovernanceRetention",
	"logs":              "PutLogEvents Unmask",
	"ec2messages":       "*",
	"execute-api":       "*",
	"rds-db":            "*",
	"neptune-db":        "*",
	"dsql":              "DbConnect*",
	"elasticfilesystem": "Client*",
	"kafka-cluster":     "*",
	"appsync":           "GraphQL SourceGraphQL Event*",
	"vpc-lattice-svcs":  "*",
	"lambda":            "InvokeFunctionUrl EnableReplication* DisableReplication*",
	"redshift":          "JoinGroup CreateClusterUser",
	"es":                "ESHttp* ESCrossClusterGet",
	"aoss":              "APIAccessAll DashboardsAccessAll",
	"ssm":               "GetManifest PutConfigurePackageResult",
	"iot":               "Connect Receive Subscribe RetainPublish",
	"kinesisvideo":      "ConnectAs* SendAlexaOfferToMaster",
	"airflow":           "PublishMetrics",
	"eks":               "AccessKubernetesApi",
}

// data lists, by prefix, the calls that CloudTrail records as data events, and
// management events of a volume for which trails may leave them out. Where the
// guide names a type of resource and not its operations, the operations are
// those of the service's data plane; one too many here keeps a permission that
// could go, one too few removes what is needed.
var data = map[string]string{
	"s3":                       "ListBucket ListBucketVersions ListBucketMultipartUploads ListMultipartUploadParts",
	"s3express":                "CreateSession *Object* ListBucket ListMultipartUploads",
	"s3tables":                 "GetTableData PutTableData GetTableMetadataLocation UpdateTableMetadataLocation",
	"s3vectors":                "*Vectors",
	"lambda":                   "InvokeFunction InvokeAsync *DurableExecution* ConnectMicrovm",
	"dynamodb":                 "GetItem PutItem UpdateItem DeleteItem BatchGetItem BatchWriteItem Query Scan ConditionCheckItem PartiQL* GetRecords GetShardIterator SearchVectors",
	"sqs":                      "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility",
	"sns":                      "Publish",
	"kinesis":                  "PutRecord PutRecords GetRecords GetShardIterator SubscribeToShard",
	"firehose":                 "PutRecord PutRecordBatch",
	"kinesisvideo":             "GetClip GetDASHStreamingSessionURL GetHLSStreamingSessionURL GetIceServerConfig GetImages GetMedia* PutMedia ListFragments JoinStorageSession*",
	"cloudwatch":               "PutMetricData GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics",
	"logs":                     "GetLogEvents FilterLogEvents GetLogRecord GetLogObject StartQuery StopQuery GetQueryResults StartLiveTail StopLiveTail GetLogGroupFields",
	"ebs":                      "*",
	"ec2-instance-connect":     "OpenTunnel",
	"xray":                     "Put* GetTraceGraph BatchGetTraces GetTraceSummaries GetServiceGraph GetSampling*",
	"events":                   "PutEvents PutPartnerEvents",
	"states":                   "SendTask* GetActivityTask InvokeHTTPEndpoint StartSyncExecution",
	"bedrock":                  "*Invoke* Retrieve* RenderPrompt ApplyGuardrail AgenticRetrieveStream CountTokens *Session* *InvocationStep* CallWithBearerToken GetAgentMemory DeleteAgentMemory OptimizePrompt GenerateQuery Rerank",
	"bedrock-agentcore":        "Invoke* *Event* *Memory* *Session* *Stream* *Token* GetResourceApiKey GetWorkloadAccessToken*",
	"bedrock-mantle":           "*",
	"sagemaker":                "InvokeEndpoint* *Record BatchGetMetrics BatchPutMetrics Search CallMlflowAppApi CallPartnerAppApi CallWithBearerToken",
	"sagemaker-mlflow":         "*",
	"iot":                      "Publish *ThingShadow ListNamedShadowsForThing GetRetainedMessage ListRetainedMessages DeleteConnection AssumeRoleWithCertificate OpenTunnel CloseTunnel RotateTunnelAccessToken",
	"iotsitewise":              "BatchPutAssetPropertyValue BatchGetAssetProperty* GetAssetPropertyValue* GetInterpolatedAssetPropertyValues GetAssetPropertyAggregates ExecuteQuery",
	"iottwinmaker":             "*Entity* *PropertyValue* ExecuteQuery",
	"cognito-identity":         "GetId GetCredentialsForIdentity GetOpenIdToken* UnlinkIdentity LookupDeveloperIdentity",
	"cognito-sync":             "*",
	"rds-data":                 "*",
	"redshift-data":            "*",
	"timestream":               "Select* WriteRecords DescribeEndpoints CancelQuery PrepareQuery",
	"cassandra":                "Select* Modify* GetRecords GetShardIterator GetStream ListStreams",
	"neptune-graph":            "*DataViaQuery ExecuteQuery GetQuery* ListQueries CancelQuery GetGraphSummary",
	"dsql":                     "*",
	"sdb":                      "*Attributes Select",
	"qldb":                     "SendCommand PartiQL* ExecuteStatement",
	"elasticache":              "Connect",
	"memorydb":                 "Connect",
	"swf":                      "*Task* *WorkflowExecution* RecordMarker StartTimer CancelTimer Count*",
	"ses":                      "Send* BatchGetMetricData",
	"mobiletargeting":          "SendMessages SendUsersMessages PutEvents",
	"sms-voice":                "Send* PutMessageFeedback",
	"social-messaging":         "SendWhatsAppMessage* PostWhatsAppMessageMedia GetWhatsAppMessageMedia DeleteWhatsAppMessageMedia",
	"servicediscovery":         "DiscoverInstances*",
	"verifiedpermissions":      "IsAuthorized* BatchIsAuthorized*",
	"signer":                   "SignPayload GetRevocationStatus",
	"rum":                      "PutRumEvents",
	"guardduty":                "SendSecurityTelemetry GetMalwareScan",
	"ssmmessages":              "*",
	"ssm":                      "RequestManagedInstanceRoleToken StartExecutionPreview GetExecutionPreview",
	"cloudtrail-data":          "PutAuditEvents",
	"cloudfront-keyvaluestore": "*",
	"codeguru-profiler":        "ConfigureAgent PostAgentProfile",
	"codewhisperer":            "GenerateRecommendations",
	"q":                        "SendMessage GenerateCodeRecommendations StartConversation GetConversation",
	"qbusiness":                "Chat* *Document* *Message* *Conversation* PutFeedback SearchRelevantContent *Attachment* PutGroup DeleteGroup",
	"qapps":                    "*",
	"lex":                      "*Session PostContent PostText RecognizeText RecognizeUtterance StartConversation",
	"kendra-ranking":           "Rescore",
	"machinelearning":          "Predict",
	"managedblockchain":        "GET POST Invoke InvokeAsIAMUser",
	"managedblockchain-query":  "*",
	"medical-imaging":          "GetImageFrame GetImageSet* SearchImageSets ListImageSetVersions UpdateImageSetMetadata CopyImageSet DeleteImageSet GetDICOM*",
	"airflow":                  "InvokeRestApi",
	"greengrass":               "ResolveComponentCandidates GetDeployment* GetComponentVersionArtifact PutCertificateAuthorities VerifyClientDeviceI*",
	"finspace-api":             "*",
	"dataexchange":             "SendApiAsset",
	"deadline":                 "UpdateWorker* AssumeFleetRole* AssumeQueueRole* BatchGetJobEntity CreateWorker DeleteWorker ListSessionsForWorker",
	"payment-cryptography":     "*Data* *Pin* *Mac* Encrypt* Decrypt* ReEncrypt* Verify* Translate*",
	"pca-connector-scep":       "GetCACert* PKIOperation*",
	"geo":                      "*",
	"ecs":                      "Poll StartTelemetrySession PutSystemLogEvents",
	"geo-maps":                 "*",
	"geo-places":               "*",
	"geo-routes":               "*",
	"gameliftstreams":          "*StreamSession*",
	"healthlake":               "*Resource* Search*",
	"scn":                      "*DataIntegrationEvent* *Record*",
	"thinclient":               "*",
	"transform":                "*",
	"user-subscriptions":       "*",
	"wisdom":                   "QueryAssistant SendMessage GetRecommendations",
	"networkflowmonitor":       "Publish",
	"one":                      "*",
	"kms":                      "Decrypt Encrypt GenerateDataKey* ReEncrypt* GenerateMac VerifyMac Sign Verify GenerateRandom DeriveSharedSecret",
}
