//go:build !race

package scene

// played is how many scenes are played.
const played = 200

// replayed is how many of them are played twice.
const replayed = 30
