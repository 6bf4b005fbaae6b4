package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/deploy"
	"warden/internal/fixture"
	"warden/internal/stage"
	"warden/report"
	"warden/report/deliver"
)

// newAuditWorld is the sample company on a twin with what the stack audit
// makes in an account: the auditor's role, the function's with exactly the
// rights of the template, and the bucket. The function reaches the twin
// through a gate that can fail.
func newAuditWorld(t testing.TB) *world {
	t.Helper()
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 7})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	w := &world{Stage: st, t: t}
	w.gate = newGate(t, st.Server.URL())
	stack, err := deploy.Resolve("audit", deploy.Place{Partition: "aws", Region: "us-east-1", Account: st.Account}, map[string]string{
		"LambdaS3BucketName": "code", "SNSTopicArn": st.TopicARN, "ExternalId": "halden", "TrustedArn": "arn:aws:iam::" + st.Account + ":user/nobody",
		"ExemptionsKey": "people/exemptions.json",
	})
	must(t, err)
	rights, err := stack.Document("FunctionRolePolicy", "PolicyDocument")
	must(t, err)
	function := w.role("warden-audit", "arn:aws:iam::"+st.Account+":root", rights)
	trust, err := stack.Document("AuditorRole", "AssumeRolePolicyDocument")
	must(t, err)
	// IAM refuses a principal that is not there, and the company has no nobody.
	trust = strings.Replace(trust, "user/nobody", "user/"+st.Truth.Administrator, 1)
	reads, err := stack.Document("AuditorPolicy", "PolicyDocument")
	must(t, err)
	_, err = st.Admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(auditorName), AssumeRolePolicyDocument: aws.String(trust)})
	must(t, err)
	_, err = st.Admin.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(auditorName), PolicyName: aws.String("reads"), PolicyDocument: aws.String(reads)})
	must(t, err)
	variables := stack.Resources["Function"].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
	bucket := fmt.Sprint(variables["REPORT_BUCKET"])
	_, err = st.Admin.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	must(t, err)
	session, err := st.Admin.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(function), RoleSessionName: aws.String("warden-audit")})
	must(t, err)
	// The environment is the template's.
	w.env = map[string]string{
		"_HANDLER": "audit", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": w.gate.server.URL,
		"AWS_ACCESS_KEY_ID": *session.Credentials.AccessKeyId, "AWS_SECRET_ACCESS_KEY": *session.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN": *session.Credentials.SessionToken,
	}
	for name, v := range variables {
		w.env[name] = fmt.Sprint(v)
	}
	w.env["STORE_SNAPSHOT"], w.env["EXEMPTIONS_KEY"] = "true", ""
	return w
}

// morning is what the template's schedule gives the function on a day.
func morning(day int) map[string]string {
	return map[string]string{"time": time.Date(2026, 5, day, 6, 0, 0, 0, time.UTC).Format(time.RFC3339)}
}

// told is the last message that was published: subject, text, attributes.
func (w *world) told() (n int, subject, text string, machine map[string]any) {
	w.t.Helper()
	n, body := w.gate.called("Publish")
	if n == 0 {
		return 0, "", "", nil
	}
	form, err := url.ParseQuery(body)
	must(w.t, err)
	if size := len(form.Get("Message")); size > 262_144 {
		w.t.Errorf("a message of %d bytes", size)
	}
	var parts map[string]string
	must(w.t, json.Unmarshal([]byte(form.Get("Message")), &parts))
	must(w.t, json.Unmarshal([]byte(parts["sqs"]), &machine))
	return n, form.Get("Subject"), parts["default"], machine
}

// object reads what was stored.
func (w *world) object(key string) ([]byte, error) {
	out, err := w.Admin.S3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.env["REPORT_BUCKET"]), Key: aws.String(key)})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func done(t *testing.T, a answer) deliver.Done {
	t.Helper()
	var d deliver.Done
	if err := json.Unmarshal([]byte(a.body), &d); a.failed || err != nil || len(d.Accounts) != 1 {
		t.Fatalf("answer %+v: %v", a, err)
	}
	return d
}

// TestAuditFunction runs the program that make lambda packs, under a runtime
// API of the test's, with the rights and the environment of the template.
func TestAuditFunction(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bootstrap")
	must(t, build(program))
	for _, tt := range []struct {
		name string
		test func(*testing.T, *world, string)
	}{
		{"two mornings", twoMornings},
		{"the auditor's role refuses", auditorRefuses},
		{"S3 and SNS fail", storeAndTopicFail},
		{"IAM throttles, fails and hangs", auditInTrouble},
		{"exemptions in the bucket", auditExemptions},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, newAuditWorld(t), program)
		})
	}
	t.Run("an organisation", func(t *testing.T) {
		t.Parallel()
		auditOrganization(t, program)
	})
	t.Run("on moto", func(t *testing.T) {
		t.Parallel()
		auditOnMoto(t, program)
	})
}

