package respond

import (
	"slices"
	"time"
)

// Looks are the ages of a containment at which Recheck is due: Serve keeps to
// them by itself; who handles events one call at a time orders them.
func Looks() []time.Duration { return slices.Clone(holdAt) }
