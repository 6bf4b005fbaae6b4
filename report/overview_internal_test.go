package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"warden/audit"
	"warden/finding"
)

// TestOverview counts recommendations by their worst answers under each
// version, and groups what failed and what is unknown.
func TestOverview(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	old := now.Add(-100 * time.Hour)
	var findings []finding.Finding
	add := func(control, number string, status finding.Status, change func(*finding.Finding)) {
		f := finding.Finding{ID: fmt.Sprint(len(findings)), Control: control, Title: control, Subject: "arn:aws:iam::111122223333:root", Status: status, Severity: finding.Medium, Summary: "s",
			Evidence:   []finding.Fact{{Fact: "x", Source: "iam:A", At: &now}},
			References: []finding.Reference{{Benchmark: audit.CIS, Version: "1.2.0", ID: number, Status: status}, {Benchmark: audit.CIS, Version: "7.0.0", ID: number, Status: status}}}
		if change != nil {
			change(&f)
		}
		findings = append(findings, f)
	}
	accept := func(f *finding.Finding) { f.Exempt = &finding.Exempt{Owner: "ops", Expires: now} }
	add("a", "2.1", finding.Pass, nil)
	add("a", "2.1", finding.Fail, accept)
	add("b", "2.2", finding.Unknown, func(f *finding.Finding) {
		f.Summary, f.Severity, f.Evidence[0].At = "whether he has MFA: not in the evidence (iam:X)", finding.High, &old
	})
	add("b", "2.2", finding.Fail, nil)
	add("c", "2.3", finding.Unknown, func(f *finding.Finding) {
		f.Summary, f.Remedy = "which keys: not in the evidence (iam:X)", "allow iam:X"
	})
	add("d", "5.1", finding.Fail, func(f *finding.Finding) {
		f.References[0].Status, f.Severity, f.Evidence[0] = finding.Pass, finding.Critical, finding.Fact{Fact: "y", Source: "file"}
	})
	r := &audit.Report{Account: "111122223333", Now: now, Findings: findings}
	s := summarize(r, Options{})

	bars := func(list []Bar) string {
		var out []string
		for _, b := range list {
			line := b.Name
			for _, p := range b.Parts {
				if p.N > 0 {
					line += fmt.Sprintf(" %s=%d", p.Name, p.N)
				}
			}
			out = append(out, line)
		}
		return strings.Join(out, "; ")
	}
	line := func(values ...any) string { return strings.TrimSuffix(fmt.Sprintln(values...), "\n") }
	for _, tc := range []struct{ got, want string }{
		{bars(s.Sections), "2 identity fail=1 unknown=1 accepted=1; 5 monitoring fail=1"},
		{bars(s.Versions), "1.2.0 fail=1 unknown=1 accepted=1 pass=1; 7.0.0 fail=2 unknown=1 accepted=1"},
		{bars(s.Severities), "critical fail=1; high unknown=1; medium fail=1 unknown=1; low; info"},
		{fmt.Sprint(s.Counts), "[{fail 2} {unknown 2} {manual 0} {pass 1} {not applicable 0} {accepted 1}]"},
		{line(s.Questions, len(s.Failing), s.Failing[0].Control, s.Failing[1].Control, s.Failing[1].N, s.Failing[1].Of), "4 2 d b 1 2"},
		{line(len(s.Reasons), s.Reasons[0].Text, s.Reasons[0].N, s.Reasons[0].Controls, s.Reasons[0].Worst, s.Reasons[0].Remedy), "1 not in the evidence (iam:X) 2 [b c] high allow iam:X"},
		{line(s.Sources[0].Name, s.Sources[0].Age, s.Sources[1].Name, s.Sources[1].Age, s.Sources[1].Facts), "file of unknown age iam:A 4 days old 5"},
	} {
		if tc.got != tc.want {
			t.Errorf("got  %s\nwant %s", tc.got, tc.want)
		}
	}
}

func TestBecause(t *testing.T) {
	t.Parallel()
	for summary, want := range map[string]string{
		"whether he has MFA: he was created after the credential report was made":    "he was created after the credential report was made",
		"unknown: no use is known; confidence: unsure; not looked at: SSH keys":      "not looked at: SSH keys",
		"not looked at: passwords: not in the evidence (iam:A)":                      "not looked at: passwords: not in the evidence (iam:A)",
		"who is told: not in the evidence (cloudtrail:B)":                            "not in the evidence (cloudtrail:B)",
		"becomes an administrator by x; it hangs on whether a function has the role": "it hangs on whether a function has the role",
		"AWS Config in 2 regions that were not read: eu-west-1 eu-west-2":            "AWS Config in 2 regions that were not read: eu-west-1 eu-west-2",
		"the credential report says of it nothing":                                   "the credential report says of it nothing",
	} {
		if got := because(summary); got != want {
			t.Errorf("%q: %q", summary, got)
		}
	}
}

// Every section of CIS that a control stands in has a name.
func TestSectionNames(t *testing.T) {
	t.Parallel()
	for _, c := range audit.All() {
		for _, m := range c.Maps {
			number, _, _ := strings.Cut(m.ID, ".")
			name := sectionName(m.Version, number)
			area, _, _ := strings.Cut(c.ID, ".")
			want := ""
			switch area {
			case "monitor":
				want = "monitoring"
			case "root", "user", "key":
				want = "identity"
			case "trail":
				want = "logging"
			}
			if name == "" || want != "" && name != want {
				t.Errorf("%s in %s is %s: %q", c.ID, m.Version, m.ID, name)
			}
		}
	}
}
