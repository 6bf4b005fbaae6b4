package apply

import (
	"fmt"
	"slices"
	"time"

	"warden/change"
	"warden/change/ledger"
)

// others are the incidents that may have to do with a setting that one of them
// gives back. Two incidents can come to the same setting: who made a user is
// contained, and so is the user; then the second found done what it wanted.
type others struct{ all []ledger.Incident }

// together decides about the steps of one setting of an incident that is given
// back. It returns nil where nothing is called: another incident wants it as it
// is, or it was so before warden came. Where earlier incidents left the setting
// to this one, their steps come first, so that the state from before them is
// what comes back.
func (o others) together(incident string, g []ledger.StepState, u *Undo) []ledger.StepState {
	last := g[len(g)-1].Step
	release := func(why string) []ledger.StepState {
		for _, s := range g {
			u.Released = append(u.Released, s.Step.ID)
		}
		u.Stays = append(u.Stays, why)
		return nil
	}
	var before []ledger.StepState
	var givenBack time.Time
	for _, in := range o.all {
		if in.ID == incident {
			continue
		}
		for _, s := range in.Steps {
			switch {
			case !sameSetting(s.Step, last) || !s.Ended():
			case s.Undo:
				if s.Acted && s.TouchedAt.After(givenBack) {
					givenBack = s.TouchedAt
				}
			case s.UndoneBy == "" && s.Step.After.Same(last.After):
				return release(fmt.Sprintf("%s: it stays as it is, because incident %s wants it so too, and goes back with that one", last.Setting, in.ID))
			case !s.ReleasedAt.IsZero() && s.Acted:
				before = append(before, s)
			}
		}
	}
	before = slices.DeleteFunc(before, func(s ledger.StepState) bool { return s.ReleasedAt.Before(givenBack) })
	if len(before) == 0 && !slices.ContainsFunc(g, ledger.StepState.InForce) {
		return release(fmt.Sprintf("%s: it was so before, and stays", last.Setting))
	}
	slices.SortStableFunc(before, func(a, b ledger.StepState) int { return a.TouchedAt.Compare(b.TouchedAt) })
	return append(before, g...)
}

// sameSetting reports whether two steps are about one setting, of an identity
// that may have got another name between them.
func sameSetting(a, b change.Step) bool {
	return a.Setting == b.Setting && a.TargetID == b.TargetID || a.TargetID != "" && a.TargetID == b.TargetID && a.Kind == b.Kind && a.Name == b.Name
}
