package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

func TestASFF(t *testing.T) {
	t.Parallel()
	r := nasty()
	list := report.SecurityFindings(r, report.Options{Region: "eu-west-1"})
	for i, want := range []struct{ status, record, label, id, kind string }{
		{"FAILED", "ACTIVE", "HIGH", "arn:aws:iam::111122223333:user/=HYPERLINK(\"x\")", "AwsIamUser"},
		{"FAILED", "ARCHIVED", "CRITICAL", "AWS::::Account:111122223333", "AwsAccount"}, // accepted
		{"WARNING", "ACTIVE", "LOW", "AWS::::Account:111122223333", "AwsAccount"},       // unknown
		{"PASSED", "ACTIVE", "MEDIUM", "arn:aws:iam::111122223333:user/bob", "AwsIamUser"},
	} {
		f := list[i]
		if f.Compliance.Status != want.status || f.RecordState != want.record || f.FindingProviderFields.Severity.Label != want.label || f.Resources[0].ID != want.id || f.Resources[0].Type != want.kind {
			t.Errorf("finding %d is %+v, want %+v", i, f, want)
		}
		if f.ProductARN != "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default" || f.ID != "warden/111122223333/"+r.Findings[i].ID || f.GeneratorID != "warden/"+r.Findings[i].Control {
			t.Errorf("finding %d is %+v", i, f)
		}
		if len(f.Compliance.StatusReasons) != 1 || f.Compliance.StatusReasons[0].Description == "" {
			t.Errorf("finding %d has no reason: %+v", i, f.Compliance)
		}
	}
	if got := list[0].Compliance.RelatedRequirements; strings.Join(got, " ") != "CIS AWS Foundations Benchmark v1.2.0/1.2 CIS AWS Foundations Benchmark v7.0.0/2.10" {
		t.Error(got)
	}
	if got := list[1].ProductFields["warden/Accepted"]; got != "r (ops, until 2026-01-31 13:00Z)" {
		t.Error(got)
	}
	// What is gone is archived, unless it is there and passes.
	d := &audit.Diff{Gone: []finding.Finding{{ID: "F-00000000000000aa", Control: "user.mfa", Title: "t", Subject: "arn:aws:iam::111122223333:user/gone", Status: finding.Fail}, r.Findings[3]}}
	list = report.SecurityFindings(r, report.Options{Since: d})
	if len(list) != 5 || list[4].RecordState != "ARCHIVED" || list[4].Region != "us-east-1" {
		t.Errorf("%+v", list)
	}
}

// No field is longer than AWS takes it, cut between characters. Source: AWS
// Security Hub API Reference, AwsSecurityFinding; User Guide, ASFF.
func TestASFFLimits(t *testing.T) {
	t.Parallel()
	for _, f := range report.SecurityFindings(big(), report.Options{}) {
		for what, limit := range map[string]int{f.ID: 512, f.GeneratorID: 512, f.Title: 256, f.Description: 1024, f.Compliance.StatusReasons[0].Description: 2048} {
			if len(what) > limit || strings.TrimSpace(what) == "" {
				t.Errorf("%d bytes, at most %d: %.60q", len(what), limit, what)
			}
		}
		if f.Remediation != nil && len(f.Remediation.Recommendation.Text) > 512 {
			t.Errorf("a remedy of %d bytes", len(f.Remediation.Recommendation.Text))
		}
		if len(f.ProductFields) > 50 || len(f.Compliance.RelatedRequirements) > 32 || len(f.FindingProviderFields.Types) > 50 {
			t.Errorf("%d fields, %d requirements", len(f.ProductFields), len(f.Compliance.RelatedRequirements))
		}
		for k, v := range f.ProductFields {
			if len(k) > 128 || len(v) > 2048 || v == "" || !utf8.ValidString(v) {
				t.Errorf("field %s of %d bytes", k, len(v))
			}
		}
		if !utf8.ValidString(f.Title+f.Description) || strings.ContainsRune(f.Title+f.Description, utf8.RuneError) && f.GeneratorID == "warden/principal.escalation" {
			t.Errorf("cut within a character: %q", f.Title)
		}
		data, err := json.Marshal(f)
		if err != nil || len(data) > 240<<10 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		for _, at := range []string{f.CreatedAt, f.UpdatedAt, f.FirstObservedAt, f.LastObservedAt} {
			if _, err := time.Parse(time.RFC3339, at); err != nil {
				t.Error(err)
			}
		}
	}
	var b bytes.Buffer
	if err := report.Write(&b, report.ASFF, big(), report.Options{}); err != nil {
		t.Fatal(err)
	}
	var back []map[string]any
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back) != 5 {
		t.Errorf("%d findings, %v", len(back), err)
	}
}
