package ledger

import (
	"slices"
	"time"

	"warden/change"
)

// status is the word for how an incident stands.
func status(in *Incident) string {
	result := StatusOpen
	in.NotDone = nil
	forced, undone := false, false
	for i, s := range in.Steps {
		switch s.Status() {
		case Planned, Pending:
			return StatusInProgress
		case Changed, Failed:
			switch {
			case s.UndoneBy != "" || superseded(in, s) || takesBackMistake(&s) && !in.isMistake(i):
			case takesBackMistake(&s):
				in.NotDone = append(in.NotDone, s.Step.ID)
			case beside(in, s):
				in.NotDone = append(in.NotDone, s.Step.ID)
			default:
				result = StatusIncomplete
			}
		}
		forced = forced || !s.Undo && !s.Refused() && (s.InForce() || s.Status() == Already && s.UndoneBy == "")
		undone = undone || !s.Undo && s.UndoneBy != ""
	}
	switch {
	case undone && !forced && !failedToGiveBack(in):
		return StatusGivenBack // also where one way to contain was refused before another was gone
	case result == StatusIncomplete:
		return result
	case len(in.Steps) == 0 && len(in.Verifications) == 0:
		return StatusOpen
	case len(in.Steps) > 0 && !forced:
		return StatusGivenBack
	}
	result = StatusApplied
	partly, observed := false, false
	since := lastContainment(in)
	for _, v := range in.Verifications {
		if v.At.Before(since) {
			continue
		}
		switch v.Level {
		case PartlyContained:
			partly = true
		case ObservedDenied:
			observed = true
		default:
			result, partly = StatusConfigured, false
		}
	}
	switch {
	case partly:
		return StatusPartly
	case observed:
		return StatusObserved
	case result == StatusApplied && in.NotDone != nil:
		return StatusIncomplete // nothing shows that the rest contains him
	}
	return result
}

// beside reports whether a step that failed is none of those that contain the
// caller, so that what was proved of these holds without it: it takes
// something off, is about somebody else, or a person approved it as what was
// to be done besides. In doubt it is one that contains: a step that gives him
// the same thing as the first plan did, or that is the organisation's.
func beside(in *Incident, failed StepState) bool {
	if failed.Undo {
		return false
	}
	approved := slices.ContainsFunc(in.Proposals, func(p Proposal) bool {
		return p.Approved != nil && slices.ContainsFunc(p.Plan.Steps, func(s change.Step) bool {
			return s.Setting == failed.Step.Setting && s.After.Same(failed.Step.After)
		})
	})
	return approved || !failed.Step.After.Exists || !change.IsGuardrail(failed.Step.Target) &&
		!slices.ContainsFunc(in.Steps, func(s StepState) bool {
			return s.Plan == in.Plans[0].ID && s.Step.Target == failed.Step.Target
		})
}

// failedToGiveBack reports whether a step of an undo did not end well.
func failedToGiveBack(in *Incident) bool {
	for i, s := range in.Steps {
		if s.Undo && !s.Ended() && s.UndoneBy == "" && (!takesBackMistake(&s) || in.isMistake(i)) {
			return true
		}
	}
	return false
}

// sameIdentity reports whether two steps are about one identity, which may have
// got another name between them.
func sameIdentity(a, b change.Step) bool {
	return a.Target == b.Target || a.TargetID != "" && a.TargetID == b.TargetID
}

// superseded reports whether another step in force did for the same identity
// what this one could not, and was verified since: a full quota closes one way
// to contain, and another is gone.
func superseded(in *Incident, failed StepState) bool {
	for _, s := range in.Steps {
		if s.Undo || !sameIdentity(s.Step, failed.Step) || s.Plan == failed.Plan || !s.Ended() || s.UndoneBy != "" {
			continue
		}
		for _, v := range in.Verifications {
			if !v.At.Before(s.TouchedAt) && !v.At.Before(failed.TouchedAt) {
				return true
			}
		}
	}
	return false
}

// lastContainment is when a plan last touched what the incident's first plan
// set: the containment. What is verified of it holds while later plans take
// back other effects, and no longer when it is given back or made anew.
func lastContainment(in *Incident) (at time.Time) {
	if len(in.Plans) == 0 {
		return at
	}
	contains := map[change.Setting]bool{}
	for _, s := range in.Steps {
		if s.Plan == in.Plans[0].ID {
			contains[s.Step.Setting] = true
		}
	}
	touches := map[string]bool{}
	for _, s := range in.Steps {
		touches[s.Plan] = touches[s.Plan] || contains[s.Step.Setting]
	}
	for _, p := range in.Plans {
		if touches[p.ID] {
			at = p.RecordedAt
		}
	}
	return at
}