// A schedule's event ends with the report stored and published; the same event
// again does nothing; the next day's says first what is different.
func twoMornings(t *testing.T, w *world, program string) {
	l := startFunction(t, program, w.env)
	<-l.polled
	t.Logf("process start to first poll: %d ms", time.Since(l.started).Milliseconds())
	begin := time.Now()
	first := done(t, l.invoke(morning(4), minute))
	t.Logf("the audit took %d ms", time.Since(begin).Milliseconds())
	if len(first.Problems) > 0 || first.Accounts[0].New != nil || first.Accounts[0].Unknown > 60 {
		t.Errorf("the first: %+v", first)
	}
	n, subject, text, _ := w.told()
	if n != 1 || !strings.Contains(text, "there is no report before this one") || !strings.Contains(text, "https://us-east-1.console.aws.amazon.com/s3/object/"+w.env["REPORT_BUCKET"]) {
		t.Errorf("%d messages: %s\n%s", n, subject, text)
	}
	folder := "warden-audit/" + w.Account + "/2026/05/04/20260504T060000Z/"
	for name, begins := range map[string]string{"report.json": `{"version":`, "report.csv": "id,", "report.html": "<!", "snapshot.json": "{", "run.json": "{"} {
		data, err := w.object(folder + name)
		if err != nil || !strings.HasPrefix(strings.ToLower(string(data)), begins) {
			t.Errorf("%s: %v %.60q", name, err, data)
		}
		for _, secret := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
			if strings.Contains(string(data), w.env[secret]) {
				t.Errorf("%s has %s", name, secret)
			}
		}
	}
	data, err := w.object(folder + "report.json")
	must(t, err)
	if back, err := report.ReadJSON("report", strings.NewReader(string(data))); err != nil || len(back) != 1 || back[0].Account != w.Account {
		t.Errorf("read back: %v", err)
	}

	// Lambda delivers an event at least once.
	for range 2 {
		if a := l.invoke(morning(4), minute); a.failed || !strings.Contains(a.body, "has been told already") {
			t.Errorf("again: %+v", a)
		}
	}
	if n, _, _, _ := w.told(); n != 1 {
		t.Errorf("%d messages", n)
	}

	// Overnight somebody becomes an administrator, and a key is gone.
	made := "night-shift"
	_, err = w.Admin.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(made)})
	must(t, err)
	_, err = w.Admin.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(made), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	must(t, err)
	second := done(t, l.invoke(morning(5), minute))
	n, subject, text, machine := w.told()
	if c := second.Accounts[0]; n != 2 || c.New == nil || *c.New == 0 {
		t.Errorf("%d messages; %+v", n, c)
	}
	_, news, _ := strings.Cut(text, "\nNEW: ")
	news, _, _ = strings.Cut(news, "\n\n")
	if !strings.Contains(news, "user/"+made) || !strings.Contains(subject, " new, ") || !strings.Contains(text, "since    2026-05-04 06:00Z") {
		t.Errorf("%s\n%s", subject, text[:min(len(text), 3000)])
	}
	if machine["kind"] != "audit" || machine["account"] != w.Account || !strings.Contains(fmt.Sprint(machine["report"]), made) {
		t.Errorf("machines are told %.500v", machine)
	}
	// A user of the company may not read the reports: the link is no way round.
	nobody := w.keyOf(w.plainUser("curious"))
	if _, err := nobody.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.env["REPORT_BUCKET"]), Key: aws.String(folder + "report.json")}); err == nil {
		t.Error("somebody without rights reads the report")
	}
	if strings.Contains(text, "X-Amz-Signature") {
		t.Error("a link that opens by itself")
	}
}

func (w *world) plainUser(name string) string {
	w.t.Helper()
	_, err := w.Admin.IAM.CreateUser(w.t.Context(), &iam.CreateUserInput{UserName: aws.String(name)})
	must(w.t, err)
	return name
}

// Without the role there is no report: people hear that, once, and the
// invocation fails; with it there is one, told once.
func auditorRefuses(t *testing.T, w *world, program string) {
	env := w.with("AUDITOR_EXTERNAL_ID", "wrong")
	l := startFunction(t, program, env)
	a := l.invoke(morning(4), minute)
	n, subject, text, machine := w.told()
	if !a.failed || n != 1 || !strings.Contains(subject, "warden audit FAILED") || !strings.Contains(text, "AccessDenied") || machine["kind"] != "audit-failed" {
		t.Errorf("%+v; %d messages: %s\n%s", a, n, subject, text)
	}
	if a := l.invoke(morning(4), minute); !a.failed {
		t.Errorf("%+v", a)
	}
	if n, _, _, _ := w.told(); n != 1 {
		t.Errorf("%d messages about one failure", n)
	}
	l.end()
	l = startFunction(t, program, w.env)
	done(t, l.invoke(morning(4), minute))
	if n, subject, _, _ := w.told(); n != 2 || strings.Contains(subject, "FAILED") {
		t.Errorf("%d messages: %s", n, subject)
	}
}

