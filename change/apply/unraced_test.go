//go:build !race

package apply_test

const (
	// stride spares most points of TestKill9: TestDeathAtEveryPoint visits
	// all of them, in one process. Coprime to the ten points of a step, it
	// meets every kind of point.
	stride = 7
	// twice kills also the one that resumes.
	twice = true
)
