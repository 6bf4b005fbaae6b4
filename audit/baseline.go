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
// and not gone: nobody saw that it ended. So is one whose subject is not seen
// any more where the whole question is unknown now, and one of a control that
// was not asked again is neither.
func Compare(before, after *Report) Diff {
	var d Diff
	was := map[string]finding.Finding{}
	for _, f := range before.Findings {
		was[f.ID] = f
	}
	is, asked, doubt := map[string]bool{}, map[string]bool{}, map[string]*finding.Finding{}
	for i := range after.Findings {
		f := &after.Findings[i]
		is[f.ID], asked[f.Control] = true, true
		if f.Status == finding.Unknown && f.SubjectID == "" && doubt[f.Control] == nil {
			doubt[f.Control] = f
		}
		old, ok := was[f.ID]
		bad, wasBad := open(*f), ok && open(old)
		switch {
		case bad && !wasBad:
			d.New = append(d.New, *f)
		case !bad && wasBad:
			d.Gone = append(d.Gone, old)
		case bad && (old.Status != f.Status || old.Severity != f.Severity || (old.Exempt == nil) != (f.Exempt == nil)):
			d.Changed = append(d.Changed, Change{old, *f})
		}
	}
	for _, f := range before.Findings {
		if is[f.ID] || !open(f) || !asked[f.Control] {
			continue
		}
		if why := doubt[f.Control]; why != nil {
			now := f
			now.Status, now.Summary, now.Evidence = finding.Unknown, why.Summary, why.Evidence
			if f.Status != finding.Unknown {
				d.Changed = append(d.Changed, Change{f, now})
			}
			continue
		}
		d.Gone = append(d.Gone, f)
	}
	return d
}

// NotAsked returns the controls that an earlier report has and this one has
// not, in the order of that report: of them nothing can be said.
func NotAsked(before, after *Report) []string {
	asked := map[string]bool{}
	for i := range after.Findings {
		asked[after.Findings[i].Control] = true
	}
	var out []string
	for i := range before.Findings {
		if c := before.Findings[i].Control; !asked[c] {
			asked[c] = true
			out = append(out, c)
		}
	}
	return out
}

// open tells whether a finding wants somebody's attention.
func open(f finding.Finding) bool { return f.Status == finding.Fail || f.Status == finding.Unknown }
