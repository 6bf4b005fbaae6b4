package guard

import (
	"time"

	"warden/finding"
)

// Line is a judgement as one line of JSON: what "warden guard --events FILE
// -o json" prints for each event.
type Line struct {
	EventID     string           `json:"eventID"`
	EventName   string           `json:"eventName"`
	EventSource string           `json:"eventSource"`
	EventTime   *time.Time       `json:"eventTime,omitempty"`
	Caller      Caller           `json:"caller"`
	Detections  []string         `json:"detections"`
	Verdict     Verdict          `json:"verdict"`
	Severity    finding.Severity `json:"severity"`
	Reason      string           `json:"reason"`
	Failed      bool             `json:"failed"`
	NeedsFacts  bool             `json:"needsFacts,omitempty"`
	Incident    string           `json:"incident,omitempty"`
}

// Caller names who made the call.
type Caller struct {
	Kind    string `json:"kind"`
	ARN     string `json:"arn"`
	Account string `json:"account"`
	ID      string `json:"id"`
}

// Line returns the judgement as a line. Its list of detections is never null.
func (j Judgement) Line() Line {
	l := Line{
		EventID: j.Event.ID, EventName: j.Event.Name, EventSource: j.Event.Source,
		Caller:     Caller{string(j.Actor.Kind), j.Actor.ARN, j.Actor.Account, j.Actor.ID},
		Detections: []string{}, Verdict: j.Verdict, Severity: j.Severity, Reason: j.Reason,
		Failed: j.Failed, NeedsFacts: j.NeedsFacts, Incident: j.Incident,
	}
	if t := j.Event.Time; !t.IsZero() {
		l.EventTime = &t
	}
	for _, d := range j.Detections {
		l.Detections = append(l.Detections, d.ID)
	}
	return l
}
