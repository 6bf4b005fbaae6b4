package deliver

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"warden/finding"
	"warden/notify"
	"warden/report"
)

// index stores the page that leads to the pages of the accounts: by the
// console, which is where one that is stored is opened.
func (r *Run) index(ctx context.Context, kept []*Kept, missing []report.NotAudited) (Object, error) {
	var entries []*report.Entry
	for _, k := range kept {
		k.entry.Name = k.Name
		for _, o := range k.Objects {
			if o.What == string(report.HTML) {
				k.entry.Link = o.URL
			}
		}
		entries = append(entries, k.entry)
	}
	f := file{key: r.key("index.html"), kind: "text/html; charset=utf-8", inline: true}
	return r.storeObject(ctx, Organization, "index", f, func(w io.Writer) error { return report.WriteIndex(w, entries, missing) })
}

// summary is what people are told of many accounts: a line each, and what is
// new in any of them.
func (r *Run) summary(done Done, kept []*Kept, missing []report.NotAudited) notify.Message {
	total := Counts{Open: map[finding.Severity]int{}, New: of(0)}
	for _, k := range kept {
		c := k.counts()
		for s, n := range c.Open {
			total.Open[s] += n
		}
		total.Unknown += c.Unknown
		if c.New != nil {
			*total.New += *c.New
		}
	}
	subject := fmt.Sprintf("warden audit of %s: ", count(len(kept)+len(missing), "account"))
	severity := total.worst()
	if len(missing) > 0 {
		subject += fmt.Sprintf("%d NOT audited, ", len(missing))
		severity = max(severity, finding.High)
	}
	return notify.Message{
		Incident: r.ID(), Kind: "audit", Severity: severity, Subject: subject + total.headline(),
		Text: r.overview(done, kept, missing, 15), Full: r.overview(done, kept, missing, 1000),
		Report:     map[string]any{"run": r.ID(), "index": done.Index, "accounts": machineCounts(kept), "missing": missing},
		Attributes: map[string]string{"new": fmt.Sprint(*total.New)},
	}
}

// overview is the text about many accounts.
func (r *Run) overview(done Done, kept []*Kept, missing []report.NotAudited, most int) string {
	var b page
	b.line("Audit of %s, %s", count(len(kept)+len(missing), "account"), stamp(r.at))
	if x := done.Index; x != nil && x.URL != "" {
		fmt.Fprintf(&b, "\n%-8s %s\n", "index", x.URL)
		b.fact("", "(opens for whoever signs in to AWS and may read it)")
	} else if x != nil {
		fmt.Fprintf(&b, "\n%-8s %s\n", "index", x.URI)
	}
	if done.noIndex != "" {
		b.line("! %s", done.noIndex)
	}
	for _, k := range kept {
		for _, p := range k.Problems {
			b.line("! %s: %s", k.Report.Account, p)
		}
	}
	b.section("NOT AUDITED, of which nothing is known", len(missing))
	b.list(most, len(missing), func(i int) { b.line("  %s %s: %s", missing[i].Account, missing[i].Name, missing[i].Reason) })

	type fresh struct {
		k *Kept
		f *finding.Finding
	}
	var news []fresh
	for _, k := range kept {
		if k.Since == nil {
			continue
		}
		for i := range k.Since.New {
			news = append(news, fresh{k, &k.Since.New[i]})
		}
	}
	slices.SortStableFunc(news, func(a, b fresh) int {
		return cmp.Or(cmp.Compare(a.f.Status, b.f.Status), cmp.Compare(b.f.Severity, a.f.Severity))
	})
	b.section("NEW", len(news))
	b.list(most, len(news), func(i int) {
		k, f := news[i].k, news[i].f
		b.line("  %-8s %s %-26s %s: %s", grade(f), k.Report.Account, f.Control, report.Who(k.Report, f), f.Summary)
	})

	// The worst first.
	byWorst := slices.Clone(kept)
	slices.SortStableFunc(byWorst, func(a, b *Kept) int {
		x, y := a.counts(), b.counts()
		for s := finding.Critical; s > finding.Info; s-- {
			if c := cmp.Compare(y.Open[s], x.Open[s]); c != 0 {
				return c
			}
		}
		return 0
	})
	b.section("ACCOUNTS, the worst first", len(kept))
	b.line("  %-12s %8s %5s %6s %5s %7s %5s %5s  %s", "account", "critical", "high", "medium", "low", "unknown", "new", "gone", "name")
	b.list(2*most, len(byWorst), func(i int) {
		c := byWorst[i].counts()
		b.line("  %-12s %8d %5d %6d %5d %7d %5s %5s  %s", c.Account, c.Open[finding.Critical], c.Open[finding.High], c.Open[finding.Medium], c.Open[finding.Low],
			c.Unknown, orDash(c.New), orDash(c.Gone), c.Alias)
		if len(c.Objects) > 0 && i < most {
			b.WriteString("               " + cmp.Or(c.Objects[0].URL, c.Objects[0].URI) + "\n")
		}
	})
	return b.String()
}

func orDash(n *int) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func machineCounts(kept []*Kept) []Counts {
	out := []Counts{}
	for _, k := range kept {
		out = append(out, k.counts())
		if size(out) > maxMachine {
			return out[:len(out)-1]
		}
	}
	return out
}
