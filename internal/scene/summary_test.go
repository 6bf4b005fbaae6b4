package scene

import (
	"fmt"
	"strings"
	"time"
)

// summary says in some lines how a scene went: what held, what slipped, when.
func (e *end) summary() string {
	var b strings.Builder
	c := e.cfg
	where := "alone"
	if c.organization {
		where = "with the organisation's policy"
	}
	fmt.Fprintf(&b, "seed %d, %s; propagation up to %s, events after %s to %s, %.0f%% twice, %.0f%% reordered, %.0f%% lost; calls %.0f%% throttled, %.0f%% failed; %d crashes; budget %d\n",
		c.seed, where, c.faults.Propagation, c.faults.EventDelay.Round(time.Millisecond), (c.faults.EventDelay + c.faults.EventJitter).Round(time.Millisecond),
		100*c.faults.Duplicate, 100*c.faults.Reorder, 100*c.faults.Loss, 100*c.trouble.throttle, 100*(c.trouble.before+c.trouble.after+c.trouble.cut), e.crashed.Load(), c.guard.Budget)
	first, lastWrite, writes := "never", "", 0
	for _, l := range e.sorted() {
		if first == "never" && strings.HasPrefix(l.who, "worker") && strings.Contains(l.what, ", contained, ") {
			first = fmt.Sprintf("%.1fs", l.at.Seconds())
		}
		if l.who == "intruder" && strings.HasSuffix(l.what, ": done") {
			writes++
			lastWrite = fmt.Sprintf("%.1fs (%s)", l.at.Seconds(), l.what)
		}
	}
	fmt.Fprintf(&b, "  the intruder began at 1.0s, was contained first at %s; %d of his acts worked, the last at %s; %d were refused\n", first, writes, lastWrite, e.intruder.refusals)
	fmt.Fprintf(&b, "  he got %d credentials, %d users, %d roles; the guard opened %d incidents, sent %d messages\n",
		len(e.intruder.credentials), len(e.intruder.users), len(e.intruder.roles), len(e.incidents), len(e.published))
	if len(e.slips) == 0 {
		b.WriteString("  contained: no credential of his writes to IAM any more\n")
	}
	if e.takers > 0 {
		fmt.Fprintf(&b, "  %d of them can take a role once more, which DENY-IAM leaves open\n", e.takers)
	}
	for _, s := range e.slips {
		fmt.Fprintf(&b, "  slipped: %s (%s); told %s\n", s.credential, s.how, s.said)
	}
	return b.String()
}
