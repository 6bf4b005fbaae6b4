//go:build race

package scene

// played is how many scenes are played with the race detector, which makes
// them ten times slower.
const played = 12
