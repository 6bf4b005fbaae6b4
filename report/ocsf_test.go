package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

type event struct {
	Class      int    `json:"class_uid"`
	Type       int    `json:"type_uid"`
	Activity   int    `json:"activity_id"`
	Status     int    `json:"status_id"`
	Severity   int    `json:"severity_id"`
	Time       int64  `json:"time"`
	Message    string `json:"message"`
	Compliance *struct {
		Status       int      `json:"status_id"`
		Requirements []string `json:"requirements"`
		Standards    []string `json:"standards"`
	} `json:"compliance"`
	Info struct {
		UID string `json:"uid"`
	} `json:"finding_info"`
	Cloud struct {
		Account struct {
			UID string `json:"uid"`
		} `json:"account"`
	} `json:"cloud"`
	Resources []struct {
		UID  string `json:"uid"`
		Type string `json:"type"`
	} `json:"resources"`
	Unmapped struct {
		Evidence []struct{ Fact, Source, At string } `json:"evidence"`
		Under    map[string]string                   `json:"under"`
	} `json:"unmapped"`
	Evidences []struct {
		Data struct{ Fact, Source string } `json:"data"`
	} `json:"evidences"`
}

func events(t *testing.T, r *audit.Report, o report.Options) []event {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, report.OCSF, r, o); err != nil {
		t.Fatal(err)
	}
	var out []event
	for line := range strings.Lines(b.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		out = append(out, e)
	}
	return out
}

func TestOCSF(t *testing.T) {
	t.Parallel()
	r := nasty()
	r.Findings = append(r.Findings,
		finding.Finding{ID: "F-0000000000000004", Control: "principal.escalation", Title: "t", Subject: "arn:aws:iam::" + account + ":user/eve", Status: finding.Fail, Severity: finding.Critical, Summary: "becomes", Evidence: []finding.Fact{{Fact: "may", Source: "policy"}}},
		finding.Finding{ID: "F-0000000000000005", Control: "principal.escalation", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.Pass, Severity: finding.Critical, Summary: "none"},
		finding.Finding{ID: "F-0000000000000006", Control: "account.contact", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.Manual, Severity: finding.Low, Summary: "look"},
		finding.Finding{ID: "F-0000000000000007", Control: "certificate.expired", Title: "t", Subject: "arn:aws:iam::" + account + ":root", Status: finding.NotApplicable, Severity: finding.Low, Summary: "none"},
	)
	got := events(t, r, report.Options{})
	for i, want := range []struct{ class, status, compliance, severity int }{
		{2003, 1, 3, 4}, {2003, 3, 3, 5}, {2003, 0, 0, 2}, {2003, 99, 1, 3}, {2004, 1, -1, 5}, {2003, 99, 1, 5}, {2003, 99, 99, 2}, {2003, 99, 99, 2},
	} {
		e := got[i]
		compliance := -1
		if e.Compliance != nil {
			compliance = e.Compliance.Status
		}
		if e.Class != want.class || e.Type != want.class*100+1 || e.Status != want.status || compliance != want.compliance || e.Severity != want.severity {
			t.Errorf("event %d is %+v with compliance %d, want %+v", i, e, compliance, want)
		}
		if e.Info.UID != r.Findings[i].ID || e.Cloud.Account.UID != account || e.Resources[0].UID != r.Findings[i].Subject || e.Time != now.UnixMilli() {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if e := got[0]; strings.Join(e.Compliance.Requirements, " ") != "cis-aws-1.2.0:1.2 cis-aws-7.0.0:2.10" || len(e.Unmapped.Evidence) != 2 || e.Unmapped.Evidence[0].At != "2026-01-31T09:00:00Z" || strings.Contains(e.Message, "\x1b") {
		t.Errorf("%+v", e)
	}
	if under := got[0].Unmapped.Under; len(under) != 1 || under["cis-aws-1.2.0"] != "pass" {
		t.Errorf("answers that differ: %v", under)
	}
	// Evidence stands once: where OCSF has a place for it, there.
	if e := got[4]; len(e.Evidences) != 1 || e.Evidences[0].Data.Fact != "may" || e.Unmapped.Evidence != nil {
		t.Errorf("%+v", e)
	}
	// Since a baseline: new, as before, and gone.
	d := &audit.Diff{New: r.Findings[:1], Gone: []finding.Finding{r.Findings[3], {ID: "F-00000000000000aa", Control: "user.mfa", Subject: "arn:aws:iam::" + account + ":user/gone", Status: finding.Fail}}}
	got = events(t, r, report.Options{Since: d})
	for i, want := range map[int][2]int{0: {1, 1}, 2: {2, 0}, 3: {3, 4}, 8: {3, 4}} {
		if got[i].Activity != want[0] || got[i].Status != want[1] {
			t.Errorf("event %d is %+v, want activity and status %v", i, got[i], want)
		}
	}
	if len(got) != 9 {
		t.Errorf("%d events", len(got))
	}
}
