// Package audit judges an account: from a snapshot it answers every question
// of its list of controls, once, and says which recommendations of which
// benchmark each answer stands for.
//
// A control is one file with its data and one small function, in the explicit
// list that [All] returns; docs/controls.md is generated from it. What the
// snapshot does not hold makes an answer unknown, with the reason: never a
// pass. Every answer carries the facts that it rests on, with their source and
// age. Nothing here calls AWS or knows a clock.
package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"warden/finding"
)

// Control is one question about an account.
type Control struct {
	// ID is stable and dotted: "root.keys".
	ID    string
	Title string
	// Why says what an intruder gains where the answer is no.
	Why string
	// Source names the page of AWS's documentation that the facts come from.
	Source   string
	Severity finding.Severity
	// Actions are the calls that read what the control needs.
	Actions []string
	// Manual says how to check by hand what no API tells; a control without
	// Judge has nothing else.
	Manual string
	// Remedy says what to do about a failure, unless the answer does.
	Remedy string
	// Reached: an age that is equal to the threshold fails, too.
	Reached bool
	// Judge answers the question, once for each subject.
	Judge func(*Evidence) []Answer
	// Maps are the recommendations of benchmarks that ask this question.
	Maps []Mapping
}

// Mapping is a recommendation of a version of a benchmark.
type Mapping struct {
	Benchmark string // "cis-aws"
	Version   string
	ID        string
	Level     int
	// Threshold is the version's own, in days; 0 where there is none.
	Threshold int
}

// Answer is what a control says of one subject.
type Answer struct {
	// Subject is an ARN; "" stands for the account.
	Subject, SubjectID string
	// Part tells several answers about one subject apart.
	Part   string
	Status finding.Status
	// Age is the measure where benchmarks have thresholds of their own: the
	// status then follows from it. nil: Status holds everywhere.
	Age     *time.Duration
	Summary string
	Facts   []finding.Fact
	// Remedy and Command are for failures.
	Remedy, Command string
	// Severity replaces that of the control if it is set.
	Severity *finding.Severity
}

// Report is the result of an audit.
type Report struct {
	Account string    `json:"account"`
	Alias   string    `json:"alias,omitempty"`
	Now     time.Time `json:"now"`
	// CollectedAt is when the evidence was read; zero where it does not say.
	CollectedAt time.Time `json:"collectedAt,omitzero"`
	// Benchmark is what was selected: "all" or "cis-aws-7.0.0".
	Benchmark string            `json:"benchmark"`
	Findings  []finding.Finding `json:"findings"`
}

// Count tells how many findings have a status; those that are exempt count
// only when they are asked for.
func (r *Report) Count(s finding.Status, exempt bool) int {
	n := 0
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Status == s && (f.Exempt != nil) == exempt {
			n++
		}
	}
	return n
}

// Run answers every control of the selection.
func Run(e *Evidence, s Selection) *Report {
	r := &Report{Account: e.Account, Alias: finding.Redact(e.Alias), Now: e.Now, CollectedAt: e.CollectedAt, Benchmark: s.String()}
	for _, c := range s.Controls() {
		maps := s.of(c)
		for _, a := range c.answers(e) {
			r.Findings = append(r.Findings, c.finding(e, a, maps))
		}
	}
	e.exempt(r.Findings)
	slices.SortStableFunc(r.Findings, func(a, b finding.Finding) int {
		return cmp.Or(
			cmp.Compare(order[a.Status], order[b.Status]),
			cmp.Compare(b.Severity, a.Severity),
			strings.Compare(a.Control, b.Control),
			strings.Compare(a.Subject, b.Subject),
			strings.Compare(a.Part, b.Part),
		)
	})
	return r
}

// order is that of reports: what needs a person first.
var order = map[finding.Status]int{finding.Fail: 0, finding.Unknown: 1, finding.Manual: 2, finding.Pass: 3, finding.NotApplicable: 4}

// answers asks the control. One that cannot be judged is manual.
func (c *Control) answers(e *Evidence) []Answer {
	if c.Judge == nil {
		return []Answer{{Status: finding.Manual, Summary: c.Manual}}
	}
	if list := c.Judge(e); len(list) > 0 {
		return list
	}
	return []Answer{{Status: finding.NotApplicable, Summary: "there is nothing in the account that the question is about"}}
}

// finding turns an answer into a finding. Where benchmarks have thresholds,
// each reference has its own answer, and the finding that of the strictest.
func (c *Control) finding(e *Evidence, a Answer, maps []Mapping) finding.Finding {
	f := finding.Finding{
		Control: c.ID, Title: c.Title, Subject: a.Subject, SubjectID: a.SubjectID, Part: a.Part,
		Status: a.Status, Severity: c.Severity, Summary: a.Summary, Evidence: a.Facts,
	}
	if f.Subject == "" {
		f.Subject = e.RootARN()
	}
	f.ID = finding.Identify(c.ID, f.Subject, f.SubjectID, f.Part)
	if a.Severity != nil {
		f.Severity = *a.Severity
	}
	if a.Age != nil {
		f.Status = c.against(*a.Age, c.strictest(maps))
	}
	for _, m := range maps {
		ref := finding.Reference{Benchmark: m.Benchmark, Version: m.Version, ID: m.ID, Level: m.Level, Threshold: m.Threshold, Status: f.Status}
		if a.Age != nil && m.Threshold > 0 {
			ref.Status = c.against(*a.Age, m.Threshold)
		}
		f.References = append(f.References, ref)
	}
	switch f.Status {
	case finding.Fail:
		f.Remedy, f.Command = cmp.Or(a.Remedy, c.Remedy), a.Command
	case finding.Unknown:
		f.Remedy = a.Remedy
	case finding.Manual:
		f.Remedy = c.Manual
	}
	f.Redact() // after the id was made
	return f
}

// against compares an age with a threshold in days, to the second: a key of 90
// days and an hour is older than 90 days.
func (c *Control) against(age time.Duration, threshold int) finding.Status {
	if limit := time.Duration(threshold) * day; age > limit || c.Reached && age == limit {
		return finding.Fail
	}
	return finding.Pass
}

// strictest returns the lowest threshold of the selected versions.
func (c *Control) strictest(maps []Mapping) int {
	lowest := 0
	for _, list := range [][]Mapping{maps, c.Maps} {
		for _, m := range list {
			if m.Threshold > 0 && (lowest == 0 || m.Threshold < lowest) {
				lowest = m.Threshold
			}
		}
		if lowest > 0 {
			break
		}
	}
	return lowest
}
