// Package twin imports a lower room that is not among the few it may import.
package twin

import (
	"warden/policy"
	"warden/report" // want: twin imports warden/report, and may import only policy
)

// A and B are used.
var (
	A = policy.Late
	B = report.Apply
)
