package scene

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplay plays scenes in two processes, which do not come to them in the
// same state, and asks that all is the same, to the nanosecond: who did what
// when, what the guard answered, each request with its content and each entry
// of the ledger. So a seed that fails fails again.
func TestReplay(t *testing.T) {
	once, again := t.TempDir(), t.TempDir()
	playApart(t,
		[]string{"-from=1", fmt.Sprintf("-to=%d", replayed), "-record=" + once},
		[]string{fmt.Sprintf("-from=%d", replayed), "-to=1", "-record=" + again})
	for seed := 1; seed <= replayed; seed++ {
		a, b := lines(t, once, seed), lines(t, again, seed)
		i := 0
		for i < min(len(a), len(b)) && a[i] == b[i] {
			i++
		}
		if i < max(len(a), len(b)) {
			t.Errorf("seed %d differs from line %d on:\n%s\n--\n%s", seed, i+1, excerpt(a, i), excerpt(b, i))
		}
	}
}

// lines are a recording's.
func lines(t *testing.T, dir string, seed int) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(seed)))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 0 {
		t.Fatalf("nothing was recorded of seed %d", seed)
	}
	return strings.Split(string(data), "\n")
}

// excerpt is what comes before and after a line.
func excerpt(all []string, i int) string {
	return strings.Join(all[max(i-3, 0):min(i+3, len(all))], "\n")
}
