//go:build !race

package scene

// played is how many scenes are played.
const played = 200
