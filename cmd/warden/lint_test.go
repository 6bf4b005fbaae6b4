package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/policy/lint"
	"warden/report/sarif"
)

// runLintCmd runs the command and returns its exit status and what it wrote.
func runLintCmd(t *testing.T, in string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	s := &streams{In: strings.NewReader(in), Out: &o, Err: &e}
	root := newRoot(s)
	root.SetArgs(append([]string{"lint"}, args...))
	status = exitStatus(s.Err, root.Execute())
	return status, o.String(), e.String()
}

const (
	goodPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
	listPolicy = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\": \"L\", \"Effect\": \"Allow\", \"Action\": [\"s3:ListBucket\", \"s3:GetObject\", \"s3:GetObject\"], \"Resource\": \"arn:aws:s3:::b/*\"}\n  ]\n}\n"
)

// folder makes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLintStatus(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"good.json": goodPolicy, "list.json": listPolicy, "cut.json": listPolicy[:60], "none.json": `{"a":1}`})
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		name   string
		in     string
		args   []string
		status int
		out    string // a part of the output
		errs   string // a part of the errors
	}{
		{"clean", "", []string{file("good.json")}, 0, "1 policy: 0 error", ""},
		{"standard input", goodPolicy, []string{"-"}, 0, "1 policy", ""},
		{"findings", "", []string{file("list.json")}, 3, "list.json:4:48  error       resource.mismatch", ""},
		{"findings from standard input", listPolicy, []string{"-"}, 3, "standard input:4:48", ""},
		{"below --fail-on", "", []string{"--ignore", "resource.mismatch", file("list.json")}, 0, "suggestion", ""},
		{"--fail-on suggestion", "", []string{"--ignore", "resource.mismatch", "--fail-on", "suggestion", file("list.json")}, 3, "", ""},
		{"--fail-on none", "", []string{"--fail-on", "none", file("list.json")}, 0, "error", ""},
		{"--kind", "", []string{"--kind", "boundary", file("good.json")}, 0, "", ""},
		{"--kind trust", "", []string{"--kind", "trust", file("good.json")}, 3, "resource.in-trust", ""},
		{"text", "", []string{"-o", "text", file("list.json")}, 3, "why:", ""},
		{"cut off", "", []string{file("cut.json")}, 1, "", "cut.json:4:15: the JSON ends too early"},
		{"no policy", "", []string{file("none.json")}, 1, "", "none.json: there is no policy in it"},
		{"no file", "", []string{file("missing.json")}, 1, "", "missing.json: no such file"},
		{"empty", "", []string{"-"}, 1, "", "standard input: the file is empty"},
		{"no path", "", nil, 2, "", "which policies?"},
		{"bad form", "", []string{"-o", "xml", "-"}, 2, "", "-o xml"},
		{"bad severity", "", []string{"--fail-on", "bad", "-"}, 2, "", "--fail-on"},
		{"bad kind", "", []string{"--kind", "bad", "-"}, 2, "", "--kind"},
		{"bad check", "", []string{"--ignore", "no.such", "-"}, 2, "", "no.such"},
		{"fix of standard input", "", []string{"--fix", "-"}, 2, "", "--fix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, out, errs := runLintCmd(t, c.in, c.args...)
			if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) || (errs != "") != (c.errs != "") {
				t.Errorf("status %d\n%s%s", status, out, errs)
			}
			if n := strings.Count(errs, "\n"); n > 1 {
				t.Errorf("%d lines of errors: %s", n, errs)
			}
		})
	}
}

// TestLintFolder goes on past a broken file, and through every kind of file.
func TestLintFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"a/list.json":         listPolicy,
		"b/cut.json":          listPolicy[:60],
		"c/template.yaml":     "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: 2012-10-17\n        Statement:\n          - Effect: Allow\n            Action: iam:PassRole\n            Resource: '*'\n",
		"d/package.json":      `{"name":"not a policy"}`,
		"e/chart.yaml":        "{{ if .Values.x }}\na: b\n{{ end }}\n",
		"f/notes.txt":         "Statement",
		".git/policy.json":    listPolicy,
		"node_modules/x.json": listPolicy,
	})
	status, out, errs := runLintCmd(t, "", "-o", "json", dir)
	var report lintReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range report.Findings {
		rel, err := filepath.Rel(dir, f.File)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s:%d:%d %s %s", filepath.ToSlash(rel), f.Line, f.Column, f.Policy, f.Check))
	}
	want := []string{"a/list.json:4:48  resource.mismatch", "a/list.json:4:81  action.redundant", "c/template.yaml:8:13 Resources.P.PolicyDocument grant.pass-role"}
	if status != 1 || !slices.Equal(got, want) || report.Policies != 2 || len(report.Errors) != 1 || !strings.Contains(errs, "cut.json") {
		t.Errorf("status %d, %d policies\n%s\n%s", status, report.Policies, strings.Join(got, "\n"), errs)
	}
	if report.Catalog.Date == "" || report.Catalog.Version == "" {
		t.Errorf("%+v", report.Catalog)
	}
}

