package architecture

// doors is every call to AWS that warden can make. A new call needs a row and
// a reason here; a row that nothing uses any more fails too.
var doors = []Door{
	// Writes to identities: here only.
	{Package: "change/apply", Service: "iam", Why: "carries out the steps of a plan", Operations: []string{
		"AttachUserPolicy", "DetachUserPolicy", "AttachRolePolicy", "DetachRolePolicy", "AttachGroupPolicy", "DetachGroupPolicy",
		"PutUserPolicy", "DeleteUserPolicy", "PutRolePolicy", "DeleteRolePolicy",
		"PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "UpdateAccessKey",
		"CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"}},
	{Package: "change/apply", Service: "iam", Why: "takes back who may become an identity, and with which credentials", Operations: []string{
		"PutGroupPolicy", "DeleteGroupPolicy", "UpdateAssumeRolePolicy", "AddUserToGroup", "RemoveUserFromGroup", "DeleteLoginProfile",
		"UpdateSSHPublicKey", "UpdateSigningCertificate", "UpdateServiceSpecificCredential",
		"AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile",
		"AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider",
		"CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "CreateSAMLProvider", "DeleteSAMLProvider"}},
	{Package: "change/apply", Service: "iam", Why: "reads these before the step and again after it", Operations: []string{
		"GetGroupPolicy", "ListGroupsForUser", "GetLoginProfile", "ListSSHPublicKeys", "ListSigningCertificates", "ListServiceSpecificCredentials",
		"ListInstanceProfilesForRole", "GetOpenIDConnectProvider", "GetSAMLProvider"}},
	{Package: "change/apply", Service: "iam", Why: "reads a setting before its step and again after it", Operations: []string{
		"GetUser", "GetRole", "GetGroup", "GetPolicy", "GetPolicyVersion", "GetUserPolicy", "GetRolePolicy", "ListAccessKeys",
		"ListAttachedUserPolicies", "ListAttachedRolePolicies", "ListAttachedGroupPolicies"}},
	{Package: "change/apply", Service: "iam", Why: "reads what else an identity holds, to show what an undo would grant again", Operations: []string{
		"ListUserPolicies", "ListRolePolicies", "ListGroupPolicies", "ListGroupsForUser", "GetGroupPolicy"}},
	{Package: "change/apply", Service: "iam", Why: "finds a user who was renamed since, by his unique id, to give back what was put on him", Operations: []string{"ListUsers"}},
	{Package: "change/apply", Service: "organizations", Why: "puts denials into the organisation's policy for those whom the account cannot deny, and takes them out", Operations: []string{
		"DescribePolicy", "UpdatePolicy"}},

	// Reads.
	{Package: "account/collect", Service: "iam", Why: "looks up one identity as it is now, for the guard", Operations: []string{
		"GetUser", "GetRole", "ListGroupsForUser", "ListAccessKeys", "GetPolicy", "GetPolicyVersion"}},
	{Package: "account/collect", Service: "iam", Why: "finds the group that a call changed, and the version that was in force before", Operations: []string{
		"GetGroup", "ListPolicyVersions"}},
	{Package: "account/collect", Service: "iam", Why: "finds who is an administrator, by group or by tag", Operations: []string{"GetGroup"}},
	{Package: "account/collect", Service: "iam", Why: "finds a caller who was renamed since, by his unique id", Operations: []string{"ListUsers"}},
	{Package: "account/collect", Service: "iam", Why: "reads a whole account, for questions that no single look-up answers", Operations: []string{
		"GetAccountAuthorizationDetails"}},
	{Package: "account/collect", Service: "iam", Why: "has a report of credentials made, which changes nothing that anybody can use, and reads it", Operations: []string{
		"GenerateCredentialReport", "GetCredentialReport"}},
	{Package: "account/collect", Service: "iam", Why: "reads the settings of a whole account, for an audit", Operations: []string{
		"GetAccountSummary", "GetAccountPasswordPolicy", "ListAccountAliases", "ListVirtualMFADevices", "ListServiceSpecificCredentials",
		"ListServerCertificates", "ListOrganizationsFeatures"}},
	{Package: "account/collect", Service: "iam", Why: "reads what only a call for each user tells, when told to", Operations: []string{
		"ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates", "GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"}},
	{Package: "account/collect", Service: "organizations", Why: "reads in which organisation an account is, and which policies stand above it", Operations: []string{
		"DescribeOrganization", "ListParents", "ListPoliciesForTarget", "DescribePolicy", "ListAccounts"}},
	{Package: "account/collect", Service: "cloudtrail", Why: "reads what is recorded, for an audit", Operations: []string{
		"DescribeTrails", "GetTrailStatus", "GetEventSelectors"}},
	{Package: "account/collect", Service: "cloudwatchlogs", Why: "reads which lines of a trail are counted", Operations: []string{"DescribeMetricFilters"}},
	{Package: "account/collect", Service: "cloudwatch", Why: "reads which counts give an alarm", Operations: []string{"DescribeAlarms"}},
	{Package: "account/collect", Service: "sns", Why: "reads whether an alarm tells somebody", Operations: []string{"ListSubscriptionsByTopic"}},
	{Package: "account/collect", Service: "configservice", Why: "reads whether AWS Config records", Operations: []string{
		"DescribeConfigurationRecorders", "DescribeConfigurationRecorderStatus"}},
	{Package: "account/collect", Service: "s3", Why: "reads who reaches the bucket of a trail", Operations: []string{
		"GetBucketLocation", "GetBucketPolicyStatus", "GetBucketAcl", "GetPublicAccessBlock", "GetBucketLogging"}},
	{Package: "account/collect", Service: "s3control", Why: "reads what the account forbids its buckets", Operations: []string{"GetPublicAccessBlock"}},
	{Package: "account/collect", Service: "account", Why: "reads whether somebody gets AWS's letters about security", Operations: []string{"GetAlternateContact"}},
	{Package: "account/collect", Service: "securityhub", Why: "reads whether Security Hub is on", Operations: []string{"DescribeHub"}},
	{Package: "account/collect", Service: "kms", Why: "reads whether keys rotate", Operations: []string{"ListKeys", "DescribeKey", "GetKeyRotationStatus"}},
	{Package: "account/collect", Service: "ec2", Why: "reads whether networks are logged, and which instances have a role", Operations: []string{
		"DescribeVpcs", "DescribeFlowLogs", "DescribeInstances"}},
	{Package: "account/collect", Service: "accessanalyzer", Why: "reads whether access from outside is looked for", Operations: []string{"ListAnalyzers"}},
	{Package: "cmd/warden", Files: "simulate_aws.go", Service: "iam", Why: "asks AWS's own simulator the same, when told to", Operations: []string{
		"SimulatePrincipalPolicy", "SimulateCustomPolicy"}},
	{Package: "app", Service: "sts", Why: "learns whose account it works in before it does anything", Operations: []string{"GetCallerIdentity"}},
	{Package: "app", Service: "sts", Why: "becomes the role that --role-arn names", Operations: []string{"AssumeRole"}},
	{Package: "app", Service: "sfn", Why: "lets a workflow go on that waits for the decision just made", Operations: []string{
		"SendTaskSuccess", "SendTaskFailure"}},

	// The ledger in AWS: no call here can change or remove what is stored.
	{Package: "change/ledger", Service: "dynamodb", Why: "appends to the ledger, on the condition that the place is free, and reads it", Operations: []string{
		"GetItem", "PutItem", "Query", "TransactWriteItems"}},
	{Package: "change/ledger", Service: "dynamodb", Why: "leaves a person's decision under his unique id, and reads what people left", Operations: []string{
		"PutItem", "Scan"}},

	// The guard's own queue and voice.
	{Package: "trail/source", Service: "sqs", Why: "reads the guard's queue and removes what is dealt with", Operations: []string{
		"ReceiveMessage", "DeleteMessage"}},
	{Package: "trail/source", Service: "cloudtrail", Why: "reads the event history, for what the rule did not bring", Operations: []string{
		"LookupEvents"}},
	{Package: "cmd/warden-lambda", Service: "sqs", Why: "lets a message that failed come again before the queue's long time-out", Operations: []string{
		"ChangeMessageVisibilityBatch"}},
	{Package: "cmd/warden-lambda", Service: "sqs", Why: "orders the looks at a containment that was just made", Operations: []string{
		"SendMessageBatch"}},
	{Package: "cmd/warden-lambda", Service: "sfn", Why: "hands an event to the workflow that asks people first", Operations: []string{
		"StartExecution"}},
	{Package: "report/deliver", Service: "s3", Why: "stores reports, and reads the one before", Operations: []string{
		"PutObject", "GetObject"}},
	{Package: "notify", Service: "sns", Why: "tells people", Operations: []string{"Publish"}},
	{Package: "notify/hub", Service: "securityhub", Why: "tells Security Hub what an audit found, when told to, and asks first what it has from before", Operations: []string{
		"GetFindings", "BatchImportFindings"}},

	// What doctor looks at, nothing of which it changes.
	{Package: "doctor/look", Service: "cloudtrail", Why: "checks that a trail logs management events", Operations: []string{
		"DescribeTrails", "GetTrailStatus", "GetEventSelectors"}},
	{Package: "doctor/look", Service: "eventbridge", Why: "checks the rules that bring events", Operations: []string{
		"ListRules", "ListTargetsByRule"}},
	{Package: "doctor/look", Service: "sqs", Why: "checks who may write to the guard's queues", Operations: []string{
		"GetQueueUrl", "GetQueueAttributes"}},
	{Package: "doctor/look", Service: "lambda", Why: "checks that the guard's functions run, and who may run them", Operations: []string{
		"GetFunctionConfiguration", "GetFunctionConcurrency", "GetPolicy", "ListEventSourceMappings"}},
	{Package: "doctor/look", Service: "dynamodb", Why: "checks that the ledger cannot be lost", Operations: []string{
		"DescribeTable", "DescribeContinuousBackups", "GetResourcePolicy"}},
	{Package: "doctor/look", Service: "sns", Why: "checks that somebody is told", Operations: []string{"GetTopicAttributes", "ListSubscriptionsByTopic"}},
	{Package: "doctor/look", Service: "cloudwatch", Why: "checks the alarms, and when the functions last ran", Operations: []string{
		"DescribeAlarms", "GetMetricStatistics"}},
	{Package: "doctor/look", Service: "iam", Why: "checks warden's own roles and policy, and that there are administrators", Operations: []string{
		"GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion", "GetGroup", "GetUser"}},
	{Package: "doctor/look", Service: "organizations", Why: "checks which policies stand above the account", Operations: []string{
		"DescribeOrganization", "ListPoliciesForTarget", "ListParents", "DescribePolicy"}},

	// Calls that only ever reach the twin or another emulator.
	{Package: "cmd/warden", Files: "demo*.go", Service: "iam", Staged: true, Why: "is what the demo's intruder and administrator do, on the demo's twin",
		Operations: []string{"CreateUser", "CreateAccessKey", "AttachUserPolicy", "DetachUserPolicy", "ListUsers"}},
	{Package: "cmd/warden", Files: "demo*.go", Service: "sts", Staged: true, Why: "shows which keys work on the demo's twin",
		Operations: []string{"GetCallerIdentity"}},
	{Package: "internal/stage", Service: "sqs", Staged: true, Why: "makes the guard's queue on the twin", Operations: []string{
		"CreateQueue", "GetQueueAttributes", "SetQueueAttributes"}},
	{Package: "internal/stage", Service: "eventbridge", Staged: true, Why: "makes the rule that fills it", Operations: []string{
		"PutRule", "PutTargets", "PutPermission"}},
	{Package: "internal/stage", Service: "sns", Staged: true, Why: "makes the topic that people subscribe to", Operations: []string{
		"CreateTopic"}},
	{Package: "internal/stage", Service: "iam", Staged: true, Why: "makes the operators who give back, with their roles and MFA", Operations: []string{
		"CreateUser", "PutUserPolicy", "CreateAccessKey", "CreateVirtualMFADevice", "EnableMFADevice", "CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy"}},
	{Package: "internal/stage", Service: "sts", Staged: true, Why: "gives a person a session with MFA", Operations: []string{
		"GetSessionToken"}},
	{Package: "bench/calls", Service: "iam", Staged: true, Why: "is the load that is measured", Operations: []string{
		"CreateUser", "GetUser"}},
}
