package audit_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

// of returns what one control says of a snapshot.
func of(t *testing.T, s *account.Snapshot, control string) []finding.Finding {
	t.Helper()
	if audit.Find(control) == nil {
		t.Fatalf("no control %s", control)
	}
	return audit.Run(audit.NewEvidence(s, now), audit.Selection{Only: []string{control}}).Findings
}

// TestGood asks every control about an account in which all is well.
func TestGood(t *testing.T) {
	t.Parallel()
	r := audit.Run(audit.NewEvidence(good(), now), audit.Selection{})
	asked := map[string]bool{}
	for _, f := range r.Findings {
		asked[f.Control] = true
		c := audit.Find(f.Control)
		// No console user has a key, so that nothing asks where it came from.
		if f.Status != finding.Pass && !(f.Status == finding.Manual && c.Manual != "") && !(f.Status == finding.NotApplicable && f.Control == "user.setup-key") {
			t.Errorf("%s %s %s: %s: %s", f.Control, f.Subject, f.Part, f.Status, f.Summary)
		}
		if f.Status == finding.Pass {
			if len(f.Evidence) == 0 {
				t.Errorf("%s passes without evidence", f.Control)
			}
			if f.Remedy != "" || f.Command != "" {
				t.Errorf("%s passes and has a remedy", f.Control)
			}
		}
		for _, e := range f.Evidence {
			if e.Source == "" || e.At == nil {
				t.Errorf("%s: a fact without source and time: %+v", f.Control, e)
			}
		}
	}
	for _, c := range audit.All() {
		if !asked[c.ID] {
			t.Errorf("%s was not asked", c.ID)
		}
	}
}

// TestNothing asks every control about an account of which nothing is known:
// there is no pass.
func TestNothing(t *testing.T) {
	t.Parallel()
	s := &account.Snapshot{Version: account.Version, Account: id, Partition: "aws", CollectedAt: now}
	for _, f := range audit.Run(audit.NewEvidence(s, time.Time{}), audit.Selection{}).Findings {
		if f.Status != finding.Unknown && f.Status != finding.Manual {
			t.Errorf("%s: %s: %s", f.Control, f.Status, f.Summary)
		}
		if f.Status == finding.Unknown && !strings.Contains(f.Summary, "not in the evidence") && !strings.Contains(f.Summary, "not read") {
			t.Errorf("%s gives no reason: %s", f.Control, f.Summary)
		}
	}
}

func TestStableIDs(t *testing.T) {
	t.Parallel()
	a, b := audit.Run(audit.NewEvidence(good(), now), audit.Selection{}), audit.Run(audit.NewEvidence(good(), now.Add(time.Hour)), audit.Selection{})
	seen := map[string]bool{}
	for i := range a.Findings {
		if seen[a.Findings[i].ID] {
			t.Errorf("%s %s %s: its id occurs twice", a.Findings[i].Control, a.Findings[i].Subject, a.Findings[i].Part)
		}
		seen[a.Findings[i].ID] = true
	}
	for i := range b.Findings {
		if !seen[b.Findings[i].ID] {
			t.Errorf("%s has another id an hour later", b.Findings[i].Control)
		}
	}
}

