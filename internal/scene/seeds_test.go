package scene

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

var (
	oneSeed = flag.Int64("seed", 0, "play this scene only")
	verbose = flag.Bool("tell", false, "print what happens")
)

func TestSeeds(t *testing.T) {
	first, last := int64(1), int64(20)
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			began := time.Now()
			runtime.GOMAXPROCS(1)
			synctest.Test(t, func(t *testing.T) {
				s := play(t, draw(seed))
				if *verbose {
					fmt.Print(s.text())
				}
				t.Logf("%d entries, %d credentials, %d crashes, %d records", func() int { h, _, _ := s.Ledger.Verify(t.Context(), ""); return int(h.Entries) }(), len(s.intruder.credentials), s.crashed.Load(), len(s.told))
				for _, f := range s.failures {
					t.Error(f)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			t.Log(time.Since(began))
		})
	}
}
