package audit

import (
	"fmt"
	"slices"
	"strings"

	"warden/account"
	"warden/finding"
)

// unread returns the regions that are on in every account and that the
// evidence says nothing of. Of a partition whose regions are not known here
// some may always be missing.
func (e *Evidence) unread() []string {
	all := account.DefaultRegions(e.partition())
	if all == nil {
		return []string{"others of partition " + e.partition()}
	}
	var out []string
	for _, name := range all {
		if !slices.ContainsFunc(e.Regions, func(r account.Region) bool { return r.Name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// noTrails returns the regions whose trails are not in the evidence.
func (e *Evidence) noTrails() []string {
	out := e.unread()
	for i := range e.Regions {
		if e.Regions[i].Trails == nil {
			out = append(out, e.Regions[i].Name)
		}
	}
	return out
}

// inEveryRegion asks a question of each region that was read, and is unknown
// about the others.
func (e *Evidence) inEveryRegion(what string, actions []string, judge func(*account.Region) Answer) []Answer {
	return e.ofEveryRegion(what, actions, func(r *account.Region) []Answer {
		return []Answer{judge(r)}
	})
}

// ofEveryRegion asks about the things in each region that was read, and is
// unknown about the other regions.
func (e *Evidence) ofEveryRegion(what string, actions []string, judge func(*account.Region) []Answer) []Answer {
	var out []Answer
	for i := range e.Regions {
		for _, a := range judge(&e.Regions[i]) {
			a.Part = e.Regions[i].Name // people cannot see it in an id
			out = append(out, a)
		}
	}
	if list := e.unread(); len(list) > 0 {
		a := e.unknown(what, actions...)
		a.Part = "regions not read"
		a.Summary = fmt.Sprintf("%s in %d regions that were not read: %s", what, len(list), strings.Join(list, " "))
		a.Remedy = "Collect them: warden collect --regions"
		out = append(out, a)
	}
	return out
}

// regionUnknown is the answer where a part of a region could not be read.
func (e *Evidence) regionUnknown(r *account.Region, what string, actions ...string) Answer {
	for _, g := range e.Gaps {
		if slices.Contains(actions, g.What) && g.Subject == r.Name {
			return Answer{Status: finding.Unknown, Summary: what + ": " + g.What + ": " + g.Reason}
		}
	}
	return e.unknown(what, actions...)
}
