package ledger

// Mistaken is the reason of a step that takes from somebody what was meant for
// another, who had had his name until just before the call.
const Mistaken = "it was meant for another, who had this name before"

// Mistakes are the steps of the incident that were to take from somebody what
// was meant for another, and could not: he has it still.
func (in Incident) Mistakes() []StepState {
	var out []StepState
	for i, s := range in.Steps {
		if in.isMistake(i) {
			out = append(out, s)
		}
	}
	return out
}

// isMistake reports whether the i-th step is one of Mistakes. One that ended
// well later, for the same identity whatever its name is now, settles it.
func (in *Incident) isMistake(i int) bool {
	s := &in.Steps[i]
	if !takesBackMistake(s) || s.Ended() {
		return false
	}
	for _, later := range in.Steps[i+1:] {
		if takesBackMistake(&later) && later.Step.TargetID == s.Step.TargetID && later.Step.Kind == s.Step.Kind && later.Step.Name == s.Step.Name {
			return false
		}
	}
	return true
}

func takesBackMistake(s *StepState) bool { return s.Undo && s.Step.Reason == Mistaken }
