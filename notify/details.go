package notify

import (
	"fmt"
	"strings"
	"time"
)

// maxList is how many entries of a list a message shows.
const maxList = 12

// Details are what a message says, one field a fact. They are what the caller
// wrote, untouched: Text makes them fit to be shown.
type Details struct {
	Account string `json:"account,omitempty"`
	// Who is the caller in a few words, ARN exactly.
	Who            string `json:"who"`
	ARN            string `json:"arn,omitempty"`
	Key            string `json:"accessKey,omitempty"`
	SourceIdentity string `json:"sourceIdentity,omitempty"`

	Call      string    `json:"call,omitempty"`
	ErrorCode string    `json:"errorCode,omitempty"` // "" for a call that succeeded
	Time      time.Time `json:"time,omitzero"`
	Event     string    `json:"event,omitempty"` // CloudTrail's eventID
	SourceIP  string    `json:"sourceIp,omitempty"`
	Agent     string    `json:"userAgent,omitempty"`
	// Detections are the ids of what was recognised, each with its title.
	Detections []string `json:"detections,omitempty"`
	Why        string   `json:"why,omitempty"`

	// Done is what warden changed, in its words; empty for nothing.
	Done []string `json:"done,omitempty"`
	// State is how far the containment is known to hold, Open what it leaves
	// open, Next what a person has to do.
	State string   `json:"state,omitempty"`
	Open  []string `json:"open,omitempty"`
	Next  string   `json:"next,omitempty"`
	// Undo is the command that gives back what was done, UndoWith what has to be
	// filled in or at hand for it; "" where the command says it all.
	Undo     string `json:"undo,omitempty"`
	UndoWith string `json:"undoWith,omitempty"`
}

// Text is the message for people: a line a fact, each with a label.
func (d *Details) Text() string {
	var b strings.Builder
	line := func(label string, words ...string) {
		var kept []string
		for _, w := range words {
			if w != "" {
				kept = append(kept, Line(w))
			}
		}
		if kept != nil {
			fmt.Fprintf(&b, "%-6s %s\n", label, strings.Join(kept, "  "))
		}
	}
	list := func(label string, lines []string) {
		for i, l := range lines {
			if i == maxList {
				line(label, fmt.Sprintf("and %d more: see the ledger", len(lines)-maxList))
				break
			}
			line(label, l)
		}
	}
	line("who", d.Who, d.ARN)
	line("key", d.Key)
	if d.SourceIdentity != "" {
		line("as", d.SourceIdentity+" (source identity)")
	}
	if d.Call != "" {
		what := d.Call
		if d.ErrorCode != "" {
			what += " (failed: " + d.ErrorCode + ")"
		}
		if !d.Time.IsZero() {
			what += " at " + d.Time.UTC().Format("2006-01-02 15:04:05Z")
		}
		if d.Event != "" {
			what += ", event " + d.Event
		}
		line("what", what)
	}
	line("from", d.SourceIP, d.Agent)
	list("seen", d.Detections)
	line("why", d.Why)
	list("done", d.Done)
	line("state", d.State)
	list("open", d.Open)
	line("next", d.Next)
	if d.Undo != "" {
		fmt.Fprintf(&b, "%-6s %s\n", "undo", oneLine(d.Undo)) // whole, to be run as it stands
	}
	line("with", d.UndoWith)
	return b.String()
}
