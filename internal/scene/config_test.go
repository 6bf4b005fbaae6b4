package scene

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"warden/guard"
	"warden/internal/stage"
	"warden/twin"
)

// config says what is played.
type config struct {
	seed         int64
	organization bool
	// faults are those of events and of propagation; trouble is the
	// probability that a call of the guard is refused, fails, fails after its
	// effect, or is cut off after it.
	faults  twin.Faults
	trouble struct{ throttle, before, after, cut float64 }
	// crashes are the numbers of the calls at which each worker's lives end,
	// counted from the start of that life.
	crashes [][]int
	guard   guard.Config
	// fight is how long the intruder acts, quiet how long the guard goes on.
	fight, quiet, sweep time.Duration
}

// draw makes the scene of a seed.
func draw(seed int64) config {
	r := rand.New(rand.NewPCG(uint64(seed), 0x7363656e65))
	c := config{seed: seed, organization: r.IntN(2) == 0, quiet: 90 * time.Second, sweep: 25 * time.Second}
	c.fight = []time.Duration{30, 30, 45, 150}[r.IntN(4)] * time.Second
	some := func(most float64) float64 {
		if r.IntN(3) == 0 {
			return 0
		}
		return r.Float64() * most
	}
	c.faults = twin.Faults{
		Propagation: []time.Duration{0, time.Second, 4 * time.Second, 4 * time.Second}[r.IntN(4)],
		EventDelay:  time.Duration(r.IntN(2000)) * time.Millisecond,
		EventJitter: time.Duration(r.IntN(3000)) * time.Millisecond,
		Duplicate:   some(0.3), Reorder: some(0.3), Loss: some(0.1),
	}
	c.trouble.throttle, c.trouble.before, c.trouble.after, c.trouble.cut = some(0.1), some(0.05), some(0.05), some(0.03)
	c.crashes = make([][]int, 2)
	for w := range c.crashes {
		for range r.IntN(3) {
			c.crashes[w] = append(c.crashes[w], 20+r.IntN(300))
		}
	}
	c.guard = guard.Config{UndoActions: true, ContainSessions: true, RevokeSessions: r.IntN(3) == 0, Budget: 1 + r.IntN(10)}
	return c
}

// templates are the rights of the stack's roles, which take a while to read
// out of the template, by role.
var templates sync.Map

// rights are these policies for the role that the stage has.
func rights(tb testing.TB, account, role string, protected []string) []string {
	tb.Helper()
	made, ok := templates.Load(role)
	if !ok {
		list, err := stage.StackRights(account, role, protected)
		if err != nil {
			tb.Fatal(err)
		}
		made, _ = templates.LoadOrStore(role, list)
	}
	return made.([]string)
}
