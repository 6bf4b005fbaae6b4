//go:build race

package scene

// played is how many scenes are played with the race detector, which makes
// them ten times slower.
const played = 12

// replayed is how many of them are played twice.
const replayed = 4
