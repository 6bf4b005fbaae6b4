package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"warden/account"
	"warden/finding"
	"warden/report"
	"warden/twin"
)

// Every account of the organisation is read with the policies above it; the
// one that has no such role does not stop the others.
func TestCollectOrganization(t *testing.T) {
	o, err := twin.NewOrganization(twin.OrganizationConfig{})
	if err != nil {
		t.Fatal(err)
	}
	o.SetRootFeatures(types.FeatureTypeRootCredentialsManagement)
	server, err := o.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	_, truth := twin.SampleOrganization(0, time.Now())
	id, secret, err := o.Credentials(truth.Management, truth.ManagementAdministrator)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(k, v)
	}
	dir := filepath.Join(t.TempDir(), "accounts")
	args := []string{"--org", "--out", dir, "--endpoint-url", server.URL(), "--member-role", "OrganizationAccountAccessRole"}
	status, out, errs := runCollect(t, args...)
	if status != 0 || strings.Count(out, "written to ") != 3 {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	management, workload := readFile(t, filepath.Join(dir, truth.Management+".json")), readFile(t, filepath.Join(dir, truth.Workload+".json"))
	if c := management.CentralRoot; c == nil || !c.Value.RootCredentialsManagement || c.Value.RootSessions {
		t.Errorf("central root access: %+v", c)
	}
	if w := workload; w.Organization.Value.ManagementAccount != truth.Management || w.CentralRoot != nil || len(w.Users) < 10 {
		t.Errorf("%+v, %d users", w.Facts, len(w.Users))
	}
	levels := workload.Guardrails.Value
	if len(levels) < 3 || levels[0].Kind != "ROOT" || levels[len(levels)-1].ID != truth.Workload || len(levels[0].SCPs) == 0 || len(levels[0].SCPs[0].Document) == 0 {
		t.Errorf("levels %+v", levels)
	}
	found(t, dir, truth.Planted)
	// Where the role is missing, the account is left out.
	none := filepath.Join(t.TempDir(), "accounts")
	args[2], args[len(args)-1] = none, "nobody"
	status, out, errs = runCollect(t, args...)
	if status != 0 || !strings.Contains(out, "account "+truth.Security+" (Security): not read: AccessDenied: ") || strings.Count(out, "written to ") != 1 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if files, err := os.ReadDir(none); err != nil || len(files) != 2 || files[1].Name() != account.RollFile {
		t.Errorf("%v %v", files, err)
	}
	// An audit of the folder says of whom nothing is known, and calls the others
	// by their names.
	pages := filepath.Join(t.TempDir(), "pages")
	status, out, errs = runAudit(t, "--from", none, "-o", "html", "--out", pages, "--strict")
	if status != 4 || !strings.Contains(errs, "warden: audit: account "+truth.Security+" (Security): not read at ") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	index, err := os.ReadFile(filepath.Join(pages, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>Audit of 3 accounts</title>", "<td><bdi>" + truth.Security + "</bdi></td><td><bdi>Security</bdi></td><td><bdi>not read at ", truth.Management + "</strong></a> <bdi>"} {
		if !strings.Contains(string(index), want) {
			t.Errorf("no %s in\n%s", want, index)
		}
	}
	if status, _, _ := runCollect(t, append(args, "--strict")...); status != 4 {
		t.Errorf("with --strict: status %d, want 4", status)
	}
}

// found audits the accounts of a folder and looks for what was planted in them.
func found(t *testing.T, dir string, planted []twin.Planted) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	if status, _, errs := runAudit(t, "--from", dir, "-o", "json", "--out", file, "--fail-on", "none"); status != 0 {
		t.Fatal(status, errs)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	list, err := report.ReadJSON(file, f)
	if err != nil || len(list) != 3 {
		t.Fatal(len(list), err)
	}
	answers := map[[2]string]finding.Status{}
	for _, r := range list {
		for _, x := range r.Findings {
			key := [2]string{x.Control, x.Subject}
			if answers[key] != finding.Fail {
				answers[key] = x.Status
			}
		}
	}
	asked := 0
	for _, p := range planted {
		want := finding.Fail
		control, ok := map[string]string{
			"no-mfa": "user.mfa", "stale-console": "credential.unused", "stale-tester": "user.mfa", "stale-user": "user.inactive", "old-key": "key.age",
			"direct-attachment": "user.groups-only", "escalation-cloudformation": "principal.escalation", "github-anybody": "resource.any-principal",
			"unused-role": "role.inactive", "former-account": "role.inactive", "vendor-without-external-id": "role.inactive", "new-user": "user.inactive",
		}[p.ID]
		if p.ID == "new-user" {
			want = finding.Pass
		}
		if !ok {
			continue
		}
		asked++
		if got := answers[[2]string{control, p.Subject}]; got != want {
			t.Errorf("%s, %s (%s): %s is %q, want %s", p.ID, p.Subject, p.What, control, got, want)
		}
	}
	if asked < 18 {
		t.Errorf("only %d of %d planted were looked for", asked, len(planted))
	}
}
