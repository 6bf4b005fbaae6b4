package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/app"
	"warden/deploy"
	"warden/report/deliver"
	"warden/twin"
)

// Every account of an organisation is audited from its management account, by
// the auditor's role there; one without the role stops no other. Each has its
// report, and people get one message.
func auditOrganization(t *testing.T, program string) {
	ctx := t.Context()
	o, err := twin.NewOrganization(twin.OrganizationConfig{})
	must(t, err)
	server, err := o.Start("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	_, truth := twin.SampleOrganization(0, time.Now())
	as := func(account, user string) *app.Clients {
		id, secret, err := o.Credentials(account, user)
		must(t, err)
		return app.Fixed(server.URL(), app.Key{ID: id, Secret: secret})
	}
	admin, company := as(truth.Management, truth.ManagementAdministrator), as(truth.Workload, truth.Company.Administrator)
	topic, err := admin.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("warden-audit")})
	must(t, err)
	// The stack in an account; whom its auditor trusts there.
	stackIn := func(account, trusted string) *deploy.Stack {
		stack, err := deploy.Resolve("audit", deploy.Place{Partition: "aws", Region: "us-east-1", Account: account}, map[string]string{
			"LambdaS3BucketName": "code", "SNSTopicArn": *topic.TopicArn, "TrustedArn": trusted, "Organization": "true", "ExternalId": "halden",
		})
		must(t, err)
		return stack
	}
	role := func(c *app.Clients, s *deploy.Stack, name, trust, rights string) {
		text, err := s.Document(trust, "AssumeRolePolicyDocument")
		must(t, err)
		if trust == "FunctionRole" {
			// Lambda takes the function's role by itself; here a user does.
			text = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + truth.Management + `:root"},"Action":"sts:AssumeRole"}}`
		}
		_, err = c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(text)})
		must(t, err)
		text, err = s.Document(rights, "PolicyDocument")
		must(t, err)
		_, err = c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(name), PolicyName: aws.String("rights"), PolicyDocument: aws.String(text)})
		must(t, err)
	}
	function := "arn:aws:iam::" + truth.Management + ":role/warden-audit"
	here := stackIn(truth.Management, function)
	role(admin, here, "warden-audit", "FunctionRole", "FunctionRolePolicy")
	role(admin, here, auditorName, "AuditorRole", "AuditorPolicy")
	// A member has the roles of the stack alone.
	there, err := deploy.Resolve("audit", deploy.Place{Partition: "aws", Region: "us-east-1", Account: truth.Workload}, map[string]string{
		"TrustedArn": "arn:aws:iam::" + truth.Management + ":role/" + auditorName, "ExternalId": "halden",
	})
	must(t, err)
	role(company, there, auditorName, "AuditorRole", "AuditorPolicy")

	variables := here.Resources["Function"].Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
	env := map[string]string{"_HANDLER": "audit", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.URL()}
	for name, v := range variables {
		env[name], _ = v.(string)
	}
	_, err = admin.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(env["REPORT_BUCKET"])})
	must(t, err)
	session, err := admin.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(function), RoleSessionName: aws.String("warden-audit")})
	must(t, err)
	env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"] = *session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken

	l := startFunction(t, program, env)
	a := l.invoke(morning(4), minute)
	var d deliver.Done
	if err := json.Unmarshal([]byte(a.body), &d); err != nil || a.failed {
		t.Fatalf("%+v: %v", a, err)
	}
	var audited []string
	for _, c := range d.Accounts {
		audited = append(audited, c.Account)
	}
	if len(audited) != 2 || !strings.Contains(strings.Join(audited, " "), truth.Management) || !strings.Contains(strings.Join(audited, " "), truth.Workload) {
		t.Errorf("audited %v", audited)
	}
	if problems := strings.Join(d.Problems, "\n"); !strings.Contains(problems, "account "+truth.Security+" was not audited: AccessDenied") {
		t.Errorf("problems: %s", problems)
	}
	for _, account := range audited {
		if _, err := admin.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(env["REPORT_BUCKET"]), Key: aws.String("warden-audit/" + account + "/2026/05/04/20260504T060000Z/report.html")}); err != nil {
			t.Errorf("the report of %s: %v", account, err)
		}
	}
	index, err := admin.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(env["REPORT_BUCKET"]), Key: aws.String("warden-audit/organization/2026/05/04/20260504T060000Z/index.html")})
	must(t, err)
	page, err := io.ReadAll(index.Body)
	must(t, err)
	if d.Index == nil || !strings.HasSuffix(d.Index.URI, "/organization/2026/05/04/20260504T060000Z/index.html") || !bytes.Contains(page, []byte("<td><bdi>"+truth.Security+"</bdi></td>")) || !bytes.Contains(page, []byte("<strong>"+truth.Workload+"</strong>")) {
		t.Errorf("index %+v: %.2000s", d.Index, page)
	}
	log := l.out.String()
	if n := strings.Count(log, `"kind":"audit"`); n != 1 || !strings.Contains(log, "warden audit of 3 accounts: 1 NOT audited, ") {
		t.Errorf("%d messages", n)
	}
	if a := l.invoke(morning(4), minute); a.failed || !strings.Contains(a.body, "has been told already") {
		t.Errorf("again: %+v", a)
	}
}
