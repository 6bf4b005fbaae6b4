package report

import (
	"warden/audit"
	"warden/finding"
)

// change is what became of a finding since an earlier report; "" is nothing.
type change string

const (
	isNew   change = "new"
	changed change = "changed"
	gone    change = "gone"
)

// changesOf tells by id what became of findings; nil where there is nothing
// to compare with.
func changesOf(d *audit.Diff) map[string]change {
	if d == nil {
		return nil
	}
	out := map[string]change{}
	for i := range d.New {
		out[d.New[i].ID] = isNew
	}
	for i := range d.Changed {
		out[d.Changed[i].After.ID] = changed
	}
	for i := range d.Gone {
		out[d.Gone[i].ID] = gone
	}
	return out
}

// missing are the findings that are gone and of which the report says nothing
// any more; the others pass in it, or do not apply.
func missing(r *audit.Report, d *audit.Diff) []*finding.Finding {
	if d == nil || len(d.Gone) == 0 {
		return nil
	}
	there := map[string]bool{}
	for i := range r.Findings {
		there[r.Findings[i].ID] = true
	}
	var out []*finding.Finding
	for i := range d.Gone {
		if f := &d.Gone[i]; !there[f.ID] {
			out = append(out, f)
		}
	}
	return out
}
