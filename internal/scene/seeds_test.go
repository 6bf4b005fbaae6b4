package scene

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
)

var (
	oneSeed = flag.Int64("seed", 0, "play this scene only")
	tell    = flag.Bool("tell", false, "print what happens, line by line")
	seeds   = flag.Int64("seeds", 20, "how many scenes are played")
)

// TestSeeds plays scenes and checks the invariants. A failing one is played
// again by -seed.
func TestSeeds(t *testing.T) {
	first, last := int64(1), *seeds
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	// One thread: goroutines of a moment then run in an order that is nearly
	// always the same.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(t, draw(seed))
				e, wrong := s.check(t.Context())
				if *tell {
					fmt.Print(s.text())
				}
				t.Log(e.summary())
				for _, w := range wrong {
					t.Error(w)
				}
				if len(wrong) > 0 {
					t.Errorf("replay: go test ./internal/scene -run TestSeeds -seed %d -tell", seed)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
