package look_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	ct "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamo "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	it "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lt "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	ot "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"

	"warden/change/ledger"
	"warden/deploy"
	"warden/doctor"
	"warden/doctor/look"
	"warden/finding"
	"warden/guard"
	"warden/internal/fixture"
	"warden/policy"
	"warden/policy/catalog"
)

// moto's account.
const (
	acct       = "123456789012"
	breakGlass = "arn:aws:iam::123456789012:user/break-glass"
)

var place = deploy.Place{Partition: "aws", Region: "us-east-1", Account: acct}

// world is an account on moto in which the template's things were made by the
// SDK, and clients that record which operations they call.
type world struct {
	t      *testing.T
	ctx    context.Context
	cfg    aws.Config
	called map[string]bool
	look   look.Clients
	watch  *fakeCloudWatch
	want   doctor.Want
	subs   string // ARN of the subscription
	member string // an account that moto's organisation created
}

func ok[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		return v
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), called: map[string]bool{}, watch: &fakeCloudWatch{alarms: map[string]doctor.WantAlarm{}, runs: map[string]time.Time{}}}
	w.cfg = aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(fixture.Moto(t)),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		// A connection that moto closes while it is used again loses the answer
		// of a call that took effect, and the SDK makes that call twice.
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = true }),
	}
	recorded := w.cfg.Copy()
	lock := make(chan struct{}, 1)
	recorded.APIOptions = append(recorded.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("record", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			lock <- struct{}{}
			w.called[awsmiddleware.GetServiceID(ctx)+" "+awsmiddleware.GetOperationName(ctx)] = true
			<-lock
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	})
	org := organizations.NewFromConfig(recorded)
	watched := recorded.Copy()
	watched.BaseEndpoint = aws.String(w.watch.start(t))
	w.look = look.Clients{
		CloudWatch: cloudwatch.NewFromConfig(watched), DynamoDB: dynamodb.NewFromConfig(recorded), IAM: iam.NewFromConfig(recorded),
		Lambda: lambda.NewFromConfig(recorded), SNS: sns.NewFromConfig(recorded), SQS: sqs.NewFromConfig(recorded),
		Organization: org, Policies: org,
		Regions: map[string]look.Regional{"us-east-1": {CloudTrail: cloudtrail.NewFromConfig(recorded), EventBridge: eventbridge.NewFromConfig(recorded)}},
	}
	return w
}

