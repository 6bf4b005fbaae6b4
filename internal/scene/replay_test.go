//go:build !race

package scene

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestReplay plays scenes twice. Ids of events are new in each run; nearly all
// else is the same: who did what when, and what the guard answered. Where two
// goroutines of the guard meet at one moment, chance may still decide, so that
// not every scene has to be the same to the last line: on a machine of its own
// about five of six are, fewer where others take its processor away. The race
// detector slows the goroutines so much that none is.
func TestReplay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	once := func(t *testing.T, seed int64) (text string) {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, draw(seed))
			text = ids.ReplaceAllString(s.text(), "ID")
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return text
	}
	same := 0
	for _, seed := range []int64{1, 2, 4, 8, 9, 20} {
		a, b := strings.Split(once(t, seed), "\n"), strings.Split(once(t, seed), "\n")
		i := 0
		for i < min(len(a), len(b)) && a[i] == b[i] {
			i++
		}
		if i == len(a) && i == len(b) {
			same++
			continue
		}
		t.Logf("seed %d differs from line %d of %d on", seed, i+1, len(a))
	}
	t.Logf("%d of 6 scenes were the same twice", same)
	if same == 0 {
		t.Error("no scene was the same twice")
	}
}