// TestThresholds: one evaluation, each version with its own threshold.
func TestThresholds(t *testing.T) {
	t.Parallel()
	s := good()
	row(s, "ann").PasswordLastUsed = at(60)
	f := of(t, s, "credential.unused")[0]
	if f.Status != finding.Fail || f.Part != "password" {
		t.Fatalf("%+v", f)
	}
	for _, ref := range f.References {
		want := finding.Fail
		if ref.Version == "1.2.0" || ref.Version == "1.3.0" {
			want = finding.Pass
		}
		if ref.Status != want {
			t.Errorf("under %s (%d days): %s", ref.Version, ref.Threshold, ref.Status)
		}
	}
	old, err := audit.ParseSelection("cis-1.3", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range audit.Run(audit.NewEvidence(s, now), old).Findings {
		if f.Control == "credential.unused" && f.Status != finding.Pass {
			t.Errorf("under 1.3.0: %s", f.Status)
		}
	}
	// 45 days is too long, 90 days is not yet too old.
	row(s, "ann").PasswordLastUsed = at(45)
	if f := of(t, s, "credential.unused")[0]; f.Status != finding.Fail {
		t.Errorf("45 days: %s", f.Status)
	}
	row(s, "robot").Keys[0].LastRotated = at(90)
	if f := of(t, s, "key.age")[0]; f.Status != finding.Pass {
		t.Errorf("a key of 90 days: %s", f.Status)
	}
	row(s, "robot").Keys[0].LastRotated = at(91)
	if f := of(t, s, "key.age")[0]; f.Status != finding.Fail {
		t.Errorf("a key of 91 days: %s", f.Status)
	}
}

func TestExemptions(t *testing.T) {
	t.Parallel()
	s := good()
	row(s, "ann").MFA = "false"
	x := audit.Exemption{ARN: arn("user/ann"), ID: "AIDAANN", Rule: "audit:user.mfa", Reason: "on leave", Owner: "ops", Expires: now.Add(time.Hour)}
	for name, c := range map[string]struct {
		change func(*audit.Exemption)
		exempt bool
	}{
		"it holds":          {func(*audit.Exemption) {}, true},
		"expired":           {func(x *audit.Exemption) { x.Expires = now }, false},
		"made anew":         {func(x *audit.Exemption) { x.ID = "AIDAOTHER" }, false},
		"another control":   {func(x *audit.Exemption) { x.Rule = "audit:key.age" }, false},
		"another judgement": {func(x *audit.Exemption) { x.Rule = "guard" }, false},
		"somebody else":     {func(x *audit.Exemption) { x.ARN = arn("user/bob") }, false},
	} {
		one := x
		c.change(&one)
		e := audit.NewEvidence(s, now)
		e.Exemptions = []audit.Exemption{one}
		r := audit.Run(e, audit.Selection{Only: []string{"user.mfa"}})
		if got := r.Count(finding.Fail, true) == 1; got != c.exempt {
			t.Errorf("%s: exempt %v", name, got)
		}
	}
	if got := audit.Expired([]audit.Exemption{x}, now.Add(time.Hour)); len(got) != 1 {
		t.Error("it did not expire")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	only := audit.Selection{Only: []string{"user.mfa", "root.keys", "key.age"}}
	s := good()
	row(s, "ann").MFA = "false"
	s.Summary.Value["AccountAccessKeysPresent"] = 1
	before := audit.Run(audit.NewEvidence(s, now), only)
	s = good()
	s.Summary, s.CredentialReport.Rows[0].Keys[0].Active = nil, "odd"
	row(s, "robot").Keys[0].LastRotated = at(400)
	d := audit.Compare(before, audit.Run(audit.NewEvidence(s, now), only))
	if len(d.New) != 1 || d.New[0].Control != "key.age" || len(d.Gone) != 1 || d.Gone[0].Control != "user.mfa" {
		t.Errorf("new %v, gone %v", d.New, d.Gone)
	}
	if len(d.Changed) != 1 || d.Changed[0].After.Status != finding.Unknown {
		t.Errorf("changed %+v", d.Changed)
	}
	// Who was deleted is gone with his findings.
	s = good()
	s.Users, s.CredentialReport.Rows = s.Users[1:], slices.Delete(s.CredentialReport.Rows, 1, 2)
	if d := audit.Compare(before, audit.Run(audit.NewEvidence(s, now), only)); len(d.Gone) != 2 || len(d.New) != 0 {
		t.Errorf("gone %v", d.Gone)
	}
}

func TestParseSelection(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "all", "all": "all", "cis": "cis-aws-7.0.0", "cis-7.0": "cis-aws-7.0.0", "CIS-AWS-4.0.1": "cis-aws-4.0.1", "cis-v1.2": "cis-aws-1.2.0", "cis-2": "cis-aws-2.0.0",
	} {
		s, err := audit.ParseSelection(text, nil)
		if err != nil || s.String() != want {
			t.Errorf("%q: %s, %v", text, s, err)
		}
	}
	for _, text := range []string{"pci", "cis-9", "cis-1", "cis-7.0.0.0", "cis-"} {
		if s, err := audit.ParseSelection(text, nil); err == nil {
			t.Errorf("%q: %s", text, s)
		}
	}
	if _, err := audit.ParseSelection("all", []string{"root.nothing"}); err == nil {
		t.Error("a control that there is not")
	}
	s, err := audit.ParseSelection("cis-1.2", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Controls() {
		if c.ID == "root.central" || c.ID == "user.inactive" {
			t.Errorf("1.2.0 does not ask %s", c.ID)
		}
	}
	if !slices.Contains(s.Actions(), "iam:GetCredentialReport") {
		t.Error(s.Actions())
	}
}
