package audit

import "warden/finding"

// Diff is what is different from an earlier report: only failures and
// unknowns, by their stable ids.
type Diff struct {
	New []finding.Finding `json:"new,omitempty"`
	// Gone were there before; each as it was then.
	Gone []finding.Finding `json:"gone,omitempty"`
	// Changed have another status or severity, or were accepted, or are so no
	// longer.
	Changed []Change `json:"changed,omitempty"`
}

// Change is one finding then and now.
type Change struct {
	Before finding.Finding `json:"before"`
	After  finding.Finding `json:"after"`
}

// Compare tells what is different. A failure that became unknown is a change
// and not gone: nobody saw that it ended.
func Compare(before, after *Report) Diff {
	var d Diff
	was := map[string]finding.Finding{}
	for _, f := range before.Findings {
		was[f.ID] = f
	}
	is := map[string]bool{}
	for _, f := range after.Findings {
		is[f.ID] = true
		old, ok := was[f.ID]
		bad, wasBad := open(f), ok && open(old)
		switch {
		case bad && !wasBad:
			d.New = append(d.New, f)
		case !bad && wasBad:
			d.Gone = append(d.Gone, old)
		case bad && (old.Status != f.Status || old.Severity != f.Severity || (old.Exempt == nil) != (f.Exempt == nil)):
			d.Changed = append(d.Changed, Change{old, f})
		}
	}
	for _, f := range before.Findings {
		if !is[f.ID] && open(f) {
			d.Gone = append(d.Gone, f)
		}
	}
	return d
}

// open tells whether a finding wants somebody's attention.
func open(f finding.Finding) bool { return f.Status == finding.Fail || f.Status == finding.Unknown }
