package main

import (
	"flag"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"warden/internal/fixture"
)

// TestMain lets testscript run this binary as warden.
func TestMain(m *testing.M) {
	// The tests of this package wait for queues more than they compute. The
	// command line, which is read later, overrides it.
	if err := flag.Set("test.parallel", strconv.Itoa(8*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(fixture.M{M: m}, map[string]func(){"warden": main})
}

// TestScripts runs the scenarios in testdata/script with the real command.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			// A stray configuration must not matter where no AWS is needed.
			e.Setenv("AWS_PROFILE", "nobody")
			e.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
			return nil
		},
	})
}
