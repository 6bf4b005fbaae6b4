package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warden/doctor"
	"warden/finding"
	"warden/internal/fixture"
	"warden/internal/stage"
)

// On the twin, which serves part of what doctor asks, it says what it saw,
// and that it did not see the rest.
func TestDoctorOnTheTwin(t *testing.T) {
	t.Parallel()
	st, err := stage.Set(t.Context(), stage.Options{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	id, secret, err := st.Twin.Credentials(st.Truth.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, int) {
		cmd := exec.Command(fixture.Warden(t), append([]string{"doctor", "--endpoint-url", st.Server.URL()}, args...)...)
		cmd.Env = []string{"HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret}
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return out.String(), exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), 0
	}
	text, status := run("-o", "json")
	var report doctor.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil || status != 3 {
		t.Fatalf("status %d: %v\n%s", status, err, text)
	}
	want := map[string]finding.Status{
		"trail.logging": finding.Pass, "trail.whole": finding.Pass, "admins.exist": finding.Pass, // which the twin has
		"rules.enabled": finding.Fail, "queue.policy": finding.Fail, "scp.pin": finding.Fail, "alarms.set": finding.Fail, // which nobody made
		"function.ready": finding.Unknown, "ledger.table": finding.Unknown, "people.told": finding.Unknown, // which it does not serve
	}
	for _, res := range report.Results {
		if w, asked := want[res.Check]; asked && res.Status != w {
			t.Errorf("%s %s is %s, want %s: %s", res.Check, res.Where, res.Status, w, res.Evidence)
		}
	}
	if report.Grade != doctor.GradeD || report.Account != st.Account {
		t.Errorf("grade %s of account %s", report.Grade, report.Account)
	}
	if text, status := run("--enough", "D"); status != 0 || !strings.Contains(text, "grade D: something on the way") || !strings.Contains(text, "for the next grade:") {
		t.Errorf("status %d\n%s", status, text)
	}
	for _, args := range [][]string{{"--enough", "E"}, {"-o", "xml"}} {
		if _, status := run(args...); status != 2 {
			t.Errorf("%v: status %d, want 2", args, status)
		}
	}
	if _, status := run("--zip", "/nowhere"); status != 1 {
		t.Errorf("a zip that is not there: status %d, want 1", status)
	}
}

func TestDoctorTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := doctorTable(&b, doctor.Report{
		Account: "111122223333", Regions: []string{"us-east-1", "eu-west-1"}, At: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC), Grade: doctor.GradeC,
		Results: []doctor.Result{
			{Check: "trail.logging", Where: "us-east-1", Status: finding.Pass, Evidence: "trail main logs management events"},
			{Check: "people.told", Status: finding.Fail, Evidence: "nobody has confirmed a subscription", Remedy: "subscribe"},
			{Check: "alarms.set", Status: finding.Unknown, Evidence: "AccessDenied\x1b[2J", Remedy: "let it read"},
			{Check: "function.code", Status: finding.NotApplicable, Evidence: "give the zip"},
		},
		Next: []doctor.Result{{Check: "people.told", Remedy: "subscribe"}, {Check: "people.told", Remedy: "subscribe"}, {Check: "alarms.set", Remedy: "let it read"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `account 111122223333, regions us-east-1 eu-west-1, 2026-05-04 10:00:00Z

pass     trail.logging      us-east-1: trail main logs management events
FAIL     people.told        nobody has confirmed a subscription
UNKNOWN  alarms.set         AccessDenied�[2J
-        function.code      give the zip

grade C: events lead to containments, but something that keeps it so is missing
1 passed, 1 failed, 1 unknown

for the next grade:
  people.told        subscribe
  alarms.set         let it read
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestZipHash(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "zip")
	if err := os.WriteFile(file, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := zipHash(file); err != nil || got != "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" {
		t.Errorf("%s %v", got, err)
	}
}
