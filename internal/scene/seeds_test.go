package scene

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	record  = flag.String("record", "", "write what happens and what goes over the wires to a file for each seed in this folder")
)

// halves is in how many processes the scenes are played, because each plays
// one at a time on one processor.
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
	var parts [halves][]string
	for i := range parts {
		parts[i] = []string{fmt.Sprintf("-from=%d", i*played/halves+1), fmt.Sprintf("-to=%d", (i+1)*played/halves)}
	}
	playApart(t, parts[:]...)
}

// playApart plays scenes in processes of their own, side by side, and shows
// what those say that fail.
func playApart(t *testing.T, flags ...[]string) {
	t.Helper()
	var all sync.WaitGroup
	outs, errs := make([]bytes.Buffer, len(flags)), make([]error, len(flags))
	for i, f := range flags {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.run=^TestSeeds$", "-test.v=" + fmt.Sprint(testing.Verbose())}, f...)...)
		cmd.Env = append(os.Environ(), "GOGC=400")
		cmd.Stdout, cmd.Stderr = &outs[i], &outs[i]
		all.Go(func() { errs[i] = cmd.Run() })
	}
	all.Wait()
	for i := range flags {
		if errs[i] != nil {
			t.Errorf("%v\n%s", errs[i], outs[i].String())
		} else if testing.Verbose() {
			t.Log(strings.ReplaceAll(outs[i].String(), "\n=== ", "\n"))
		}
	}
}

// playSeeds plays the scenes from one seed to another, which may be less.
func playSeeds(t *testing.T, first, last int64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for seed, step := first, int64(cmp.Compare(last, first)); ; seed += step {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { playSeed(t, seed) })
		if seed == last {
			return
		}
	}
}

func playSeed(t *testing.T, seed int64) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, draw(seed))
		e, wrong := s.check(t.Context())
		if *tell {
			fmt.Print(s.text())
		}
		if *record != "" {
			if err := os.WriteFile(filepath.Join(*record, fmt.Sprint(seed)), []byte(s.recording()), 0o600); err != nil {
				t.Error(err)
			}
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
