package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"warden/account"
	"warden/app"
	"warden/guard/lineage"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// brood is an account in which an intruder made a user, the user a second
// one, and that one a role.
type brood struct {
	*stage.Stage
	t      *testing.T
	env    []string
	ledger string
}

func newBrood(t *testing.T) *brood {
	t.Helper()
	ctx := t.Context()
	st, err := stage.Set(ctx, stage.Options{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	id, secret, err := st.Twin.Credentials(st.Truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	b := &brood{Stage: st, t: t, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	b.env = []string{"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + st.Server.URL(),
		"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
	c, err := st.Clients(st.Truth.Intruder)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		c = b.make(c, name)
	}
	if _, err := c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("door"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + st.Account + `"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + st.Account + ":role/door"), RoleSessionName: aws.String("in")}); err != nil {
		t.Fatal(err)
	}
	return b
}

// make lets a caller make an administrator with a key, and returns him.
func (b *brood) make(by *app.Clients, name string) *app.Clients {
	b.t.Helper()
	ctx := b.t.Context()
	if _, err := by.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := by.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(name), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}); err != nil {
		b.t.Fatal(err)
	}
	key, err := by.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	if err != nil {
		b.t.Fatal(err)
	}
	return app.Fixed(b.Server.URL(), app.Key{ID: aws.ToString(key.AccessKey.AccessKeyId), Secret: aws.ToString(key.AccessKey.SecretAccessKey)})
}

func (b *brood) warden(args ...string) (stdout, stderr string, status int) {
	b.t.Helper()
	cmd := exec.Command(fixture.Warden(b.t), args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = b.env, &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		b.t.Fatal(err)
	}
	return out.String(), errs.String(), status
}

// made is what the intruder made, without what use changes.
func made(s *account.Snapshot) string {
	var out []any
	for _, u := range s.Users {
		if u.Name == "first" || u.Name == "second" {
			for i := range u.AccessKeys {
				u.AccessKeys[i].LastUsed = nil
			}
			out = append(out, u)
		}
	}
	for _, r := range s.Roles {
		if r.Name == "door" {
			r.LastUsed = nil
			out = append(out, r)
		}
	}
	data, _ := json.Marshal(out)
	return string(data)
}

// events saves the trail of the account.
func (b *brood) events() string {
	b.t.Helper()
	var lines []string
	pages := cloudtrail.NewLookupEventsPaginator(b.Admin.CloudTrail, &cloudtrail.LookupEventsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range page.Events {
			lines = append(lines, aws.ToString(e.CloudTrailEvent))
		}
	}
	file := filepath.Join(b.t.TempDir(), "trail.ndjson")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return file
}

func TestGuardLineage(t *testing.T) {
	t.Parallel()
	b := newBrood(t)
	before, trail := made(b.Twin.Snapshot()), b.events()

	_, errs, status := b.warden("guard", "lineage", b.Truth.Intruder, "--events", trail, "--ledger", filepath.Join(t.TempDir(), "none.db"))
	if status != 1 {
		t.Errorf("a ledger that does not exist: %d %s", status, errs)
	}
	out, errs, status := b.warden("guard", "lineage", b.Truth.Intruder)
	if status != 0 {
		t.Fatalf("%d: %s", status, errs)
	}
	// The tree, with what differs in each run left out.
	shape := regexp.MustCompile(`(?m)^( *\S+(?: [a-z]\S*)?)`).FindAllString(out, -1)
	want := []string{"  user first", "  access-key", "    user second", "    access-key", "      role door", "      session in", "      changed", "    changed"}
	got := strings.Join(shape[1:], "\n")
	for _, w := range want[:6] {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in\n%s", w, out)
		}
	}

	out, errs, status = b.warden("guard", "lineage", b.Truth.Intruder, "-o", "json", "--events", trail, "--since", "0")
	var r lineageResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
		t.Fatalf("%d %v: %s", status, err, errs)
	}
	var kinds []string
	for n := range r.Lineage.All() {
		kinds = append(kinds, string(n.Kind))
	}
	if s := strings.Join(kinds, " "); s != "user access-key user access-key role session" {
		t.Errorf("from files: %s", s)
	}
	key := ""
	for n := range r.Lineage.All() {
		if n.Kind == lineage.Key {
			key = n.ID
			break
		}
	}
	if out, _, status = b.warden("guard", "lineage", key, "--events", trail); status != 0 || strings.Contains(out, "user first") || !strings.Contains(out, "user second") {
		t.Errorf("of the key, %d:\n%s", status, out)
	}

	// The plan, then the plan carried out, then all of it given back.
	if out, errs, status = b.warden("guard", "lineage", b.Truth.Intruder, "--events", trail, "--freeze"); status != 0 || strings.Count(out, "would  ") != 5 || made(b.Twin.Snapshot()) != before {
		t.Fatalf("dry run, %d %s:\n%s", status, errs, out)
	}
	out, errs, status = b.warden("guard", "lineage", b.Truth.Intruder, "--events", trail, "--freeze", "--apply", "--ledger", b.ledger, "--protect", "arn:aws:iam::"+b.Account+":user/first")
	if status != 0 || strings.Count(out, "froze  ") != 3 || !strings.Contains(out, "user/first is protected") {
		t.Fatalf("apply with a protected user, %d %s:\n%s", status, errs, out)
	}
	out, errs, status = b.warden("guard", "lineage", b.Truth.Intruder, "--events", trail, "--freeze", "--apply", "--ledger", b.ledger)
	if status != 0 || strings.Count(out, "froze  ") != 2 || !strings.Contains(out, "already") {
		t.Fatalf("apply, %d %s:\n%s", status, errs, out)
	}
	frozen := made(b.Twin.Snapshot())
	if strings.Count(frozen, "DENY-IAM") != 3 || strings.Contains(frozen, `"active":true`) {
		t.Errorf("frozen: %s", frozen)
	}
	incident := regexp.MustCompile(`inc-[0-9a-f]+`).FindString(out)
	if out, errs, status = b.warden("guard", "lineage", incident[:8], "--events", trail, "--ledger", b.ledger); status != 0 || !strings.Contains(out, "user second") {
		t.Errorf("of the incident, %d %s:\n%s", status, errs, out)
	}
	if out, errs, status = b.warden("undo", incident, "--apply", "--ledger", b.ledger); status != 0 {
		t.Fatalf("undo, %d %s:\n%s", status, errs, out)
	}
	if after := made(b.Twin.Snapshot()); after != before {
		t.Errorf("after undo\n%s\nwant\n%s", after, before)
	}
}

func TestGuardLineageUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"a", "b"}, {"AIDA", "--apply"}, {"AIDA", "-o", "xml"}, {"AIDA", "--since", "-1h"}} {
		cmd := exec.Command(fixture.Warden(t), append([]string{"guard", "lineage"}, args...)...)
		var exit *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%q: %v", args, err)
		}
	}
}
