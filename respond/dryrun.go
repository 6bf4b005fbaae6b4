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
	steps := r.wouldContain(ctx, res)
	if r.Guard.UndoActions {
		steps = append(steps, r.wouldTakeBack(ctx, res)...)
	}
	return steps
}

// wouldTakeBack says what of the call would be taken back by one who knows no
// more than the account and the snapshot from before.
func (r *Responder) wouldTakeBack(ctx context.Context, res *Result) []string {
	dry := &Responder{Options: r.Options, hints: map[string]string{}, admins: adminMemory{mu: newGate()}}
	dry.Ledger = ledger.New(&ledger.Memory{}, r.Now)
	if _, err := dry.Ledger.OpenIncident(ctx, res.Incident, ledger.Opening{Account: r.Account, Caller: res.Actor.ARN, CallerID: res.Actor.ID}); err != nil {
		return []string{"take back nothing: " + oneLine(err)}
	}
	all, err := dry.answers(ctx, res)
	if err != nil {
		return []string{"take back nothing: " + oneLine(err)}
	}
	var steps []string
	for _, s := range all.now {
		steps = append(steps, "take back: "+s.String())
	}
	for _, s := range all.ask {
		steps = append(steps, "ask a person: "+s.String())
	}
	for _, t := range all.tell {
		steps = append(steps, "leave to a person: "+t)
	}
	return steps
}

// wouldContain is the part of would that denies.
func (r *Responder) wouldContain(ctx context.Context, res *Result) []string {
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