// What fails in the store or the topic is said where it can be, fails the
// invocation, and is made good by the next.
func storeAndTopicFail(t *testing.T, w *world, program string) {
	l := startFunction(t, program, w.env)
	<-l.polled
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "s3:PUT" {
			return refused
		}
		return pass
	})
	a := l.invoke(morning(4), minute)
	n, _, text, _ := w.told()
	if !a.failed || n != 1 || !strings.Contains(text, "! the report could not be stored: AccessDenied") || !strings.Contains(text, "OPEN, the most severe first") {
		t.Errorf("%+v; %d messages\n%.2000s", a, n, text)
	}
	w.gate.failing(func(operation string, _ int) fault {
		if operation == "Publish" {
			return broken
		}
		return pass
	})
	if a := l.invoke(morning(4), minute); !a.failed || !strings.Contains(a.body, "tell people") {
		t.Errorf("SNS fails: %+v", a)
	}
	w.gate.failing(func(operation string, n int) fault {
		if operation == "s3:PUT" && n <= 2 || operation == "Publish" && n == 1 {
			return throttle
		}
		return pass
	})
	done(t, l.invoke(morning(4), minute))
	if a := l.invoke(morning(4), minute); a.failed || !strings.Contains(a.body, "has been told already") {
		t.Errorf("after all: %+v", a)
	}
	// A bucket that does not answer takes no report from people.
	w.gate.failing(func(operation string, _ int) fault {
		if strings.HasPrefix(operation, "s3:") {
			return hang
		}
		return pass
	})
	start := time.Now()
	a = l.invoke(morning(5), 16*time.Second)
	if n, _, text, _ := w.told(); !a.failed || n != 1 || !strings.Contains(text, "! the report could not be stored") {
		t.Errorf("S3 hangs: %+v; %d messages\n%.2000s", a, n, text)
	}
	t.Logf("told after %s of 16 s, S3 hanging", time.Since(start).Round(100*time.Millisecond))
}

// Whatever IAM does, what could be read is told, and the rest is unknown.
func auditInTrouble(t *testing.T, w *world, program string) {
	l := startFunction(t, program, w.env)
	<-l.polled
	w.gate.failing(func(operation string, n int) fault {
		if operation == "GetAccountAuthorizationDetails" && n <= 2 {
			return throttle
		}
		return pass
	})
	well := done(t, l.invoke(morning(4), minute))
	if len(well.Problems) > 0 {
		t.Errorf("throttled for a while: %+v", well)
	}

	w.gate.failing(func(operation string, _ int) fault {
		if operation == "GetCredentialReport" {
			return broken
		}
		return pass
	})
	doubt := done(t, l.invoke(morning(5), minute))
	_, _, text, _ := w.told()
	if doubt.Accounts[0].Unknown <= well.Accounts[0].Unknown || !strings.Contains(text, "which is no pass") || !strings.Contains(text, "iam:GetCredentialReport") {
		t.Errorf("without a credential report: %+v\n%.3000s", doubt, text)
	}

	w.gate.failing(func(operation string, _ int) fault {
		if operation == "GetAccountAuthorizationDetails" {
			return hang
		}
		return pass
	})
	const timeout = 12 * time.Second
	start := time.Now()
	late := done(t, l.invoke(morning(6), timeout))
	_, _, text, _ = w.told()
	if !strings.Contains(text, "! there was not enough time to read all") || late.Accounts[0].Unknown <= well.Accounts[0].Unknown {
		t.Errorf("IAM hangs: %+v\n%.3000s", late, text)
	}
	t.Logf("told after %s of %s, IAM hanging", time.Since(start).Round(100*time.Millisecond), timeout)

	w.gate.failing(func(operation string, _ int) fault {
		if operation != "Publish" && !strings.HasPrefix(operation, "s3:") && operation != "AssumeRole" && operation != "GetCallerIdentity" {
			return hang
		}
		return pass
	})
	if a := l.invoke(morning(7), timeout); !a.failed || !strings.Contains(a.body, "nothing of account") {
		t.Errorf("nothing can be read: %+v", a)
	}
	if n, subject, _, _ := w.told(); n != 1 || !strings.Contains(subject, "FAILED") {
		t.Errorf("%d messages: %s", n, subject)
	}
	if a := l.invoke("not an event", minute); !a.failed {
		t.Errorf("not an event: %+v", a)
	}
	if a := l.invoke(map[string]string{"time": "yesterday"}, minute); !a.failed {
		t.Errorf("not a time: %+v", a)
	}
}

