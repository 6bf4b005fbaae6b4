package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"warden/account"
	"warden/app"
	"warden/internal/fixture"
)

// details is what GetAccountAuthorizationDetails tells of the account, without
// the policy DENY-IAM itself.
func details(t *testing.T, c *app.Clients) string {
	t.Helper()
	out, err := c.IAM.GetAccountAuthorizationDetails(t.Context(), &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(1000)})
	if err != nil {
		t.Fatal(err)
	}
	var policies []types.ManagedPolicyDetail
	for _, p := range out.Policies {
		if aws.ToString(p.PolicyName) != "DENY-IAM" {
			policies = append(policies, p)
		}
	}
	for i := range out.RoleDetailList {
		out.RoleDetailList[i].RoleLastUsed = nil
	}
	text, err := json.Marshal([]any{out.UserDetailList, out.GroupDetailList, out.RoleDetailList, policies})
	if err != nil || out.IsTruncated {
		t.Fatal(err, out.IsTruncated)
	}
	return string(text)
}

// TestReadmeLines runs the README's lines about the guard as somebody would who
// has nothing but the binary: a `warden twin` in a process of its own, its
// credentials file, a rule and a queue.
func TestReadmeLines(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	h := &hunt{t: t, binary: fixture.Warden(t), home: dir, ledger: filepath.Join(dir, ".local/state/warden/ledger.db")}
	keys, saved := filepath.Join(dir, "keys.ini"), filepath.Join(dir, "after.json")
	at := func(url string) []string {
		return []string{"HOME=" + dir, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + url, "AWS_SHARED_CREDENTIALS_FILE=" + keys}
	}
	served := h.startWith([]string{"HOME=" + dir}, "twin", "--listen", "127.0.0.1:0", "--credentials", keys, "--save", saved)
	served.hears("aws sqs list-queues")
	url := regexp.MustCompile(`AWS_ENDPOINT_URL=(\S+)`).FindStringSubmatch(served.out.String())[1]
	person := regexp.MustCompile(`AWS_PROFILE=(\S+)`).FindStringSubmatch(served.out.String())[1]
	file, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	by := func(profile string) *app.Clients {
		found := regexp.MustCompile(`\[` + regexp.QuoteMeta(profile) + `\]\naws_access_key_id = (\S+)\naws_secret_access_key = (\S+)`).FindStringSubmatch(string(file))
		if found == nil {
			t.Fatalf("no profile %s", profile)
		}
		return app.Fixed(url, app.Key{ID: found[1], Secret: found[2]})
	}
	line := func(args ...string) ran {
		t.Helper()
		return h.runWith(append(at(url), "AWS_PROFILE="+person), args...)
	}

	admin, intruder := by(person), by("ci-deploy")
	queue, err := admin.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("warden"), Attributes: map[string]string{"VisibilityTimeout": "1",
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:warden"}]}`}})
	if err != nil {
		t.Fatal(err)
	}
	h.must(admin.EventBridge.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("warden"), EventPattern: aws.String(`{"source":["aws.iam","aws.sts","aws.signin"]}`)}))
	h.must(admin.EventBridge.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("warden"), Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:warden")}}}))
	topic, err := admin.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts")})
	if err != nil {
		t.Fatal(err)
	}
	h.must(intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("backdoor")}))
	h.must(intruder.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("backdoor")}))
	before := details(t, admin)

	line("guard", "--queue", *queue.QueueUrl, "--until-empty").want(t, 0, "[would contain]", "would AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy", "nothing was changed, --apply contains")
	if details(t, admin) != before {
		t.Error("a dry run changed the account")
	}
	// What a dry run received comes back soon; what a guard works on does not.
	h.must(admin.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue.QueueUrl, Attributes: map[string]string{"VisibilityTimeout": "30"}}))
	r := line("guard", "--queue", *queue.QueueUrl, "--apply", "--undo-actions", "--topic", *topic.TopicArn, "--until-empty")
	r.want(t, 0, "[HIGH] warden contained user ci-deploy", "  who    user ci-deploy", "  what   CreateUser at ", "  from   127.0.0.1", "  done   AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy", "  undo   warden undo inc-",
		"    AttachUserPolicy: policy/DENY-IAM to user/backdoor", "of user/backdoor from Active to Inactive")
	if n := strings.Count(r.out, "\n"); n > 24 {
		t.Errorf("%d lines are more than a screen\n%s", n, r)
	}
	incident := h.incidentOf(r, "warden contained user ci-deploy")
	line("ledger", "list").want(t, 0, "INCIDENT", "configured  high", "user ci-deploy called CreateUser")
	line("undo", incident).want(t, 0, "would give back", "this allows again", "nothing was changed; --apply gives back")
	line("guard", "lineage", "ci-deploy", "--since", "4h").want(t, 0, "user backdoor AIDA", "access-key AKIA")
	line("guard", "sweep", "--since", "1h").want(t, 0, "0 missed, 2 confirmed", "nothing was changed, --apply acts")
	line("approve").want(t, 0, "nothing waits for approval")
	if _, err := intruder.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("again")}); code(err) != "AccessDenied" {
		t.Errorf("he may go on: %v", err)
	}
	// The command of the notification, as it stands there.
	undo := regexp.MustCompile(`undo   warden (undo .*)`).FindStringSubmatch(r.out)[1]
	line(strings.Fields(undo)...).want(t, 0, "gives back", "done         DetachUserPolicy: policy/DENY-IAM from user/ci/ci-deploy")
	if is := details(t, admin); is != before {
		t.Errorf("after undo\n%s\nwas\n%s", is, before)
	}
	line("ledger", "verify").want(t, 0, "intact: ")

	if end := served.stop(syscall.SIGINT); end.status != 0 || !strings.Contains(end.errs, "saved the account to ") {
		t.Errorf("the twin: %s", end)
	}
	last, err := os.Open(saved)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = last.Close() }()
	if s, err := account.ReadSnapshot(saved, last); err != nil || userJSON(t, s, "backdoor") == "" {
		t.Errorf("what was saved: %v", err)
	}
}
