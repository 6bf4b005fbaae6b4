package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runSimulate runs the command and returns its exit status and what it wrote.
func runSimulate(t *testing.T, in string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	s := &streams{In: strings.NewReader(in), Out: &o, Err: &e}
	root := newRoot(s)
	root.SetArgs(append([]string{"simulate"}, args...))
	status = exitStatus(s.Err, root.Execute())
	return status, o.String(), e.String()
}

// caseLine is one case: a user asks for action and has a policy that allows
// s3:*, and denies s3:Delete*.
func caseLine(id, action, expected string) string {
	return `{"id":"` + id + `","request":{"principal":{"type":"user","arn":"arn:aws:iam::111122223333:user/a","account":"111122223333"},` +
		`"action":"` + action + `","resource":{"arn":"arn:aws:s3:::b/k","account":"111122223333"},"context":{"aws:username":"a"}},` +
		`"identityPolicies":[{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},` +
		`{"Sid":"No","Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}],"boundaryPolicies":[],"expected":"` + expected + `"}` + "\n"
}

func TestSimulateCases(t *testing.T) {
	t.Parallel()
	good := caseLine("1", "s3:GetObject", "Allowed") + "\n" + caseLine("2", "s3:DeleteObject", "ExplicitlyDenied")
	status, out, errs := runSimulate(t, good, "--cases", "-", "-o", "json")
	if want := `{"cases":2,"agree":2,"wrongAllowed":0,"wrongDenied":0,"disagreements":[]}`; status != 0 || strings.TrimSpace(out) != want || errs != "" {
		t.Errorf("status %d, output %s, errors %s", status, out, errs)
	}

	bad := good + caseLine("3", "s3:GetObject", "ImplicitlyDenied") + caseLine("4", "s3:DeleteObject", "Allowed") + caseLine("5", "ec2:RunInstances", "Allowed")
	status, out, errs = runSimulate(t, bad, "--cases", "-", "-o", "json")
	if status != 3 || errs != "" {
		t.Errorf("status %d, errors %s", status, errs)
	}
	var report casesReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Cases != 5 || report.Agree != 2 || report.WrongAllowed != 1 || report.WrongDenied != 2 || len(report.Disagreements) != 3 {
		t.Errorf("%+v", report)
	}
	if d := report.Disagreements[1]; d.ID != "4" || d.Got.String() != "ExplicitlyDenied" || len(d.Deciding) != 1 || d.Deciding[0].Sid != "No" {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(out, `"deciding":[]`) || !strings.Contains(out, `"unknown":[]`) {
		t.Errorf("empty lists are missing in %s", out)
	}

	status, out, _ = runSimulate(t, bad, "--cases", "-")
	if status != 3 || !strings.Contains(out, "4     Allowed           ExplicitlyDenied  identityPolicies[0]:1:65 statement 1 (No) Deny") ||
		!strings.Contains(out, "5 cases, 2 agree, 1 wrongly allowed, 2 wrongly denied") {
		t.Errorf("status %d, output\n%s", status, out)
	}
}

func TestSimulateErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	good := caseLine("1", "s3:GetObject", "Allowed")
	for _, tc := range []struct {
		name, text string
		status     int
		want       string
	}{
		{"broken JSON", good + good[:40] + "\n" + good, 1, file + ":2: not a case: "},
		{"no id", `{"expected":"Allowed"}`, 1, file + ":1: the case has no id"},
		{"no decision", strings.Replace(good, "Allowed", "allow", 1), 1, `:1: case 1: expected: policy: "allow" is no decision`},
		{"no such principal", strings.Replace(good, `"user"`, `"usr"`, 1), 1, `:1: case 1: unknown type of principal "usr"`},
		{"broken policy", strings.Replace(good, `"Statement"`, `"Statements"`, 1), 1, `:1: case 1: identityPolicies[0]:1:1: no policy: there is no Statement`},
		{"bad context", strings.Replace(good, `"aws:username":"a"`, `"aws:username":{}`, 1), 1, `:1: case 1: context key aws:username: {} is not text`},
		{"nothing", "\n\n", 1, file + ": there is no case in it"},
		{"broken gzip", "\x1f\x8bxxxx", 1, file + ": not a gzip file"},
	} {
		if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errs := runSimulate(t, "", "--cases", file)
		if status != tc.status || out != "" || !strings.Contains(errs, tc.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: status %d, output %q, errors %q, want %q", tc.name, status, out, errs, tc.want)
		}
	}
	for _, args := range [][]string{{}, {"--cases", "-", "-o", "xml"}, {"--cases", "-", "extra"}} {
		if status, _, errs := runSimulate(t, good, args...); status == 0 || status == 3 || errs == "" {
			t.Errorf("%v: status %d, errors %q", args, status, errs)
		}
	}
	if status, _, errs := runSimulate(t, "", "--cases", file+".none"); status != 1 || !strings.Contains(errs, "no such file") {
		t.Errorf("a file that is not there: status %d, errors %q", status, errs)
	}
}
