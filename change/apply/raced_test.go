//go:build race

package apply_test

// Under the race detector, which makes them ten times slower, the tests of
// death visit fewer points and die once; without it they visit all of them.
const (
	stride = 43
	twice  = false
)