func (w *world) facts() *doctor.Facts {
	return look.Look(w.ctx, w.look, look.Place{Account: acct, Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1"}}, w.want, time.Now())
}

// build makes what the templates would.
func (w *world) build() {
	t := w.t
	stack, err := deploy.Resolve("guard", place, map[string]string{"ProtectedArns": breakGlass})
	if err != nil {
		t.Fatal(err)
	}
	document := func(resource, property string) *string {
		text, err := stack.Document(resource, property)
		if err != nil {
			t.Fatal(err)
		}
		return aws.String(text)
	}
	s3c := s3.NewFromConfig(w.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	ok[*s3.CreateBucketOutput](w)(s3c.CreateBucket(w.ctx, &s3.CreateBucketInput{Bucket: aws.String("trail-bucket")}))
	trails := cloudtrail.NewFromConfig(w.cfg)
	ok[*cloudtrail.CreateTrailOutput](w)(trails.CreateTrail(w.ctx, &cloudtrail.CreateTrailInput{
		Name: aws.String("warden"), S3BucketName: aws.String("trail-bucket"), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true), IncludeGlobalServiceEvents: aws.Bool(true),
	}))
	ok[*cloudtrail.StartLoggingOutput](w)(trails.StartLogging(w.ctx, &cloudtrail.StartLoggingInput{Name: aws.String("warden")}))

	// AWS gives a new trail this selector, moto none.
	ok[*cloudtrail.PutEventSelectorsOutput](w)(trails.PutEventSelectors(w.ctx, &cloudtrail.PutEventSelectorsInput{
		TrailName: aws.String("warden"), EventSelectors: []ct.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: ct.ReadWriteTypeAll}},
	}))

	topic := ok[*sns.CreateTopicOutput](w)(sns.NewFromConfig(w.cfg).CreateTopic(w.ctx, &sns.CreateTopicInput{Name: aws.String("warden-alerts")}))
	w.subs = aws.ToString(ok[*sns.SubscribeOutput](w)(sns.NewFromConfig(w.cfg).Subscribe(w.ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sms"), Endpoint: aws.String("+15555550100"), ReturnSubscriptionArn: true,
	})).SubscriptionArn)

	environment := map[string]string{
		"ADMIN_GROUP_NAME": "Administrators", "PROTECTED": breakGlass, "LEDGER_TABLE": "warden-ledger", "SNS_TOPIC_ARN": aws.ToString(topic.TopicArn),
	}
	if w.want, err = deploy.Wanted(place, environment); err != nil {
		t.Fatal(err)
	}

	queues := sqs.NewFromConfig(w.cfg)
	// The queue of dead letters first: the others name it.
	slices.SortFunc(w.want.Queues, func(a, b doctor.WantQueue) int {
		switch {
		case a.Dead == b.Dead:
			return strings.Compare(a.Name, b.Name)
		case a.Dead:
			return -1
		}
		return 1
	})
	for _, q := range w.want.Queues {
		attributes := map[string]string{
			"VisibilityTimeout": "360", "Policy": *document("QueuePolicy", "PolicyDocument"), "MessageRetentionPeriod": fmt.Sprint(q.Retention),
		}
		if q.Role != "" {
			attributes["Policy"] = *document("HoldQueuePolicy", "PolicyDocument")
		}
		if !q.Dead {
			attributes["RedrivePolicy"] = `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:` + acct + `:warden-guard-dead","maxReceiveCount":"10"}`
		}
		ok[*sqs.CreateQueueOutput](w)(queues.CreateQueue(w.ctx, &sqs.CreateQueueInput{QueueName: aws.String(q.Name), Attributes: attributes}))
	}
	rules := eventbridge.NewFromConfig(w.cfg)
	for _, r := range w.want.Rules {
		ok[*eventbridge.PutRuleOutput](w)(rules.PutRule(w.ctx, &eventbridge.PutRuleInput{Name: aws.String(r.Name), EventPattern: aws.String(r.Pattern), State: eb.RuleStateEnabled}))
		ok[*eventbridge.PutTargetsOutput](w)(rules.PutTargets(w.ctx, &eventbridge.PutTargetsInput{Rule: aws.String(r.Name), Targets: []eb.Target{{Id: aws.String("queue"), Arn: aws.String(r.Target)}}}))
	}
	ids := iam.NewFromConfig(w.cfg)
	ok[*iam.CreatePolicyOutput](w)(ids.CreatePolicy(w.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("DENY-IAM"), PolicyDocument: aws.String(guard.DenyDocument())}))
	for _, r := range w.want.Roles {
		ok[*iam.CreateRoleOutput](w)(ids.CreateRole(w.ctx, &iam.CreateRoleInput{RoleName: aws.String(r.Name), AssumeRolePolicyDocument: document("GuardRole", "AssumeRolePolicyDocument")}))
		ok[*iam.PutRolePolicyOutput](w)(ids.PutRolePolicy(w.ctx, &iam.PutRolePolicyInput{RoleName: aws.String(r.Name), PolicyName: aws.String("guard"), PolicyDocument: document("GuardRolePolicy", "PolicyDocument")}))
		ok[*iam.CreatePolicyOutput](w)(ids.CreatePolicy(w.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("harmless"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}`)}))
		ok[*iam.AttachRolePolicyOutput](w)(ids.AttachRolePolicy(w.ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(r.Name), PolicyArn: aws.String("arn:aws:iam::" + acct + ":policy/harmless")}))
	}
	ok[*iam.CreateGroupOutput](w)(ids.CreateGroup(w.ctx, &iam.CreateGroupInput{GroupName: aws.String("Administrators")}))
	ok[*iam.CreateUserOutput](w)(ids.CreateUser(w.ctx, &iam.CreateUserInput{UserName: aws.String("break-glass")}))
	ok[*iam.AddUserToGroupOutput](w)(ids.AddUserToGroup(w.ctx, &iam.AddUserToGroupInput{GroupName: aws.String("Administrators"), UserName: aws.String("break-glass")}))

	var code bytes.Buffer
	z := zip.NewWriter(&code)
	ok[any](w)(z.Create("bootstrap"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(w.cfg)
	for _, fn := range w.want.Functions {
		ok[*lambda.CreateFunctionOutput](w)(functions.CreateFunction(w.ctx, &lambda.CreateFunctionInput{
			FunctionName: aws.String(fn.Name), Handler: aws.String(fn.Handler), Runtime: lt.RuntimeProvidedal2023, Code: &lt.FunctionCode{ZipFile: code.Bytes()},
			Role: aws.String(fn.Role), Timeout: aws.Int32(int32(fn.Seconds)), Environment: &lt.Environment{Variables: environment},
		}))
		for _, q := range fn.Queues {
			ok[*lambda.CreateEventSourceMappingOutput](w)(functions.CreateEventSourceMapping(w.ctx, &lambda.CreateEventSourceMappingInput{
				FunctionName: aws.String(fn.Name), EventSourceArn: aws.String(q), FunctionResponseTypes: []lt.FunctionResponseType{lt.FunctionResponseTypeReportBatchItemFailures},
			}))
		}
		if fn.Every > 0 {
			ok[*lambda.AddPermissionOutput](w)(functions.AddPermission(w.ctx, &lambda.AddPermissionInput{
				FunctionName: aws.String(fn.Name), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"), StatementId: aws.String("schedule"),
				SourceArn: aws.String("arn:aws:events:us-east-1:" + acct + ":rule/" + fn.Name),
			}))
		}
		w.watch.runs[fn.Name] = time.Now().Add(-time.Minute)
	}
	for _, a := range w.want.Alarms {
		w.watch.alarms[a.Name] = a
	}
	tables := dynamodb.NewFromConfig(w.cfg)
	definition := ledger.TableDefinition(w.want.Table)
	definition.DeletionProtectionEnabled = aws.Bool(true)
	ok[*dynamodb.CreateTableOutput](w)(tables.CreateTable(w.ctx, definition))
	ok[*dynamodb.PutResourcePolicyOutput](w)(tables.PutResourcePolicy(w.ctx, &dynamodb.PutResourcePolicyInput{
		ResourceArn: aws.String("arn:aws:dynamodb:us-east-1:" + acct + ":table/" + w.want.Table), Policy: aws.String(w.want.TablePolicy),
	}))
	ok[*dynamodb.UpdateContinuousBackupsOutput](w)(tables.UpdateContinuousBackups(w.ctx, &dynamodb.UpdateContinuousBackupsInput{
		TableName: aws.String(w.want.Table), PointInTimeRecoverySpecification: &dynamo.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
	}))
}

// organise makes an organisation with a member, and attaches the two policies.
func (w *world) organise() {
	orgs := organizations.NewFromConfig(w.cfg)
	ok[*organizations.CreateOrganizationOutput](w)(orgs.CreateOrganization(w.ctx, &organizations.CreateOrganizationInput{FeatureSet: ot.OrganizationFeatureSetAll}))
	root := ok[*organizations.ListRootsOutput](w)(orgs.ListRoots(w.ctx, &organizations.ListRootsInput{})).Roots[0].Id
	ok[*organizations.EnablePolicyTypeOutput](w)(orgs.EnablePolicyType(w.ctx, &organizations.EnablePolicyTypeInput{RootId: root, PolicyType: ot.PolicyTypeServiceControlPolicy}))
	unit := ok[*organizations.CreateOrganizationalUnitOutput](w)(orgs.CreateOrganizationalUnit(w.ctx, &organizations.CreateOrganizationalUnitInput{ParentId: root, Name: aws.String("work")})).OrganizationalUnit.Id
	made := ok[*organizations.CreateAccountOutput](w)(orgs.CreateAccount(w.ctx, &organizations.CreateAccountInput{AccountName: aws.String("member"), Email: aws.String("m@example.com")}))
	w.member = aws.ToString(made.CreateAccountStatus.AccountId)
	ok[*organizations.MoveAccountOutput](w)(orgs.MoveAccount(w.ctx, &organizations.MoveAccountInput{AccountId: aws.String(w.member), SourceParentId: root, DestinationParentId: unit}))
	stack, err := deploy.Resolve("guard-organisation", place, map[string]string{"GuardAccountId": w.member})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"Pin", "Guardrail"} {
		content, err := json.Marshal(stack.Resources[name].Properties["Content"])
		if err != nil {
			w.t.Fatal(err)
		}
		p := ok[*organizations.CreatePolicyOutput](w)(orgs.CreatePolicy(w.ctx, &organizations.CreatePolicyInput{
			Name: aws.String("Warden" + name), Description: aws.String(name), Type: ot.PolicyTypeServiceControlPolicy, Content: aws.String(string(content)),
		})).Policy.PolicySummary
		ok[*organizations.AttachPolicyOutput](w)(orgs.AttachPolicy(w.ctx, &organizations.AttachPolicyInput{PolicyId: p.Id, TargetId: unit}))
		if name == "Guardrail" {
			w.want.Guardrail = aws.ToString(p.Arn)
		}
	}
}

// What moto does otherwise than AWS, so that these checks cannot pass on it.
var onMoto = map[string]string{
	"trail.whole": "moto delivers nothing and names no time of a delivery",
	"rules.reads": "the state is ENABLED here",
	"scp.seen":    "moto's own account is the management account, which no policy binds",
	"scp.pin":     "moto's own account is the management account",
}

func TestLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.build()
	report := doctor.Examine(w.facts())
	for _, res := range report.Results {
		if _, differs := onMoto[res.Check]; !differs && res.Status != finding.Pass && res.Need != doctor.Pin && res.Check != "function.code" {
			t.Errorf("%s %s: %s: %s", res.Check, res.Where, res.Status, res.Evidence)
		}
	}
	if t.Failed() {
		return
	}
	w.breakEverything()
	w.organise()
	facts := look.Look(w.ctx, w.look, look.Place{Account: w.member, Partition: "aws", Home: "us-east-1", Regions: []string{"us-east-1"}}, w.want, time.Now())
	// moto answers for the management account whoever asks; the way up from
	// the member is the same.
	if facts.SCPs.Gap != "" || len(facts.SCPs.Value) != 3 || len(facts.SCPs.Value[1].Policies) != 3 {
		t.Errorf("the policies above the member: %+v", facts.SCPs)
	}
	for _, res := range doctor.Examine(facts).Results {
		if res.Check == "scp.guardrail" && res.Status != finding.Pass {
			t.Errorf("%s: %s %s", res.Check, res.Status, res.Evidence)
		}
	}
	w.leastPrivilege()
}

// breakEverything takes away one thing after another; the check that is about
// it fails from then on.
func (w *world) breakEverything() {
	rules, queues, functions := eventbridge.NewFromConfig(w.cfg), sqs.NewFromConfig(w.cfg), lambda.NewFromConfig(w.cfg)
	ids, trails := iam.NewFromConfig(w.cfg), cloudtrail.NewFromConfig(w.cfg)
	queue := func(name string) *string {
		return ok[*sqs.GetQueueUrlOutput](w)(queues.GetQueueUrl(w.ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})).QueueUrl
	}
	for _, tt := range []struct {
		check string
		do    func() error
	}{
		{"rules.enabled", func() error {
			_, err := rules.DisableRule(w.ctx, &eventbridge.DisableRuleInput{Name: aws.String("warden-guard-identity")})
			return err
		}},
		{"function.settings", func() error {
			_, err := functions.UpdateFunctionConfiguration(w.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("warden-guard-sweep"), Role: aws.String("arn:aws:iam::" + acct + ":role/other")})
			return err
		}},
		{"dead.letters", func() error {
			_, err := queues.SendMessage(w.ctx, &sqs.SendMessageInput{QueueUrl: queue("warden-guard-dead"), MessageBody: aws.String("x")})
			return err
		}},
		{"queue.policy", func() error {
			_, err := queues.SetQueueAttributes(w.ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue("warden-guard"), Attributes: map[string]string{"Policy": ""}})
			return err
		}},
		{"queue.settings", func() error {
			_, err := queues.SetQueueAttributes(w.ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue("warden-guard-hold"), Attributes: map[string]string{"MessageRetentionPeriod": "60"}})
			return err
		}},
		{"function.capacity", func() error {
			_, err := functions.PutFunctionConcurrency(w.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("warden-guard"), ReservedConcurrentExecutions: aws.Int32(0)})
			return err
		}},
		{"function.closed", func() error {
			_, err := functions.AddPermission(w.ctx, &lambda.AddPermissionInput{FunctionName: aws.String("warden-guard"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com"), StatementId: aws.String("evil")})
			return err
		}},
		{"function.events", func() error {
			all, err := functions.ListEventSourceMappings(w.ctx, &lambda.ListEventSourceMappingsInput{FunctionName: aws.String("warden-guard")})
			if err != nil {
				return err
			}
			_, err = functions.DeleteEventSourceMapping(w.ctx, &lambda.DeleteEventSourceMappingInput{UUID: all.EventSourceMappings[0].UUID})
			return err
		}},
		{"people.told", func() error {
			_, err := sns.NewFromConfig(w.cfg).Unsubscribe(w.ctx, &sns.UnsubscribeInput{SubscriptionArn: aws.String(w.subs)})
			return err
		}},
		{"alarms.set", func() error {
			w.watch.mu.Lock()
			defer w.watch.mu.Unlock()
			delete(w.watch.alarms, w.want.Alarms[0].Name)
			return nil
		}},
		{"sweep.recent", func() error {
			w.watch.mu.Lock()
			defer w.watch.mu.Unlock()
			delete(w.watch.runs, "warden-guard-sweep")
			return nil
		}},
		{"ledger.kept", func() error {
			_, err := dynamodb.NewFromConfig(w.cfg).UpdateTable(w.ctx, &dynamodb.UpdateTableInput{TableName: aws.String(w.want.Table), DeletionProtectionEnabled: aws.Bool(false)})
			return err
		}},
		{"ledger.table", func() error {
			_, err := dynamodb.NewFromConfig(w.cfg).DeleteTable(w.ctx, &dynamodb.DeleteTableInput{TableName: aws.String(w.want.Table)})
			return err
		}},
		{"role.limits", func() error {
			_, err := ids.AttachRolePolicy(w.ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("warden-guard"), PolicyArn: aws.String(w.policy("evil", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:DetachUserPolicy","Resource":"*"}}`))})
			return err
		}},
		{"role.trust", func() error {
			_, err := ids.UpdateAssumeRolePolicy(w.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("warden-guard"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)})
			return err
		}},
		{"role.guard", func() error {
			_, err := ids.DeleteRolePolicy(w.ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("warden-guard"), PolicyName: aws.String("guard")})
			return err
		}},
		{"deny.policy", func() error {
			_, err := ids.CreatePolicyVersion(w.ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(w.want.DenyPolicyARN), SetAsDefault: true, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}`)})
			return err
		}},
		{"admins.exist", func() error {
			_, err := ids.RemoveUserFromGroup(w.ctx, &iam.RemoveUserFromGroupInput{GroupName: aws.String("Administrators"), UserName: aws.String("break-glass")})
			return err
		}},
		{"breakglass.named", func() error {
			_, err := ids.DeleteUser(w.ctx, &iam.DeleteUserInput{UserName: aws.String("break-glass")})
			return err
		}},
		{"trail.logging", func() error {
			_, err := trails.StopLogging(w.ctx, &cloudtrail.StopLoggingInput{Name: aws.String("warden")})
			return err
		}},
		{"function.ready", func() error {
			_, err := functions.DeleteFunction(w.ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("warden-guard")})
			return err
		}},
	} {
		before := w.answers(tt.check)
		// A busy server's answer may be lost after the call took effect; what is
		// gone by then cannot be taken away by the SDK's next try.
		var gone *it.NoSuchEntityException
		if err := tt.do(); err != nil && !errors.As(err, &gone) {
			w.t.Fatalf("%s: %v", tt.check, err)
		}
		if after := w.answers(tt.check); slices.Contains(before, finding.Fail) || !slices.Contains(after, finding.Fail) {
			w.t.Errorf("%s: %v before, %v after", tt.check, before, after)
		}
	}
}

func (w *world) policy(name, document string) string {
	out := ok[*iam.CreatePolicyOutput](w)(iam.NewFromConfig(w.cfg).CreatePolicy(w.ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name), PolicyDocument: aws.String(document)}))
	return aws.ToString(out.Policy.Arn)
}

func (w *world) answers(check string) []finding.Status {
	var out []finding.Status
	for _, res := range doctor.Examine(w.facts()).Results {
		if res.Check == check {
			out = append(out, res.Status)
		}
	}
	return out
}

// prefixes are the names of services in policies, by their SDK's.
var prefixes = map[string]string{
	"CloudTrail": "cloudtrail", "CloudWatch": "cloudwatch", "DynamoDB": "dynamodb", "EventBridge": "events", "IAM": "iam", "Lambda": "lambda",
	"Organizations": "organizations", "SNS": "sns", "SQS": "sqs",
}

// leastPrivilege compares what was called with what the printed policy allows:
// each call, and no other action of any service.
func (w *world) leastPrivilege() {
	text, err := deploy.Policy("doctor", place, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	doc, err := policy.Parse("doctor", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	called := map[string]bool{}
	for c := range w.called {
		service, operation, _ := strings.Cut(c, " ")
		called[prefixes[service]+":"+operation] = true
	}
	resources := []string{
		"*", w.want.DenyPolicyARN, breakGlass, w.want.Topic, w.want.Roles[0].ARN, w.want.Queues[0].ARN,
		"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::" + acct + ":group/Administrators",
		"arn:aws:cloudtrail:eu-west-1:" + acct + ":trail/warden", "arn:aws:events:us-east-1:" + acct + ":rule/warden-guard-identity",
		"arn:aws:lambda:us-east-1:" + acct + ":function:warden-guard", "arn:aws:dynamodb:us-east-1:" + acct + ":table/warden-ledger",
		"arn:aws:cloudwatch:us-east-1:" + acct + ":alarm:x",
	}
	allowed := map[string]bool{}
	for _, service := range catalog.Services() {
		for _, action := range catalog.Matching(service.Prefix + ":*") {
			for _, resource := range resources {
				res := policy.Evaluate(policy.Request{
					Principal: policy.Principal{Type: policy.Session, Account: acct, RoleARN: "arn:aws:iam::" + acct + ":role/warden-doctor", ARN: "arn:aws:sts::" + acct + ":assumed-role/warden-doctor/s"},
					Action:    service.Prefix + ":" + action.Name, Resource: policy.Resource{ARN: resource, Account: acct}, Context: policy.Context{},
				}, policy.Policies{Identity: []*policy.Document{doc}})
				if res.Decision == policy.Allowed {
					allowed[service.Prefix+":"+action.Name] = true
				}
			}
		}
	}
	for _, free := range []string{"sts:GetCallerIdentity", "sts:GetSessionToken"} {
		delete(allowed, free) // needs no permission
	}
	if a, c := slices.Sorted(maps.Keys(allowed)), slices.Sorted(maps.Keys(called)); fmt.Sprint(a) != fmt.Sprint(c) {
		w.t.Errorf("the policy allows %v\nand what was called is %v", a, c)
	}
}
