package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"warden/change"
	"warden/change/ledger"
)

// runWarden runs the command line and returns its exit status and output.
func runWarden(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	s := &streams{In: strings.NewReader(""), Out: &o, Err: &e}
	root := newRoot(s)
	root.SetArgs(args)
	status = exitStatus(s.Err, root.ExecuteContext(t.Context()))
	return status, o.String(), e.String()
}

// storyLedger has one incident with a contained user, and a bad input.
func storyLedger(t *testing.T) (path, step string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ledger.db")
	store, err := ledger.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	l := ledger.New(store, nil)
	user := change.Identity{ARN: "arn:aws:iam::111122223333:user/deploy", ID: "AIDAEXAMPLE"}
	p, err := change.NewPlan(change.Plan{Account: "111122223333", Incident: "3f9c00000000aaaa", Round: 1, Title: "contain deploy",
		Steps: []change.Step{change.Attach(user, "arn:aws:iam::111122223333:policy/DENY-IAM")}})
	if err != nil {
		t.Fatal(err)
	}
	s := p.Steps[0]
	record := func(_ bool, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	record(l.OpenIncident(ctx, p.Incident, ledger.Opening{Account: p.Account, Caller: user.ARN, Kind: "iam-user", Severity: "high", Title: "deploy called CreateUser\x1b[31m"}))
	record(l.JoinEvent(ctx, p.Incident, ledger.Event{ID: "e-1", Name: "CreateUser", SourceIP: "198.51.100.7"}))
	_, first, err := l.RecordPlan(ctx, p)
	record(first, err)
	record(l.Intend(ctx, p.Incident, s.ID, ledger.Intent{Plan: p.ID, Attempt: 1}))
	record(l.End(ctx, p.Incident, s.ID, ledger.Outcome{Attempt: 1, Status: ledger.Done, Found: s.After}))
	record(l.RecordVerification(ctx, p.Incident, 1, ledger.Verification{Level: ledger.Configured, Evidence: []string{"DENY-IAM is attached"}}))
	record(l.Quarantine(ctx, "trail.json:3", "not JSON", []byte("{oops")))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path, s.ID
}

func TestLedgerCommands(t *testing.T) {
	t.Parallel()
	path, step := storyLedger(t)
	for _, tt := range []struct {
		args   string
		status int
		want   []string
	}{
		{"ledger list", 0, []string{"3f9c00000000", "configured", "high", "deploy called CreateUser\ufffd[31m"}},
		{"ledger show 3f9c", 0, []string{"iam-user arn:aws:iam::111122223333:user/deploy", "198.51.100.7", "done", "AttachUserPolicy: policy/DENY-IAM to user/deploy", "DENY-IAM is attached", "warden undo 3f9c00000000"}},
		{"ledger show " + step[:10], 0, []string{step, "inverse    DetachUserPolicy", "before     absent", "after      attached"}},
		{"ledger inputs", 0, []string{"trail.json:3", "not JSON"}},
		{"ledger verify", 0, []string{"intact: 7 entries, head "}},
		{"ledger verify --expect 00ff", 3, []string{"cut off or replaced"}},
		{"ledger show zz", 1, []string{`begins with "zz"`}},
		{"ledger show", 2, []string{"give one INCIDENT or STEP"}},
		{"ledger", 2, []string{"list, show, inputs, verify"}},
		{"ledger list -o yaml", 2, []string{"want table or json"}},
		{"ledger list --ledger /nowhere/ledger.db", 1, []string{"/nowhere/ledger.db"}},
		{"undo zz", 1, []string{`begins with "zz"`}},
		{"undo", 2, []string{"give one INCIDENT or STEP"}},
		{"undo 3f9c -o table", 2, []string{"want text or json"}},
	} {
		args := strings.Fields(tt.args)
		if !strings.Contains(tt.args, "--ledger") && len(args) > 1 {
			args = append(args, "--ledger", path)
		}
		status, out, errs := runWarden(t, args...)
		if status != tt.status {
			t.Errorf("%s: status %d, want %d (%s)", tt.args, status, tt.status, errs)
		}
		for _, w := range tt.want {
			if !strings.Contains(out+errs, w) {
				t.Errorf("%s: %q is missing in\n%s%s", tt.args, w, out, errs)
			}
		}
		if strings.Contains(out+errs, "\x1b") {
			t.Errorf("%s: a control character reaches the terminal", tt.args)
		}
	}
	for _, args := range []string{"ledger list", "ledger show 3f9c", "ledger show " + step[:10], "ledger inputs", "ledger verify"} {
		status, out, errs := runWarden(t, append(strings.Fields(args), "--ledger", path, "-o", "json")...)
		if status != 0 || !json.Valid([]byte(out)) || errs != "" {
			t.Errorf("%s -o json: status %d, %s%s", args, status, out, errs)
		}
	}
}

func TestLedgerVerifyNamesTheEntry(t *testing.T) {
	t.Parallel()
	path, _ := storyLedger(t)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trigger := `CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END`
	for _, q := range []string{"DROP TRIGGER entry_no_update", `UPDATE entry SET body = '{"id":"e-2"}' WHERE seq = 2`, trigger} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	status, out, _ := runWarden(t, "ledger", "verify", "--ledger", path)
	if status != 3 || !strings.Contains(out, "entry 2 ") {
		t.Errorf("status %d, %s", status, out)
	}
	status, out, _ = runWarden(t, "ledger", "verify", "--ledger", path, "-o", "json")
	if status != 3 || !strings.Contains(out, `"broken": 2`) || !strings.Contains(out, `"intact": false`) {
		t.Errorf("status %d, %s", status, out)
	}
}
