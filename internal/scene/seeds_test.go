package scene

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

var (
	oneSeed = flag.Int64("seed", 0, "play this scene only")
	from    = flag.Int64("from", 0, "play the scenes from this seed on, in this process")
	upTo    = flag.Int64("to", 0, "the last of them")
	tell    = flag.Bool("tell", false, "print what happens, line by line")
)

// halves is in how many processes the scenes are played: the goroutines of a
// scene share one thread, so that they run in nearly the same order each time.
const halves = 2

// TestSeeds plays scenes and checks the invariants. A failing one says how it
// is played again.
func TestSeeds(t *testing.T) {
	switch {
	case *oneSeed != 0:
		playSeeds(t, *oneSeed, *oneSeed)
		return
	case *from != 0:
		playSeeds(t, *from, *upTo)
		return
	}
	var all sync.WaitGroup
	var outs [halves]bytes.Buffer
	var errs [halves]error
	for i := range halves {
		first, last := int64(i*played/halves+1), int64((i+1)*played/halves)
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSeeds$", fmt.Sprintf("-from=%d", first), fmt.Sprintf("-to=%d", last), "-test.v="+fmt.Sprint(testing.Verbose()))
		cmd.Env = append(os.Environ(), "GOGC=400")
		cmd.Stdout, cmd.Stderr = &outs[i], &outs[i]
		all.Go(func() { errs[i] = cmd.Run() })
	}
	all.Wait()
	for i := range halves {
		if errs[i] != nil {
			t.Errorf("%v\n%s", errs[i], outs[i].String())
		} else if testing.Verbose() {
			t.Log(strings.ReplaceAll(outs[i].String(), "\n=== ", "\n"))
		}
	}
}

func playSeeds(t *testing.T, first, last int64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { playSeed(t, seed) })
	}
}

func playSeed(t *testing.T, seed int64) {
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
}
