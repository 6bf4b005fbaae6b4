package report_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

// many is nasty with a question that forty users fail.
func many() *audit.Report {
	r := nasty()
	for i := range 40 {
		name := fmt.Sprintf("arn:aws:iam::%s:user/u-%02d", account, i)
		r.Findings = append(r.Findings, finding.Finding{
			ID: fmt.Sprintf("F-1%015d", i), Control: "key.age", Title: "Access keys are not old", Subject: name, Part: "access key 1", Status: finding.Fail, Severity: finding.Medium,
			Summary: "made or last changed 2024-11-07 09:21Z (450 days ago), which is a long time for a key of anybody", Remedy: "Replace the key by a role.", Command: "aws iam x --user-name u",
		})
	}
	return r
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		golden string
		form   report.Form
		o      report.Options
	}{
		{"report.txt", report.Text, report.Options{}},
		{"report-all.txt", report.Text, report.Options{All: true}},
		{"screen-80.txt", report.Table, report.Options{Width: 80, Colour: true}},
	} {
		var b bytes.Buffer
		if err := report.Write(&b, tc.form, many(), tc.o); err != nil {
			t.Fatal(err)
		}
		path := "testdata/" + tc.golden
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, b.Bytes()) {
			t.Errorf("%s is stale (%v): go test ./report -run Text -update", path, err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			width := 90
			if tc.o.Width > 0 {
				width = tc.o.Width
				for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[31m", "\x1b[33m"} {
					line = strings.ReplaceAll(line, code, "")
				}
			}
			if n := utf8.RuneCountInString(line); n > width && !strings.HasPrefix(line, "  $ ") {
				t.Errorf("%s: %d columns: %s", tc.golden, n, line)
			}
			if strings.ContainsAny(line, "\x1b\t\r") {
				t.Errorf("%s: %q", tc.golden, line)
			}
		}
		if all := strings.Contains(b.String(), "u-39"); all != tc.o.All {
			t.Errorf("%s: the last of forty: %v", tc.golden, all)
		}
	}
}

// The lines of the table that tools read have no colour and no width.
func TestInventoryText(t *testing.T) {
	t.Parallel()
	items := []audit.Item{
		{Kind: "user", Name: strings.Repeat("n", 64), ID: "AIDA2", Created: now, Active: now, State: "active", MFA: "no", Attached: 10, Owner: strings.Repeat("o", 300)},
		{Kind: "user", Name: "ann\x1b", ID: "AIDA1", State: "unknown", Attached: 9},
		{Kind: "access key", Name: "access key 1", Of: "ann", State: "active"},
	}
	for _, tc := range []struct {
		form  report.Form
		width int
		want  string
	}{
		{report.Table, 80, "Users: 2\nname                                      state    lastActive  created     mfa\n" + strings.Repeat("n", 39) + "…  active   2026-01-31  2026-01-31  no\nann�"},
		{report.Text, 0, "\nAccess keys: 1\nname          of   state\naccess key 1  ann  active\n"},
		{report.Table, 0, "access key  access key 1"},
	} {
		var b bytes.Buffer
		if err := report.Inventory(&b, tc.form, items, report.Options{Width: tc.width}); err != nil || !strings.Contains(b.String(), tc.want) {
			t.Errorf("%s %d: %v: no %q in\n%s", tc.form, tc.width, err, tc.want, &b)
		}
	}
}
