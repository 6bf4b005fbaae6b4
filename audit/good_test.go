package audit_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"warden/account"
)

const (
	id       = "111122223333"
	trailARN = "arn:aws:cloudtrail:eu-west-1:" + id + ":trail/all"
	topic    = "arn:aws:sns:eu-west-1:" + id + ":security"
	profile  = "arn:aws:iam::" + id + ":instance-profile/web"
)

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time     { return now.Add(-time.Duration(days) * 24 * time.Hour) }
func at(days int) account.Moment { return account.On(ago(days)) }
func ptr[T any](v T) *T          { return &v }
func arn(resource string) string { return "arn:aws:iam::" + id + ":" + resource }

func by(call string) account.Evidence { return account.Evidence{Source: call, At: now} }

func known[T any](call string, v T) *account.Fact[T] {
	return &account.Fact[T]{Evidence: by(call), Value: v}
}

func never() account.Moment { return account.Word("N/A") }

// noKey is an empty place for a key.
func noKey() account.ReportedKey {
	return account.ReportedKey{Active: "false", LastRotated: never(), LastUsed: never()}
}

var regions = []string{
	"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
	"eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// patterns are filters that see everything that is to be seen.
var patterns = []string{
	`{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }`,
	`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`,
	`{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`,
	`{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DeleteUserPolicy)||($.eventName=PutGroupPolicy)||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||($.eventName=CreatePolicy)||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)||($.eventName=DeletePolicyVersion)||($.eventName=SetDefaultPolicyVersion)||($.eventName=AttachRolePolicy)||($.eventName=DetachRolePolicy)||($.eventName=AttachUserPolicy)||($.eventName=DetachUserPolicy)||($.eventName=AttachGroupPolicy)||($.eventName=DetachGroupPolicy)}`,
	`{ ($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging) }`,
	`{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }`,
	`{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }`,
	`{ ($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) || ($.eventName = PutBucketCors) || ($.eventName = PutBucketLifecycle) || ($.eventName = PutBucketReplication) || ($.eventName = DeleteBucketPolicy) || ($.eventName = DeleteBucketCors) || ($.eventName = DeleteBucketLifecycle) || ($.eventName = DeleteBucketReplication)) }`,
	`{ ($.eventSource = config.amazonaws.com) && (($.eventName=StopConfigurationRecorder)||($.eventName=DeleteDeliveryChannel)||($.eventName=PutDeliveryChannel)||($.eventName=PutConfigurationRecorder)) }`,
	`{ $.eventName = "*SecurityGroup*" }`,
	`{ $.eventName = "*NetworkAcl*" }`,
	`{ ($.eventName = "*CustomerGateway") || ($.eventName = "*InternetGateway") }`,
	`{ ($.eventName = "*Route") || ($.eventName = "*RouteTable*") }`,
	`{ ($.eventName = "*Vpc") || ($.eventName = "*VpcPeering*") || ($.eventName = "*VpcAttribute") || ($.eventName = "*VpcClassicLink") }`,
	`{ $.eventSource = organizations.amazonaws.com }`,
}

// good is an account in which every question that evidence can answer is
// answered with yes.
func good() *account.Snapshot {
	s := &account.Snapshot{Version: account.Version, Account: id, Partition: "aws", CollectedAt: now}
	s.Users = []account.User{
		{Name: "ann", ID: "AIDAANN", ARN: arn("user/ann"), CreateDate: ago(500), Groups: []string{"staff"}},
		{Name: "robot", ID: "AIDAROBOT", ARN: arn("user/robot"), CreateDate: ago(500), Groups: []string{"staff"}},
	}
	for i := range s.Users {
		s.Users[i].SSHKeys = known("iam:ListSSHPublicKeys", []account.SSHKey{})
	}
	s.Groups = []account.Group{{Name: "staff", ID: "AGPASTAFF", ARN: arn("group/staff"), Attached: []string{arn("policy/read")}}}
	s.Roles = []account.Role{{
		Name: "support", ID: "AROASUPPORT", ARN: arn("role/support"), CreateDate: ago(500), Attached: []string{"arn:aws:iam::aws:policy/AWSSupportAccess"},
		Trust:    json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"sts:AssumeRole"}]}`),
		LastUsed: &account.RoleUse{Date: ago(3), Region: "eu-west-1"}, Profiles: []string{profile},
	}}
	s.Policies = []account.ManagedPolicy{
		managed(arn("policy/read"), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::site/*"}}`),
		managed("arn:aws:iam::aws:policy/AWSSupportAccess", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"support:*","Resource":"*"}]}`),
		managed("arn:aws:iam::aws:policy/AdministratorAccess", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	}
	s.CredentialReport = &account.CredentialReport{Evidence: account.Evidence{Source: "iam:GetCredentialReport", At: now.Add(-time.Hour)}, Columns: 22, Rows: []account.CredentialRow{
		{
			User: account.RootUser, ARN: arn("root"), Created: at(2000), PasswordEnabled: "not_supported", PasswordLastUsed: at(300), PasswordLastChanged: account.Word("not_supported"), MFA: "true",
			Keys: [2]account.ReportedKey{noKey(), noKey()},
		},
		{
			User: "ann", ARN: arn("user/ann"), Created: at(500), PasswordEnabled: "true", PasswordLastUsed: at(2), PasswordLastChanged: at(50), MFA: "true",
			Keys: [2]account.ReportedKey{noKey(), noKey()},
		},
		{
			User: "robot", ARN: arn("user/robot"), Created: at(500), PasswordEnabled: "false", PasswordLastUsed: never(), PasswordLastChanged: never(), MFA: "false",
			Keys: [2]account.ReportedKey{{Active: "true", LastRotated: at(20), LastUsed: at(1), Region: "eu-west-1", Service: "s3"}, noKey()},
		},
	}}
	s.Summary = known("iam:GetAccountSummary", map[string]int{"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1})
	s.PasswordPolicy = known("iam:GetAccountPasswordPolicy", account.PasswordPolicy{
		Set: true, MinimumLength: 14, RequireSymbols: true, RequireNumbers: true, RequireUppercase: true, RequireLowercase: true,
		AllowUsersToChangePassword: true, ExpirePasswords: true, MaxAge: 90, ReusePrevention: 24,
	})
	s.VirtualMFA = known("iam:ListVirtualMFADevices", []account.MFADevice{{Serial: arn("mfa/ann"), User: arn("user/ann"), Enabled: ptr(ago(50))}})
	s.ServiceCredentials = known("iam:ListServiceSpecificCredentials", []account.ServiceCredential{})
	s.ServerCertificates = known("iam:ListServerCertificates", []account.ServerCertificate{{Name: "www", ID: "ASCAWWW", ARN: arn("server-certificate/www"), Expiration: ptr(now.Add(24 * time.Hour))}})
	s.Organization = known("organizations:DescribeOrganization", account.Organization{ID: "o-1", ManagementAccount: id, AllFeatures: true})
	s.CentralRoot = known("iam:ListOrganizationsFeatures", account.CentralRoot{RootCredentialsManagement: true})
	s.Buckets = known("s3", []account.Bucket{{Name: "logs", Public: ptr(false), AccessLogging: ptr(true)}})
	s.SecurityContact = known("account:GetAlternateContact", account.Contact{Set: true})
	s.PublicAccessBlock = known("s3:GetAccountPublicAccessBlock", account.PublicAccessBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true})
	for _, name := range regions {
		r := account.Region{Name: name}
		r.SecurityHub = known("securityhub:DescribeHub", account.Hub{Enabled: true})
		r.Trails = known("cloudtrail:DescribeTrails", []account.Trail{{
			Name: "all", ARN: trailARN, Home: "eu-west-1", MultiRegion: true, GlobalEvents: true, LogValidation: true, Bucket: "logs",
			LogGroup: "arn:aws:logs:eu-west-1:" + id + ":log-group:trail:*", KMSKey: "arn:aws:kms:eu-west-1:" + id + ":key/1",
			Status:    &account.TrailStatus{Logging: true, LastDelivery: ptr(now), LastLogsDelivery: ptr(now)},
			Selectors: []account.EventSelector{{Management: true, ReadEvents: true, WriteEvents: true}, {ReadEvents: true, WriteEvents: true, DataResources: []string{"AWS::S3::Object"}}},
		}})
		r.Recorders = known("config:DescribeConfigurationRecorders", []account.Recorder{{Name: "default", Recording: true, LastStatus: "Success", AllSupported: true, GlobalTypes: name == "eu-west-1"}})
		r.Analyzers = known("access-analyzer:ListAnalyzers", []account.Analyzer{{Name: "external", Type: "ACCOUNT", Status: "ACTIVE"}})
		r.MetricFilters = known("logs:DescribeMetricFilters", []account.MetricFilter{})
		r.Alarms = known("cloudwatch:DescribeAlarms", []account.Alarm{})
		r.Topics = known("sns:ListSubscriptionsByTopic", []account.Topic{})
		r.Keys = known("kms:DescribeKey", []account.Key{{ID: "1", ARN: "arn:aws:kms:" + name + ":" + id + ":key/1", Manager: "CUSTOMER", State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Origin: "AWS_KMS",
			Rotation: &account.KeyRotation{Enabled: true, Period: 365}}})
		r.VPCs = known("ec2:DescribeVpcs", []account.VPC{{ID: "vpc-1", Owner: id}})
		r.FlowLogs = known("ec2:DescribeFlowLogs", []account.FlowLog{{ID: "fl-1", Resource: "vpc-1", Traffic: "REJECT", Status: "ACTIVE", Delivery: "SUCCESS", Destination: "arn:aws:s3:::logs"}})
		r.Instances = known("ec2:DescribeInstances", []account.Instance{{ID: "i-1", State: "running", Profile: profile}})
		s.Regions = append(s.Regions, r)
	}
	r := home(s)
	for i, text := range patterns {
		name := fmt.Sprintf("filter-%d", i)
		metric := account.Metric{Namespace: "CIS", Name: name, Value: "1"}
		r.MetricFilters.Value = append(r.MetricFilters.Value, account.MetricFilter{Name: name, LogGroup: "trail", Pattern: text, Metrics: []account.Metric{metric}})
		r.Alarms.Value = append(r.Alarms.Value, account.Alarm{Name: "alarm-" + name, Metrics: []account.Metric{metric}, Actions: []string{topic}, ActionsEnabled: true,
			Statistic: "Sum", Comparison: "GreaterThanOrEqualToThreshold", Threshold: ptr(1.0), Period: 300, EvaluationPeriods: 1})
	}
	r.Topics.Value = []account.Topic{{ARN: topic, Subscriptions: []account.Subscription{{Protocol: "email", Confirmed: true}}}}
	return s
}

// home is the region of the trail.
func home(s *account.Snapshot) *account.Region {
	return &s.Regions[slices.IndexFunc(s.Regions, func(r account.Region) bool { return r.Name == "eu-west-1" })]
}

func managed(arn, document string) account.ManagedPolicy {
	return account.ManagedPolicy{ARN: arn, ID: "ANPA" + arn[len(arn)-4:], Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(document)}}}
}

// row is a line of the report.
func row(s *account.Snapshot, user string) *account.CredentialRow {
	r, _ := s.CredentialReport.Row(user)
	return r
}

// lose takes evidence away and says why.
func lose(s *account.Snapshot, call string) {
	s.Gaps = append(s.Gaps, account.Gap{What: call, Reason: "AccessDenied"})
}
