// Package detect is the list of what warden recognises in an account's
// trail: each detection is one file with its data, one small function where
// the event's name alone does not decide, and events that must and must not
// match, which run as tests. All lists them; docs/detections.md is generated
// from the list.
//
// A detection says what happened, not whether the caller may do it: that is
// package guard's judgement.
package detect

import (
	"strings"

	"warden/finding"
	"warden/trail"
)

// Detection is one thing worth knowing when it happens.
type Detection struct {
	// ID is stable and dotted: "iam.user.create".
	ID    string
	Title string
	// Why says what an intruder gains by it.
	Why string
	// Techniques are MITRE ATT&CK ids.
	Techniques []string
	Severity   finding.Severity
	// Events are the calls that may match; a detection without Match matches
	// each of them.
	Events []Call
	// Match looks at the event where its name alone does not decide.
	Match func(e *trail.Event, by trail.Actor) bool
	// Inverse takes back what the call did; nil where the event alone does
	// not say how, or where nothing can.
	Inverse *Inverse
	// Hits and Misses are events that must and must not match.
	Hits, Misses []Example
}

// Call names an API call by its event source and name. A name that ends with
// * stands for every name with that beginning: Lambda's names carry dates
// and versions.
type Call struct{ Source, Name string }

// on lists calls of one service.
func on(service string, names ...string) []Call {
	calls := make([]Call, len(names))
	for i, n := range names {
		calls[i] = Call{service + ".amazonaws.com", n}
	}
	return calls
}

func (c Call) matches(source, name string) bool {
	if c.Source != source {
		return false
	}
	if prefix, ok := strings.CutSuffix(c.Name, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return c.Name == name
}

// Matches reports whether the event is one of the detection's.
func (d *Detection) Matches(e *trail.Event, by trail.Actor) bool {
	source := Source(e.Source)
	for _, c := range d.Events {
		if c.matches(source, e.Name) {
			return d.Match == nil || d.Match(e, by)
		}
	}
	return false
}

// Source is an event source without the suffix that China regions use.
func Source(s string) string { return strings.TrimSuffix(s, ".cn") }

// Names reports whether any detection is about calls of this name.
func Names(source, name string) bool {
	source = Source(source)
	for i := range list {
		for _, c := range list[i].Events {
			if c.matches(source, name) {
				return true
			}
		}
	}
	return false
}

// All returns every detection, in the order of the documentation; the
// catch-all comes last.
func All() []*Detection { return append(list[:len(list):len(list)], &iamWrite) }

// Find returns the detection with the id, nil if there is none.
func Find(id string) *Detection {
	for _, d := range All() {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// Match returns the detections that the event matches. An IAM call that
// writes and that no detection names matches the catch-all "iam.write".
func Match(e *trail.Event, by trail.Actor) []*Detection {
	var found []*Detection
	for _, d := range list {
		if d.Matches(e, by) {
			found = append(found, d)
		}
	}
	if found == nil && IAMWrite(e.Source, e.Name) {
		found = append(found, &iamWrite)
	}
	return found
}
