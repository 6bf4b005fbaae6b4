package deliver

import (
	"time"

	"warden/finding"
)

// machine is what queues and functions get of a report, short enough for a
// message; the whole is in S3.
type machine struct {
	Run       string    `json:"run"`
	At        time.Time `json:"at"`
	Benchmark string    `json:"benchmark"`
	Counts
	Before *time.Time `json:"before,omitempty"`
	// Why says why there are no differences.
	Why string `json:"why,omitempty"`
	// What is different, and the worst that is open.
	NewFindings     []short  `json:"newFindings,omitempty"`
	ChangedFindings []short  `json:"changedFindings,omitempty"`
	GoneFindings    []short  `json:"goneFindings,omitempty"`
	Worst           []short  `json:"worst,omitempty"`
	Problems        []string `json:"problems,omitempty"`
	// Complete is false where a list is shorter than its number.
	Complete bool `json:"complete"`
}

// short is a finding in few words.
type short struct {
	ID       string           `json:"id"`
	Control  string           `json:"control"`
	Subject  string           `json:"subject"`
	Part     string           `json:"part,omitempty"`
	Status   finding.Status   `json:"status"`
	Was      finding.Status   `json:"was,omitempty"`
	Severity finding.Severity `json:"severity"`
	Summary  string           `json:"summary"`
}

func shorten(f *finding.Finding) short {
	return short{ID: f.ID, Control: f.Control, Subject: f.Subject, Part: f.Part, Status: f.Status, Severity: f.Severity, Summary: f.Summary}
}

// maxMachine is how large it becomes, in bytes of JSON.
const maxMachine = 40 << 10

func (r *Run) machine(k *Kept) machine {
	m := machine{Run: r.ID(), At: r.at, Benchmark: k.Report.Benchmark, Counts: k.counts(), Why: k.Why, Problems: k.Problems, Complete: true}
	var all []short
	for i := range k.Report.Findings {
		if f := &k.Report.Findings[i]; failure(f) {
			all = append(all, shorten(f))
		}
	}
	var fresh, changed, gone []short
	if d := k.Since; d != nil {
		if !k.Before.IsZero() {
			m.Before = &k.Before
		}
		for i := range d.New {
			fresh = append(fresh, shorten(&d.New[i]))
		}
		for i := range d.Changed {
			s := shorten(&d.Changed[i].After)
			s.Was = d.Changed[i].Before.Status
			changed = append(changed, s)
		}
		for i := range d.Gone {
			gone = append(gone, shorten(&d.Gone[i]))
		}
	}
	for most := 256; ; most /= 2 {
		m.NewFindings, m.ChangedFindings, m.GoneFindings, m.Worst = first(fresh, most), first(changed, most), first(gone, most), first(all, most)
		m.Complete = max(len(fresh), len(changed), len(gone), len(all)) <= most
		if most == 0 || size(m) <= maxMachine {
			return m
		}
	}
}

func first(list []short, n int) []short { return list[:min(len(list), n)] }
