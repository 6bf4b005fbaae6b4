// Package policy imports upwards and reads files and the clock.
package policy

import (
	"os"   // want: policy imports os: this room is pure
	"time" // a type of it is fine

	"warden/guard" // want: policy (level 0) imports warden/guard (level 4): imports go down only
)

// Default is an instant, as a value.
var Default time.Time

// Late asks the clock.
func Late() bool {
	_ = os.Getenv("HOME")
	return time.Now().After(guard.Deadline()) // want: policy uses time.Now
}
