package cases_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"warden/policy"
	"warden/policy/cases"
)

// TestCorpus holds the engine to every case that is known.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		file string
		n    int
	}{
		{"decisions.jsonl.gz", 10000}, {"edge.jsonl.gz", 2000}, {"disputed.jsonl", 68},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()
			n, wrong := 0, 0
			for _, c := range load(t, tc.file) {
				n++
				got := policy.Evaluate(c.Request, c.Policies)
				if got.Decision != c.Expected || len(got.Unknown) > 0 {
					wrong++
					if wrong <= 20 {
						t.Errorf("%s: got %v, want %v; unknown: %v", c.ID, got.Decision, c.Expected, got.Unknown)
					}
				}
				if d := policy.Decide(&c.Request, &c.Policies); d != got.Decision {
					t.Errorf("%s: Decide says %v, Evaluate %v", c.ID, d, got.Decision)
				}
			}
			if n != tc.n || wrong > 0 {
				t.Errorf("%d of %d cases wrong, want 0 of %d", wrong, n, tc.n)
			}
		})
	}
}

func load(tb testing.TB, name string) []*cases.Case {
	tb.Helper()
	r, err := cases.NewReader(open(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	var all []*cases.Case
	for {
		c, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatalf("%s:%d: %v", name, r.Line(), err)
		}
		all = append(all, c)
	}
}

func open(tb testing.TB, name string) *os.File {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "cases", name))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.Close() })
	return f
}

// lines returns the lines of a compressed file of cases.
func lines(tb testing.TB, name string) [][]byte {
	tb.Helper()
	z, err := gzip.NewReader(open(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte{'\n'})
}