// A file of exemptions is read at every audit; one that cannot be understood
// accepts nothing, and that is said.
func auditExemptions(t *testing.T, w *world, program string) {
	l := startFunction(t, program, w.with("EXEMPTIONS_KEY", "people/exemptions.json"))
	before := done(t, l.invoke(morning(4), minute))
	_, _, text, _ := w.told()
	if !strings.Contains(text, "! the file of exemptions could not be read, so nothing is accepted by it: it is not there, or may not be read") {
		t.Errorf("no file:\n%.2000s", text)
	}
	put := func(body string) {
		_, err := w.Admin.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(w.env["REPORT_BUCKET"]), Key: aws.String("people/exemptions.json"), Body: strings.NewReader(body)})
		must(t, err)
	}
	data, err := w.object("warden-audit/" + w.Account + "/2026/05/04/20260504T060000Z/report.json")
	must(t, err)
	reports, err := report.ReadJSON("report", strings.NewReader(string(data)))
	must(t, err)
	f := reports[0].Findings[0]
	id := f.SubjectID
	if id == "" {
		id = "-"
	}
	put(fmt.Sprintf(`{"exemptions":[{"arn":%q,"id":%q,"rule":"audit:%s","reason":"known","owner":"security","expires":"2099-01-01"}]}`, f.Subject, id, f.Control))
	after := done(t, l.invoke(morning(5), minute))
	if after.Accounts[0].Accepted <= before.Accounts[0].Accepted || len(after.Problems) > 0 {
		t.Errorf("accepted %d, before %d; %v", after.Accounts[0].Accepted, before.Accounts[0].Accepted, after.Problems)
	}
	put(`{"exemptions":[{"arn":"arn:aws:iam::*:user/x"}]}`)
	if broken := done(t, l.invoke(morning(6), minute)); broken.Accounts[0].Accepted != before.Accounts[0].Accepted || len(broken.Problems) == 0 {
		t.Errorf("a file that is wrong: %+v", broken)
	}
}

// On an emulator that is not ours: the report is in its S3, encrypted, and the
// message in a queue that its topic fills.
func auditOnMoto(t *testing.T, program string) {
	moto := fixture.Moto(t)
	c := app.Fixed(moto, app.Key{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "any"})
	ctx := t.Context()
	account, _, err := c.Account(ctx)
	must(t, err)
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, account)
	role, err := c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(auditorName), AssumeRolePolicyDocument: aws.String(trust)})
	must(t, err)
	_, err = c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice")})
	must(t, err)
	_, err = c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("reports")})
	must(t, err)
	topic, err := c.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("warden-audit")})
	must(t, err)
	queue, err := c.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("inbox")})
	must(t, err)
	_, err = c.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:" + account + ":inbox")})
	must(t, err)
	l := startFunction(t, program, map[string]string{
		"_HANDLER": "audit", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "any", "AWS_ENDPOINT_URL": moto,
		"AUDITOR_ROLE_ARN": *role.Role.Arn, "SNS_TOPIC_ARN": *topic.TopicArn, "REPORT_BUCKET": "reports", "REPORT_PREFIX": "audit", "REPORT_KMS_KEY": "alias/aws/s3",
	})
	done(t, l.invoke(morning(4), minute))
	if a := l.invoke(morning(4), minute); a.failed || !strings.Contains(a.body, "has been told already") {
		t.Errorf("again: %+v", a)
	}
	_, err = c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")})
	must(t, err)
	_, err = c.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("bob"), PolicyName: aws.String("all"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)})
	must(t, err)
	done(t, l.invoke(morning(5), minute))
	head, err := c.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("reports"), Key: aws.String("audit/" + account + "/2026/05/05/20260505T060000Z/report.html")})
	must(t, err)
	if head.ServerSideEncryption != "aws:kms" || aws.ToString(head.ContentType) != "text/html; charset=utf-8" || !strings.HasPrefix(aws.ToString(head.ContentDisposition), "inline; filename=") {
		t.Errorf("stored with %q, %q, %q", head.ServerSideEncryption, aws.ToString(head.ContentType), aws.ToString(head.ContentDisposition))
	}
	var told []string
	for deadline := time.Now().Add(minute); len(told) < 2 && time.Now().Before(deadline); {
		out, err := c.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		must(t, err)
		for _, m := range out.Messages {
			told = append(told, aws.ToString(m.Body))
		}
	}
	if len(told) != 2 || !strings.Contains(strings.Join(told, ""), "user/bob") {
		t.Errorf("%d messages in the queue: %.1000v", len(told), told)
	}
}
