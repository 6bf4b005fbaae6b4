package respond

import (
	"context"
	"fmt"

	"warden/change"
	"warden/change/ledger"
	"warden/guard"
)

// would says what a guard that acts would do to the caller now, each step
// with the state that it would leave: the first way to contain him that looks
// open. Whether a quota is full or a right is missing shows only when a way is
// tried. It is empty where nothing can be looked up.
func (r *Responder) would(ctx context.Context, res *Result) []string {
	if r.Lookup == nil || r.Account == "" {
		return nil
	}
	level := guard.DenyIAM
	if r.Guard.Level == guard.DenyAll {
		level = guard.DenyAll
	}
	ways, err := r.waysIn(ledger.Incident{}, res, level, true)
	if err != nil {
		return []string{"nothing: " + oneLine(err)}
	}
	var closed []string
	for _, w := range ways {
		c, err := w.read(ctx)
		if err != nil {
			closed = append(closed, "not: "+oneLine(err))
			if impossible(err) {
				continue
			}
			return closed
		}
		if c.inPlace {
			return []string{c.step.Setting.String() + ": it is so already"}
		}
		var steps []string
		if c.policy != "" {
			if v, err := r.Lookup.Policy(ctx, r.denyARNOf(c.policy), ""); err == nil && v == nil {
				steps = append(steps, fmt.Sprintf("%s (at the start; now absent)", change.CreatePolicy(r.denyARNOf(c.policy), c.policy.Document(), "")))
			}
		}
		for _, s := range c.steps("") {
			steps = append(steps, fmt.Sprintf("%s (now %s)", s, s.Before))
		}
		return steps
	}
	return closed
}
