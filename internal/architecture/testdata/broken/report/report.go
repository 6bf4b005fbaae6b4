// Package report imports its neighbour.
package report

import "warden/change/apply" // want: report (level 5) imports warden/change/apply (level 6): imports go down only

// Apply is used.
var Apply = apply.Create