func TestLintSnapshot(t *testing.T) {
	t.Parallel()
	pad := strings.Repeat("A", 1500)
	inline := func(name string) account.InlinePolicy {
		return account.InlinePolicy{Name: name, Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Sid":"` + pad + `","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`)}
	}
	snapshot := account.Snapshot{
		Version: account.Version, Account: "111122223333", Partition: "aws", CollectedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Users:  []account.User{{Name: "ann", ID: "AIDA1", ARN: "arn:aws:iam::111122223333:user/ann", Inline: []account.InlinePolicy{inline("one"), inline("two")}}},
		Roles:  []account.Role{{Name: "ci", ID: "AROA1", ARN: "arn:aws:iam::111122223333:role/ci", Trust: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)}},
		Groups: []account.Group{}, Policies: []account.ManagedPolicy{
			{Name: "p", ARN: "arn:aws:iam::111122223333:policy/p", Versions: []account.PolicyVersion{
				{ID: "v1", Document: json.RawMessage(listPolicy)},
				{ID: "v2", Default: true, Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)},
			}},
			{Name: "AdministratorAccess", ARN: "arn:aws:iam::aws:policy/AdministratorAccess", Versions: []account.PolicyVersion{
				{ID: "v1", Default: true, Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)},
			}},
		},
	}
	var text bytes.Buffer
	if err := account.WriteSnapshot(&text, &snapshot); err != nil {
		t.Fatal(err)
	}
	status, out, errs := runLintCmd(t, text.String(), "-o", "json", "-")
	var report lintReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range report.Findings {
		got[f.Check] += f.Policy + ";"
	}
	want := map[string]string{"size.quota": "users.ann.inline.one.document;", "principal.public": "roles.ci.trust;", "grant.admin": "policies.p.versions.1.document;"}
	for id, policy := range want {
		if got[id] != policy {
			t.Errorf("%s: %q, want %q", id, got[id], policy)
		}
	}
	if status != 3 || len(got) != len(want) {
		t.Errorf("status %d, %v, %s", status, got, errs)
	}

	// A snapshot that is not understood is an error, not a guess.
	status, _, errs = runLintCmd(t, strings.Replace(text.String(), `"version": 1`, `"version": 99`, 1), "-")
	if status != 1 || !strings.Contains(errs, "newer than") {
		t.Errorf("status %d, %s", status, errs)
	}
}

func TestLintFix(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"list.json": listPolicy, "template.yaml": "Statement:\n- Effect: Allow\n  Action: [s3:GetObject, s3:GetObject]\n  Resource: '*'\n"})
	file := filepath.Join(dir, "list.json")
	status, out, errs := runLintCmd(t, "", "--fix", dir)
	const want = `-    {"Sid": "L", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject", "s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}
+    {"Sid": "L", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}
`
	if status != 3 || !strings.Contains(out, want) || strings.Contains(out, "list.json:4:81") || errs != "" {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	data, err := os.ReadFile(file)
	if err != nil || string(data) != strings.Replace(listPolicy, `, "s3:GetObject", "s3:GetObject"`, `, "s3:GetObject"`, 1) {
		t.Errorf("%v, %s", err, data)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("files were left behind: %v %v", entries, err)
	}
	// A second time there is nothing to do.
	if _, out, _ := runLintCmd(t, "", "--fix", dir); strings.Contains(out, "+++") {
		t.Errorf("changed again: %s", out)
	}
}

// TestLintSARIF holds to what the standard demands and code review needs.
func TestLintSARIF(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a b/list.json": listPolicy})
	file := filepath.Join(dir, "a b", "list.json")
	status, out, _ := runLintCmd(t, "", "-o", "sarif", file)
	var log sarif.Log
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	if status != 3 || log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-2.1.0") || len(log.Runs) != 1 {
		t.Fatalf("status %d, %s", status, out)
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name == "" || len(run.Tool.Driver.Rules) != len(lint.Checks()) || len(run.Invocations) != 1 || !run.Invocations[0].ExecutionSuccessful || len(run.Results) != 2 {
		t.Fatalf("%s", out)
	}
	for _, r := range run.Results {
		rule := run.Tool.Driver.Rules[r.RuleIndex]
		l := r.Locations[0].Physical
		if rule.ID != r.RuleID || !slices.Contains([]string{"error", "warning", "note"}, r.Level) || r.Message.Text == "" ||
			!strings.HasSuffix(l.Artifact.URI, "a%20b/list.json") || l.Region.StartLine != 4 || l.Region.StartColumn < 1 || len(r.Fingerprints["wardenLint/v1"]) != 32 {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range run.Tool.Driver.Rules {
		if r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" || r.Configuration.Level == "" {
			t.Errorf("%+v", r)
		}
	}
	// A finding keeps its fingerprint when lines are added above it.
	if err := os.WriteFile(file, []byte("\n\n"+listPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, _ = runLintCmd(t, "", "-o", "sarif", file)
	var later sarif.Log
	if err := json.Unmarshal([]byte(out), &later); err != nil {
		t.Fatal(err)
	}
	for i, r := range later.Runs[0].Results {
		if before := run.Results[i]; r.Fingerprints["wardenLint/v1"] != before.Fingerprints["wardenLint/v1"] || r.Locations[0].Physical.Region.StartLine != 6 {
			t.Errorf("%+v", r)
		}
	}
	if a, b := run.Results[0].Fingerprints["wardenLint/v1"], run.Results[1].Fingerprints["wardenLint/v1"]; a == b {
		t.Error("two findings have the same fingerprint")
	}
}
