package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/audit"
	"warden/finding"
	"warden/internal/plant"
	"warden/report"
)

const account = "111122223333"

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// nasty is a report in which names are what an intruder would choose.
func nasty() *audit.Report {
	at := now.Add(-3 * time.Hour)
	r := &audit.Report{Account: account, Now: now, CollectedAt: now, Benchmark: "all"}
	r.Findings = []finding.Finding{
		{
			ID: "F-0123456789abcdef", Control: "user.mfa", Title: "Every user with a console password has MFA", Subject: "arn:aws:iam::" + account + ":user/=HYPERLINK(\"x\")", SubjectID: "AIDA1",
			Status: finding.Fail, Severity: finding.High, Summary: "=1+1 <script>alert(1)</script> \x1b[31m|x|\n@y",
			References: []finding.Reference{
				{Benchmark: "cis-aws", Version: "1.2.0", ID: "1.2", Level: 1, Threshold: 90, Status: finding.Pass},
				{Benchmark: "cis-aws", Version: "7.0.0", ID: "2.10", Level: 1, Status: finding.Fail},
			},
			Evidence: []finding.Fact{{Fact: "mfa_active false", Source: "iam:GetCredentialReport", At: &at}, {Fact: "-x", Source: "r.csv"}},
			Remedy:   "[a](b) https://evil.example www.evil.example #1 ", Command: "aws iam x --user-name '`|'",
		},
		{
			ID: "F-0000000000000001", Control: "root.keys", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.Fail, Severity: finding.Critical, Summary: "a key",
			Exempt: &finding.Exempt{Reason: "r", Owner: "ops", Expires: now.Add(time.Hour)},
		},
		{ID: "F-0000000000000002", Control: "role.support", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.Unknown, Severity: finding.Low, Summary: "who knows"},
		{ID: "F-0000000000000003", Control: "key.age", Title: "t", Subject: "arn:aws:iam::" + account + ":user/bob", Part: "access key 1", Status: finding.Pass, Severity: finding.Medium, Summary: "new", Remedy: `"=1+1`, Command: "\u3000＝cmd"},
	}
	return r
}

func write(t *testing.T, f report.Form, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, f, nasty(), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	t.Parallel()
	got := write(t, report.Table, report.Options{})
	want := `account 111122223333, benchmark all, as of 2026-01-31 12:00Z, collected 2026-01-31 12:00Z

FAIL     high     user.mfa                   user/=HYPERLINK("x"): =1+1 <script>alert(1)</script> �[31m|x|�@y
accepted critical root.keys                  root: a key
UNKNOWN  low      role.support               account: who knows

1 fail, 1 unknown, 0 manual, 1 pass, 0 not applicable; 1 failures are accepted
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if all := write(t, report.Table, report.Options{All: true}); !strings.Contains(all, "user/bob, access key 1: new") {
		t.Error(all)
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	r := nasty()
	d := &audit.Diff{New: r.Findings[:1], Gone: r.Findings[2:3], Changed: []audit.Change{{Before: r.Findings[2], After: r.Findings[1]}}}
	got := write(t, report.Table, report.Options{Since: d})
	for _, want := range []string{"new: 1\nFAIL", "changed: 1\naccepted critical root.keys                  root: was unknown, low; a key", "gone: 1\nUNKNOWN"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := write(t, report.Markdown, report.Options{Since: d}); !strings.Contains(got, "## gone: 1") {
		t.Error(got)
	}
}

// No cell of the CSV form begins a formula, in any spreadsheet.
func TestCSV(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(write(t, report.CSV, report.Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n ") || strings.HasPrefix(cell, `"=`) || strings.HasPrefix(cell, "＝") {
				t.Errorf("cell %q", cell)
			}
			if strings.ContainsAny(cell, "\n\r\x1b") {
				t.Errorf("cell %q", cell)
			}
		}
	}
	if text := write(t, report.CSV, report.Options{}); strings.Count(text, "\r\n") != 5 || strings.Count(text, "\n") != 5 {
		t.Errorf("lines do not end as RFC 4180 says: %q", text)
	}
	at := slices.Index(rows[0], "references")
	if got := rows[1][at]; got != "cis-aws-1.2.0:1.2 (pass) cis-aws-7.0.0:2.10" {
		t.Errorf("references %q", got)
	}
	if got := rows[1][slices.Index(rows[0], "evidence")]; got != "mfa_active false [iam:GetCredentialReport, 3 h old]; -x [r.csv, of unknown age]" {
		t.Errorf("evidence %q", got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	got := write(t, report.Markdown, report.Options{})
	for _, bad := range []string{"<script>", "[a](b)", "\x1b", "@y", "https://", "www.evil", "#1 "} {
		if strings.Contains(got, bad) {
			t.Errorf("%q in\n%s", bad, got)
		}
	}
	for _, line := range strings.Split(got, "\n") {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "|") && n != 8 {
			t.Errorf("%d columns: %s", n-1, line)
		}
	}
}

