//go:build !race

package scene

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestReplay plays scenes twice. Ids of events are new in each run; all else is
// the same for most scenes, to the last line: who did what when, and what the
// guard answered. Where goroutines of the guard meet at one moment chance may
// still decide (nine of ten scenes are the same, fewer where others take the
// machine's processor away), so half is asked for. The race detector slows the
// goroutines so much that none is.
func TestReplay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
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
	const scenes = 20
	same := 0
	for seed := int64(1); seed <= scenes; seed++ {
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
	t.Logf("%d of %d scenes were the same twice", same, scenes)
	if same < scenes/2 {
		t.Errorf("%d of %d scenes were the same twice: a seed that fails has to fail again", same, scenes)
	}
}
