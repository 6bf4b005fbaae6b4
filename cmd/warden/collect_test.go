package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warden/account"
	"warden/twin"
)

func runCollect(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	root := newRoot(&streams{In: strings.NewReader(""), Out: &o, Err: &e})
	root.SetArgs(append([]string{"collect"}, args...))
	status = exitStatus(&e, root.ExecuteContext(t.Context()))
	return status, o.String(), e.String()
}

func TestCollectCommand(t *testing.T) {
	snapshot, truth := twin.Sample(1, time.Now())
	tw, err := twin.New(twin.Config{Snapshot: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	as := func(user string) {
		t.Helper()
		id, secret, err := tw.Credentials(user)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_ACCESS_KEY_ID", id)
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	}
	as(truth.Administrator)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	dir := t.TempDir()
	plain, compressed := filepath.Join(dir, "account.json"), filepath.Join(dir, "account.json.gz")

	status, out, errs := runCollect(t, "--out", plain, "--endpoint-url", server.URL(), "--strict")
	if status != 0 || !strings.Contains(out, "40 users, 15 groups, 59 roles") || !strings.Contains(out, "credential report of ") ||
		!strings.Contains(errs, "users, groups, roles and policies") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	if info, err := os.Stat(plain); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if s := readFile(t, plain); len(s.CredentialReport.Rows) != 41 || s.PasswordPolicy == nil || !s.PasswordPolicy.Value.Set {
		t.Errorf("%+v", s.Facts)
	}

	status, out, errs = runCollect(t, "--out", compressed, "--per-user", "--resume", plain, "--endpoint-url", server.URL())
	if status != 0 || !strings.Contains(out, "ListSSHPublicKeys 40") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	data, err := os.ReadFile(compressed)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(zip); err != nil || !bytes.Contains(text, []byte(`"sshKeys"`)) {
		t.Errorf("%v: %d bytes", err, len(text))
	}
	if s := readFile(t, compressed); s.Users[0].MFADevices == nil {
		t.Errorf("%+v", s.Users[0].UserFacts)
	}
	status, out, _ = runCollect(t, "--out", plain, "--per-user", "--resume", compressed, "--endpoint-url", server.URL())
	if status != 0 || strings.Contains(out, "ListSSHPublicKeys") {
		t.Errorf("status %d, what was just read is read again:\n%s", status, out)
	}

	// Nothing can be read: no file, one line.
	as(truth.Guard)
	none := filepath.Join(dir, "none.json")
	status, _, errs = runCollect(t, "--out", none, "--endpoint-url", server.URL())
	if _, err := os.Stat(none); status != 1 || !strings.Contains(errs, "nothing of account 123456789012 could be read") || !os.IsNotExist(err) {
		t.Errorf("status %d, %v\n%s", status, err, errs)
	}
}

// Ctrl-C leaves what was read, and nothing under the final name.
func TestCollectInterrupted(t *testing.T) {
	tw, err := twin.New(twin.Config{})
	if err != nil {
		t.Fatal(err)
	}
	tw.SetReportFaults(twin.ReportFaults{Never: true})
	server, err := tw.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	id, secret, err := tw.Credentials(twin.RootUser)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	name := filepath.Join(t.TempDir(), "account.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	errs := &until{word: "waiting", then: cancel}
	root := newRoot(&streams{In: strings.NewReader(""), Out: &out, Err: errs})
	root.SetArgs([]string{"collect", "--out", name, "--endpoint-url", server.URL()})
	status := exitStatus(errs, root.ExecuteContext(ctx))
	if _, err := os.Stat(name); status != 1 || !os.IsNotExist(err) || !strings.Contains(errs.String(), "--resume "+name+".partial") {
		t.Fatalf("status %d, %v\n%s", status, err, errs)
	}
	s := readFile(t, name+".partial")
	if s.CredentialReport != nil || len(s.Gaps) == 0 {
		t.Errorf("gaps %v", s.Gaps)
	}
}

// until calls then when a word is written.
type until struct {
	bytes.Buffer
	word string
	then func()
}

func (u *until) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(u.word)) {
		u.then()
	}
	return u.Buffer.Write(p)
}

func TestCollectUsage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "give --out FILE"},
		{[]string{"--out", "x", "--report-patience", "-1s"}, "not negative"},
		{[]string{"--out", "x", "extra"}, "one argument too many"},
	} {
		if status, _, errs := runCollect(t, tc.args...); status != 2 || !strings.Contains(errs, tc.want) {
			t.Errorf("%v: status %d, %s", tc.args, status, errs)
		}
	}
}

func readFile(t *testing.T, name string) *account.Snapshot {
	t.Helper()
	s, err := readSnapshot(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