// TestJSON reads the form again: nothing but the levels of references is lost.
func TestJSON(t *testing.T) {
	t.Parallel()
	text := write(t, report.JSON, report.Options{Since: &audit.Diff{New: nasty().Findings[:1]}})
	want := nasty().Findings
	for i := range want {
		for j := range want[i].References {
			want[i].References[j].Level = 0
		}
	}
	sameFindings(t, text, want)
	for bad, why := range map[string]string{
		"": "is empty", " \n": "is empty", "{": "not a report", "[]": "not a report", "{}": `no "version"`, `{"version":3}`: "version 3, want 1 or 2",
		`{"version":2}`: "account or findings are missing", `{"version":2,"account":"111122223333","findings":[{}]}`: "without id or control",
		`{"version":1}`: "account or findings are missing", `{"version":1,"account":"111122223333","findings":[{}]}`: "without id or control",
		`{"version":2,"reports":[{"version":2}]}`: "account or findings are missing", "\x1f\x8b": "not a report",
		`{"version":2,"reports":[{"version":1,"account":"1","findings":[]}]}`: "account or findings are missing",
		strings.ReplaceAll(text, `"source":1`, `"source":2`):                  "no source 2",
		strings.ReplaceAll(text, `"source":1`, `"source":-1`):                 "no source -1",
		strings.ReplaceAll(text, `"1.2.0:1.2"`, `"1.2.0"`):                    "want VERSION:NUMBER",
		strings.ReplaceAll(text, `"key.age":{`, `"other":{`):                  `no control "key.age"`,
	} {
		if _, err := report.ReadJSON("r.json", strings.NewReader(bad)); err == nil || !strings.HasPrefix(err.Error(), "r.json: ") || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
	}
}

// sameFindings reads a report and compares its findings.
func sameFindings(t *testing.T, text string, want []finding.Finding) {
	t.Helper()
	read, err := report.ReadJSON("report.json", strings.NewReader(text))
	if err != nil || len(read) != 1 {
		t.Fatal(read, err)
	}
	for i := range want {
		a, _ := json.Marshal(want[i])
		b, _ := json.Marshal(read[0].Findings[i])
		if !bytes.Equal(a, b) {
			t.Errorf("read\n%s\nwant\n%s", b, a)
		}
	}
}

// Reports of version 1 lie in people's buckets: they are read, but for their
// references, and nothing looks new only because the form is.
func TestFirstVersion(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/version-1.json")
	if err != nil {
		t.Fatal(err)
	}
	want := nasty().Findings
	for i := range want {
		want[i].References = nil
	}
	sameFindings(t, string(data), want)
	read, err := report.ReadJSON("version-1.json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if d := audit.Compare(read[0], nasty()); d.New != nil || d.Gone != nil || d.Changed != nil {
		t.Errorf("the same findings differ: %+v", d)
	}
}

// The form says what a control is once. An account of which everything is
// asked under ten versions has less than 550 bytes for each finding, tables
// among them.
func TestJSONSize(t *testing.T) {
	t.Parallel()
	a := plant.Make(plant.Options{Seed: 27, Size: plant.Common, Complete: true})
	r := audit.Run(audit.NewEvidence(a.Snapshot, a.Now), audit.Selection{})
	var b bytes.Buffer
	if err := report.Write(&b, report.JSON, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if each := b.Len() / len(r.Findings); each > 550 {
		t.Errorf("%d bytes for each of %d findings", each, len(r.Findings))
	}
	if err := check(t, b.Bytes()); err != nil {
		t.Error(err)
	}
	back, err := report.ReadJSON("report", &b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Findings {
		for j := range r.Findings[i].References {
			r.Findings[i].References[j].Level = 0
		}
	}
	if was, is := mustJSON(t, r), mustJSON(t, back[0]); !bytes.Equal(was, is) {
		t.Error("what was read is not what was written")
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The form json has one place for numbers, that of CIS.
func TestOneBenchmark(t *testing.T) {
	t.Parallel()
	for _, c := range audit.All() {
		for _, m := range c.Maps {
			if m.Benchmark != audit.CIS || strings.Contains(m.Version+m.ID, ":") {
				t.Errorf("%s: %+v", c.ID, m)
			}
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	var b bytes.Buffer
	if err := report.WriteAll(&b, report.JSON, []report.Audited{{Report: nasty()}, {Report: nasty()}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	first, err := os.ReadFile("testdata/version-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first)
	f.Add([]byte(`{"version":1,"account":"111122223333","findings":[{"id":"F-1","control":"x","exempt":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := report.ReadJSON("r", bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, r := range list {
			d := audit.Compare(r, nasty())
			for _, form := range report.Forms {
				if err := report.Write(&bytes.Buffer{}, form, nasty(), report.Options{Since: &d}); err != nil {
					t.Errorf("%s: %v", form, err)
				}
			}
		}
	})
}

func TestNoForm(t *testing.T) {
	t.Parallel()
	if err := report.Write(&bytes.Buffer{}, "pdf", nasty(), report.Options{}); err == nil {
		t.Error("a form that there is not")
	}
}

func TestInventory(t *testing.T) {
	t.Parallel()
	items := []audit.Item{
		{Kind: "user", Name: "=bob|", ARN: "arn", ID: "AIDA2", Created: now, Active: now, State: "active", MFA: "no", Attached: 10, Owner: "ops", Account: account},
		{Kind: "user", Name: "ann\x1b", ID: "AIDA1", State: "unknown", Attached: 9},
	}
	for f, want := range map[report.Form]string{
		report.Table:    "ann�",
		report.JSON:     `"lastActive": "2026-01-31T12:00:00Z"`,
		report.CSV:      "user,'=bob|,AIDA2,,2026-01-31,2026-01-31,active,no,10,0,ops,111122223333,arn",
		report.Markdown: `| user | =bob\| | AIDA2 |  | 2026-01-31 |`,
	} {
		var b bytes.Buffer
		if err := report.Inventory(&b, f, items, report.Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v: %s", f, err, &b)
		}
	}
	for column, first := range map[string]string{"name": "AIDA2", "id": "AIDA1", "attached": "AIDA1", "lastActive": "AIDA1", "": "AIDA2"} {
		list := slices.Clone(items)
		if report.Sort(list, column); list[0].ID != first {
			t.Errorf("by %q %s is first", column, list[0].ID)
		}
	}
}
