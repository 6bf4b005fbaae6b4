package report

import "warden/audit"

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
