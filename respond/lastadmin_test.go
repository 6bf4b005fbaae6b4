package respond

import (
	"testing"
	"time"

	"warden/guard"
	"warden/trail"
)

func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	seen := func(ago time.Duration, ids ...string) guard.Seen { return guard.Seen{At: now.Add(-ago), IDs: ids} }
	for _, tc := range []struct {
		name string
		seen []guard.Seen
		want bool
	}{
		{"nothing is known", nil, false},
		{"the only one, for long", []guard.Seen{seen(24*time.Hour, "A"), seen(time.Minute, "A")}, true},
		{"the others left", []guard.Seen{seen(24*time.Hour, "A", "B"), seen(time.Minute, "A")}, true},
		{"there is another", []guard.Seen{seen(24*time.Hour, "A"), seen(time.Minute, "A", "B")}, false},
		{"he is none now", []guard.Seen{seen(24*time.Hour, "A"), seen(time.Minute, "B")}, false},
		{"he took their place", []guard.Seen{seen(24*time.Hour, "B"), seen(time.Minute, "A")}, false},
	} {
		res := &Result{baseline: &guard.Baseline{Seen: tc.seen}}
		res.Subject.ID, res.Event = "A", &trail.Event{Time: now}
		if got := lastAdministrator(res); got != tc.want {
			t.Errorf("%s: %t", tc.name, got)
		}
	}
}
