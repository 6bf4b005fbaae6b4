package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"warden/audit"
	"warden/finding"
	"warden/report"
	"warden/report/sarif"
)

func sarifOf(t *testing.T, r *audit.Report, o report.Options) sarif.Run {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, report.SARIF, r, o); err != nil {
		t.Fatal(err)
	}
	var log sarif.Log
	if err := json.Unmarshal(b.Bytes(), &log); err != nil || len(log.Runs) != 1 || log.Version != "2.1.0" {
		t.Fatal(err, log)
	}
	return log.Runs[0]
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	r := nasty()
	r.Findings = append(r.Findings, finding.Finding{ID: "F-0000000000000006", Control: "account.contact", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.Manual, Summary: "look"},
		finding.Finding{ID: "F-0000000000000007", Control: "certificate.expired", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.NotApplicable, Summary: "none"})
	all := sarifOf(t, r, report.Options{All: true, File: "dir/a b.json", Lines: map[string]int{r.Findings[0].Subject: 7}})
	for i, want := range []struct{ kind, level string }{{"", "error"}, {"", "error"}, {"open", "none"}, {"pass", "none"}, {"review", "none"}, {"notApplicable", "none"}} {
		x := all.Results[i]
		if x.Kind != want.kind || x.Level != want.level || x.Fingerprints["wardenAudit/v1"] != r.Findings[i].ID || all.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID {
			t.Errorf("result %d is %+v, want %+v", i, x, want)
		}
		if x.Suppressions == nil || (len(*x.Suppressions) == 1) != (i == 1) || x.BaselineState != "" {
			t.Errorf("result %d: suppressions %v", i, x.Suppressions)
		}
	}
	first := all.Results[0]
	if at := first.Locations[0]; at.Physical.Artifact.URI != "dir/a%20b.json" || at.Physical.Region.StartLine != 7 || at.Logical[0].Name != r.Findings[0].Subject {
		t.Errorf("%+v", at)
	}
	if strings.Contains(first.Message.Text, "\x1b") || !strings.Contains(first.Message.Text, `\[a\](b)`) {
		t.Error(first.Message.Text)
	}
	rule := all.Tool.Driver.Rules[first.RuleIndex]
	if rule.Properties["security-severity"] != "8.0" || !strings.Contains(rule.Help.Text, "7.0.0 2.10") || !strings.Contains(rule.Help.Text, "A password alone is phished") {
		t.Errorf("%+v", rule)
	}
	if tags, _ := rule.Properties["tags"].([]any); len(tags) != 4 || tags[3] != "cis-aws-7.0.0/2.10" {
		t.Errorf("tags %v", rule.Properties)
	}
	// Only what wants somebody, but every rule.
	some := sarifOf(t, r, report.Options{})
	if len(some.Results) != 3 || len(some.Tool.Driver.Rules) != 6 || some.Results[0].Locations[0].Physical.Region.StartLine != 1 {
		t.Errorf("%d results, %d rules", len(some.Results), len(some.Tool.Driver.Rules))
	}
	d := &audit.Diff{New: r.Findings[:1], Changed: []audit.Change{{Before: r.Findings[2], After: r.Findings[2]}}, Gone: []finding.Finding{r.Findings[3]}}
	since := sarifOf(t, r, report.Options{Since: d, All: true})
	var states []string
	for _, x := range since.Results {
		states = append(states, x.BaselineState)
	}
	if got := strings.Join(states, " "); got != "new unchanged updated unchanged unchanged absent" {
		t.Error(got)
	}
}
