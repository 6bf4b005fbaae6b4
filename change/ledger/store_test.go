package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"database/sql"

	"warden/change/ledger"
	"warden/change/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, func(testing.TB) ledger.Store { return &ledger.Memory{} }, nil)
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	open := func(tb testing.TB, path string) ledger.Store {
		s, err := ledger.OpenSQLite(context.Background(), path)
		if err != nil {
			tb.Fatal(err)
		}
		paths.Store(s, path)
		return s
	}
	ledgertest.Run(t,
		func(tb testing.TB) ledger.Store { return open(tb, filepath.Join(tb.TempDir(), "ledger.db")) },
		func(tb testing.TB, s ledger.Store) ledger.Store {
			path, _ := paths.Load(s)
			return open(tb, path.(string))
		})
}

// TestMain lets the test binary be the second process of the tests.
func TestMain(m *testing.M) {
	if path := os.Getenv("LEDGER_TEST_APPEND"); path != "" {
		if err := appendMany(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const perProcess = 60

func appendMany(path string) error {
	ctx := context.Background()
	s, err := ledger.OpenSQLite(ctx, path)
	if err != nil {
		return err
	}
	for i := range perProcess {
		_, err := s.Append(ctx, ledger.Entry{Kind: "k", Time: time.Now(), Key: fmt.Sprint("shared:", i), Body: []byte(`{}`)})
		if err != nil && !errors.Is(err, ledger.ErrExists) {
			return err
		}
		if _, err := s.Append(ctx, ledger.Entry{Kind: "k", Time: time.Now(), Body: []byte(`{}`)}); err != nil {
			return err
		}
	}
	return s.Close()
}

func TestProcessesShareAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "folder", "ledger.db")
	const processes = 3
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "LEDGER_TEST_APPEND="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	s, err := ledger.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	head, _, err := ledger.New(s, nil).Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(perProcess + processes*perProcess); head.Entries != want {
		t.Errorf("%d entries, want %d", head.Entries, want)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state", "warden")
	s, err := ledger.OpenSQLite(t.Context(), filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Append(t.Context(), ledger.Entry{Kind: "k", Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	var seen []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen = append(seen, d.Name())
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "warden ledger.db ledger.db-shm ledger.db-wal" {
		t.Errorf("files: %s", got)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, path, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	made := func(t *testing.T, path string) {
		t.Helper()
		s, err := ledger.OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, want string
		prepare    func(t *testing.T, path string)
	}{
		{"newer schema", "schema version 99, this program knows up to 1: use a newer warden", func(t *testing.T, path string) {
			made(t, path)
			run(t, path, "PRAGMA user_version = 99")
		}},
		{"another program's database", "not a ledger", func(t *testing.T, path string) {
			run(t, path, "CREATE TABLE t (x)")
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"not a database", "not a database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("not a ledger\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"open to others", "run chmod 600", func(t *testing.T, path string) {
			made(t, path)
			if err := os.Chmod(path, 0o640); err != nil {
				t.Fatal(err)
			}
		}},
		{"a folder", "ledger", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "ledger.db")
			tt.prepare(t, path)
			_, err := ledger.OpenSQLite(t.Context(), path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q and the path", err, tt.want)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		if _, err := ledger.ReadSQLite(t.Context(), filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v, want one of a missing file", err)
		}
	})
}

func TestDefaultPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ xdg, want string }{
		{"", "/home/u/.local/state/warden/ledger.db"},
		{"/state", "/state/warden/ledger.db"},
		{"relative", "/home/u/.local/state/warden/ledger.db"},
	} {
		if got := ledger.DefaultPath(func(string) string { return tt.xdg }, "/home/u"); got != tt.want {
			t.Errorf("XDG_STATE_HOME=%q: %s, want %s", tt.xdg, got, tt.want)
		}
	}
}
