package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"warden/finding"
)

// spread is what was found in several accounts.
type spread struct {
	Failing
	Reason
	in []*Entry
}

// where lists accounts in which something is.
func (s *spread) where() content {
	return listed(s.in, 4, ", ", func(_ int, a *Entry) content { return a.link(false) })
}

// failed says what failed in most accounts.
func (x *index) failed() content {
	at := map[string]*spread{}
	var all []*spread
	for _, a := range x.accounts {
		for _, f := range a.failing {
			s := at[f.Control]
			if s == nil {
				s = &spread{Failing: f}
				s.Failing.N = 0
				at[f.Control], all = s, append(all, s)
			}
			s.Failing.N += f.N
			s.Severity = max(s.Severity, f.Severity)
			s.in = append(s.in, a)
		}
	}
	slices.SortStableFunc(all, func(a, b *spread) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(len(b.in), len(a.in)), strings.Compare(a.Control, b.Control))
	})
	if len(all) == 0 {
		return nil
	}
	var rows group
	for _, s := range all {
		width := max(6, len(s.in)*1000/len(x.accounts))
		rows = append(rows, el("tr", el("td", sev(s.Severity)), el("td", txt(s.Title+" "), soft(el("code", txt(s.Control)), txt(" "+s.Numbers), el("div", txt(plural(s.Failing.N, "failure"))))),
			el("td", class("num"), number(len(s.in)), txt(" "), soft(txt("of "), number(len(x.accounts)))), el("td", class("plot"), bar([]Part{{Name: string(finding.Fail), N: 1, Width: width}})), el("td", class("who"), s.where())))
	}
	return titled("failed", "block", "h2", "What failed, the most severe first",
		listTable("failing across", []content{column("severity"), column("question"), column("accounts", "num"), column("share", "plot"), column("such as")}, rows))
}

// unknown says what has no answer, why, and which calls gave nothing.
func (x *index) unknown() content {
	reasons, gaps := map[string]*spread{}, map[string]*spread{}
	var all, calls []*spread
	for _, a := range x.accounts {
		for _, r := range a.reasons {
			s := reasons[r.Text]
			if s == nil {
				s = &spread{Reason: Reason{Text: r.Text, Remedy: r.Remedy}}
				reasons[r.Text], all = s, append(all, s)
			}
			s.Reason.N += r.N
			s.Worst = max(s.Worst, r.Worst)
			s.in = append(s.in, a)
		}
		for _, g := range a.gaps {
			s := gaps[g]
			if s == nil {
				s = &spread{Reason: Reason{Text: g}}
				gaps[g], calls = s, append(calls, s)
			}
			s.in = append(s.in, a)
		}
	}
	slices.SortStableFunc(all, func(a, b *spread) int {
		return cmp.Or(cmp.Compare(b.Worst, a.Worst), cmp.Compare(len(b.in), len(a.in)), cmp.Compare(b.Reason.N, a.Reason.N))
	})
	slices.SortStableFunc(calls, func(a, b *spread) int { return cmp.Compare(len(b.in), len(a.in)) })
	if len(all)+len(calls) == 0 {
		return nil
	}
	var rows, items group
	for _, s := range all[:min(reasonsShown, len(all))] {
		rows = append(rows, el("tr", el("td", sev(s.Worst)), el("td", el("bdi", class("clamp"), plain(s.Text))), el("td", class("num"), number(s.Reason.N)), el("td", class("who"), s.where()), el("td", plain(s.Remedy))))
	}
	for _, s := range calls[:min(gapsShown, len(calls))] {
		items = append(items, el("li", bdi(plain(s.Text)), soft(txt(" in "), s.where())))
	}
	said := group{}
	if len(all) > 0 {
		said = append(said, el("p", txt("These questions have "), el("strong", txt("no answer")), txt(". That is not a pass.")),
			listTable("reasons", []content{column("severity"), column("because"), column("answers", "num"), column("accounts"), column("to know it")}, rows), left(len(all)-reasonsShown, "more reasons"))
	}
	if len(calls) > 0 {
		said = append(said, el("details", class("more"), el("summary", txt(fmt.Sprintf("Calls that gave nothing: %d", len(calls)))), el("ul", items), left(len(calls)-gapsShown, "more calls")))
	}
	return titled("unknown", "block unknowns", "h2", "What is unknown, and why", said...)
}
