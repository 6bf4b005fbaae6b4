package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"warden/trail"
)

func record(id string) string {
	return fmt.Sprintf(`{"eventID":%q,"eventName":"CreateUser","eventSource":"iam.amazonaws.com","userIdentity":{"type":"Root"}}`, id)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		text = b.String()
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// into collects event ids.
func into(ids *[]string) func(*trail.Event) error {
	return func(e *trail.Event) error {
		*ids = append(*ids, e.ID)
		return nil
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b", "1.json.gz"), `{"Records":[`+record("B1")+","+record("B2")+`]}`)
	write(t, filepath.Join(dir, "a.ndjson"), record("A1")+"\n"+record("A2"))
	write(t, filepath.Join(dir, ".new.json"), record("HIDDEN"))
	write(t, filepath.Join(dir, "notes.txt"), "no events")
	write(t, filepath.Join(dir, "CloudTrail-Digest", "d.json"), `{"digestS3Object":"x"}`)
	plain := filepath.Join(t.TempDir(), "plain")
	write(t, plain, record("P1"))
	missing := filepath.Join(dir, "missing.json")

	var ids []string
	s := &trail.Scanner{}
	err := Files(context.Background(), s, []string{missing, dir, "-", plain}, strings.NewReader(record("IN")), into(&ids))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("Files = %v, want that %s does not exist", err, missing)
	}
	if got, want := strings.Join(ids, " "), "A1 A2 B1 B2 IN P1"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if st := s.Stats(); st.Bad != 0 || st.Files != 4 {
		t.Errorf("stats %+v", st)
	}
}

func TestFilesStops(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.json")
	write(t, path, record("A")+record("B"))
	stop := errors.New("stop")
	n := 0
	err := Files(context.Background(), &trail.Scanner{}, []string{path, path}, nil, func(*trail.Event) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("Files = %v after %d events", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Files(ctx, &trail.Scanner{}, []string{path}, nil, func(*trail.Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Files = %v, want canceled", err)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &Folder{Root: dir}
	s := &trail.Scanner{}
	poll := func(want string, files int) {
		t.Helper()
		var ids []string
		n, err := f.Poll(context.Background(), s, into(&ids))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ids, " "); got != want || n != files {
			t.Errorf("Poll read %q of %d files, want %q of %d", got, n, want, files)
		}
	}
	poll("", 0)
	write(t, filepath.Join(dir, "1.json"), record("A"))
	poll("A", 1)
	poll("", 0)
	write(t, filepath.Join(dir, "x", "2.json.gz"), record("B"))
	poll("B", 1)
	// Grown, and written anew at the same size.
	write(t, filepath.Join(dir, "1.json"), record("A")+record("C"))
	poll("A C", 1)
	if err := os.Chtimes(filepath.Join(dir, "1.json"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	poll("A C", 1)
	// A restart with the memory kept.
	f = &Folder{Root: dir, Seen: f.Seen}
	poll("", 0)
	if err := os.Remove(filepath.Join(dir, "1.json")); err != nil {
		t.Fatal(err)
	}
	poll("", 0)
	if len(f.Seen) != 1 {
		t.Errorf("remembers %v", f.Seen)
	}
	f.Root = filepath.Join(dir, "missing")
	if _, err := f.Poll(context.Background(), s, into(new([]string))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Poll of a missing folder = %v", err)
	}
}
