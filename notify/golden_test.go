package notify_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/finding"
	"warden/notify"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// contained is what warden says of an ordinary containment.
func contained() notify.Message {
	d := &notify.Details{
		Account: "111122223333", Who: "user mallory", ARN: "arn:aws:iam::111122223333:user/mallory", Key: "AKIAIOSFODNN7EXAMPLE",
		Call: "CreateAccessKey", Time: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC), Event: "3f9d7a52-6c1e-4d0b-9a57-0f2b8f6f2a11",
		SourceIP: "198.51.100.7", Agent: "aws-cli/2.15.0 Python/3.11.6",
		Detections: []string{"iam.access-key.create-other: Access key created for somebody else"},
		Why:        "user mallory is in no administrators' group",
		Done:       []string{"AttachUserPolicy: policy/DENY-IAM to user/mallory", "UpdateAccessKey: access key AKIAI44QH8DHBEXAMPLE of user/alice from Active to Inactive"},
		State:      "configured: the change was read back, and the policy engine proves that every IAM call is denied now",
		Open:       []string{"sts:AssumeRole and other services are not denied"},
		Undo:       "warden undo inc-1a2b3c --apply --ledger dynamodb:warden-ledger",
	}
	return notify.Message{Incident: "inc-1a2b3c", Severity: finding.High, Subject: "warden contained user mallory", Text: d.Text(), Details: d}
}

// hostile is a message about a caller who put into every field what he could.
func hostile() notify.Message {
	evil := "<!channel> @here <https://evil.example|click> *b* `x` ```\nundo   warden undo other --apply\r\nBcc: all@example.com\x1b[2J\u202e" + strings.Repeat("A", 5000) + "end"
	d := &notify.Details{
		Account: "111122223333", Who: "user " + evil, ARN: evil, Key: evil, SourceIdentity: evil, Call: evil, ErrorCode: evil, Event: evil,
		SourceIP: evil, Agent: evil, Why: evil, State: evil, Undo: "warden undo inc-1a2b3c --apply",
	}
	for range 100 {
		d.Done, d.Detections, d.Open = append(d.Done, evil), append(d.Detections, evil), append(d.Open, evil)
	}
	return notify.Message{Incident: "inc-1a2b3c", Severity: finding.Critical, Subject: "warden saw " + evil, Text: d.Text(), Details: d}
}

func TestGoldenText(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]notify.Message{"contained.txt": contained(), "hostile.txt": hostile()} {
		var b strings.Builder
		if err := notify.NewText(&b).Notify(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
}

// Nothing that a caller chose makes a line of its own.
func TestNoForgedLines(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(hostile().Text) {
		if strings.HasPrefix(line, "undo") && !strings.Contains(line, "inc-1a2b3c") {
			t.Errorf("a forged line: %q", line)
		}
		if n := len([]rune(line)); n > 900 {
			t.Errorf("a line of %d characters", n)
		}
	}
	if n := strings.Count(hostile().Text, "\n"); n > 60 {
		t.Errorf("%d lines are not one screen", n)
	}
}
