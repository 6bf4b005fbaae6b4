package ledger

import (
	"slices"
	"time"

	"warden/change"
)

// status is the word for how an incident stands.
func status(in *Incident) string {
	result := StatusOpen
	forced, undone := false, false
	for _, s := range in.Steps {
		switch s.Status() {
		case Planned, Pending:
			return StatusInProgress
		case Changed, Failed:
			if s.UndoneBy == "" && !superseded(in, s) {
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
	}
	return result
}

// failedToGiveBack reports whether a step of an undo did not end well.
func failedToGiveBack(in *Incident) bool {
	return slices.ContainsFunc(in.Steps, func(s StepState) bool { return s.Undo && !s.Ended() && s.UndoneBy == "" })
}

// superseded reports whether another step in force did for the same identity
// what this one could not, and was verified since: a full quota closes one way
// to contain, and another is gone.
func superseded(in *Incident, failed StepState) bool {
	for _, s := range in.Steps {
		if s.Undo || s.Step.Target != failed.Step.Target || s.Plan == failed.Plan || !s.Ended() || s.UndoneBy != "" {
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
