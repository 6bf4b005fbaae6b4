package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"warden/app"
	"warden/deploy"
	"warden/twin"
)

// The auditor's exercise: User3 is in IAM-Auditor-Group, whose
// IAM-Auditor-Policy lets him fetch the credential report and nothing else.
// What he may not do, simulate explains, and lint says what allowing it would
// open.
func TestAuditorExercise(t *testing.T) {
	snapshot, truth := twin.Sample(1, time.Now())
	tw, err := twin.New(twin.Config{Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	as := func(user string) *app.Clients {
		t.Helper()
		id, secret, err := tw.Credentials(user)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_ACCESS_KEY_ID", id)
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		return app.Fixed(server.URL(), app.Key{ID: id, Secret: secret})
	}
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	place := deploy.Place{Partition: "aws", Region: "us-east-1", Account: snapshot.Account}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	policyText := func(name string) *string {
		t.Helper()
		text, err := deploy.Policy(name, place, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &text
	}
	ctx := t.Context()
	admin := as(truth.Administrator).IAM
	made, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("IAM-Auditor-Policy"), PolicyDocument: policyText("audit-report")})
	must(made, err)
	must(admin.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("IAM-Auditor-Group")}))
	must(admin.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("IAM-Auditor-Group"), PolicyArn: made.Policy.Arn}))
	for _, user := range []string{"User2", "User3"} {
		must(admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &user}))
	}
	must(admin.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("IAM-Auditor-Group"), UserName: aws.String("User3")}))
	must(admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("User3")}))

	// He gets the report, and nothing else of the account.
	user3 := as("User3").IAM
	name := filepath.Join(t.TempDir(), "account.json")
	status, out, errs := runCollect(t, "--out", name, "--endpoint-url", server.URL(), "--strict")
	if status != 4 {
		t.Fatalf("status %d, want 4: gaps\n%s%s", status, out, errs)
	}
	got := readFile(t, name)
	if _, ok := got.CredentialReport.Row("User3"); !ok || got.Users != nil || got.Summary != nil || len(got.Gaps) < 6 {
		t.Errorf("report %v, users %v, gaps %v", got.CredentialReport, got.Users, got.Gaps)
	}

	// He cannot make User2 an administrator.
	_, err = user3.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("Administrators"), UserName: aws.String("User2")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" {
		t.Fatalf("AddUserToGroup: %v, want AccessDenied", err)
	}

	// Why, and what would have to be allowed.
	before := filepath.Join(t.TempDir(), "before.json")
	if err := saveSnapshot(before, tw.Snapshot()); err != nil {
		t.Fatal(err)
	}
	group := "arn:aws:iam::" + snapshot.Account + ":group/Administrators"
	question := []string{"--snapshot", before, "--principal", "User3", "--action", "iam:AddUserToGroup", "--resource", group}
	status, out, errs = runSimulate(t, "", append(question, "-o", "json")...)
	var answers struct {
		Requests []struct {
			Decision string
			Grant    json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(out), &answers); err != nil || status != 0 || len(answers.Requests) != 1 {
		t.Fatalf("status %d, %v\n%s%s", status, err, out, errs)
	}
	want := `{"Effect":"Allow","Action":"iam:AddUserToGroup","Resource":"` + group + `"}`
	if a := answers.Requests[0]; a.Decision != "ImplicitlyDenied" || strings.Join(strings.Fields(string(a.Grant)), "") != want {
		t.Errorf("%s, %s, want %s", a.Decision, a.Grant, want)
	}
	if _, out, _ = runSimulate(t, "", question...); !strings.Contains(out, "nothing allows it") || !strings.Contains(out, "the smallest statement that would allow it: "+want) {
		t.Error(out)
	}
	// What it would open, asked for every group at once.
	wide := strings.ReplaceAll(want, "group/Administrators", "group/*")
	if _, out, errs = runLintCmd(t, `{"Version":"2012-10-17","Statement":`+wide+`}`, "-"); !strings.Contains(out, "enough to become an administrator: iam:AddUserToGroup") {
		t.Errorf("lint: %s%s", out, errs)
	}
	// What a deny forbids, no statement allows.
	deny := writeFile(t, "deny.json", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}`)
	if _, out, _ = runSimulate(t, "", append(question, "--with", deny)...); strings.Contains(out, "smallest statement") {
		t.Error(out)
	}
}

// The role of the template reads all that collect reads, with the external id
// that it asks for, and not without.
func TestAuditorRole(t *testing.T) {
	snapshot, truth := twin.Sample(1, time.Now())
	tw, err := twin.New(twin.Config{Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	id, secret, err := tw.Credentials(truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(k, v)
	}
	place := deploy.Place{Partition: "aws", Region: "us-east-1", Account: snapshot.Account}
	stack, err := deploy.Resolve("audit", place, map[string]string{"ExternalId": "halden"})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := stack.Document("AuditorRole", "AssumeRolePolicyDocument")
	if err != nil {
		t.Fatal(err)
	}
	rights, err := deploy.Policy("audit", place, nil)
	if err != nil {
		t.Fatal(err)
	}
	admin := app.Fixed(server.URL(), app.Key{ID: id, Secret: secret}).IAM
	role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("IAM-Auditor-role"), AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: role.Role.RoleName, PolicyName: aws.String("audit"), PolicyDocument: &rights}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "account.json.gz")
	args := []string{"--out", name, "--endpoint-url", server.URL(), "--role-arn", *role.Role.Arn, "--per-user", "--regions", "us-east-1,eu-west-1", "--strict"}
	if status, out, errs := runCollect(t, append(args, "--external-id", "halden")...); status != 0 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if status, _, errs := runCollect(t, args...); status != 1 || !strings.Contains(errs, "AssumeRole") {
		t.Errorf("without the external id: status %d, %s", status, errs)
	}
}
