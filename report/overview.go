package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"warden/audit"
	"warden/finding"
)

// overview is what a reader wants to know first.
type overview struct {
	// Questions are how many were asked.
	Questions int
	// Counts are findings by status, accepted failures apart.
	Counts []Count
	// Severities are failures and unknowns by severity, the worst first.
	Severities []Bar
	// Newest is the newest version in the report, Sections its sections, and
	// Versions all versions: recommendations, each counted once by its worst
	// answer.
	Newest             string
	Sections, Versions []Bar
	// Failing are the questions with failures that nobody accepted, the most
	// severe first; Reasons why others have no answer.
	Failing []Failing
	Reasons []Reason
	// Sources are what the report rests on, the oldest first.
	Sources []Source
	// Gaps are the calls that gave nothing.
	Gaps []string
	// New, Changed and Gone count since the baseline; Since is false without.
	Since              bool
	New, Changed, Gone int
}

// Count is how often an answer was given.
type Count struct {
	Name string
	N    int
}

// Bar is a row of a chart.
type Bar struct {
	Name  string
	Parts []Part
	Total int
	// Cites is what to search for in the page to see what is counted:
	// "CIS 7.0.0", "CIS 7.0.0 2." for a section.
	Cites string
}

// Part is a piece of a bar; places and lengths are of 1000.
type Part struct {
	Name      string // status or severity
	N         int
	At, Width int
}

// Failing is a question with failures.
type Failing struct {
	Control, Title, Numbers string
	Severity                finding.Severity
	N, Of                   int
	Width                   int // of 1000, compared with the most
	// Examples are the first subjects.
	Examples []string
}

// Reason is why questions have no answer.
type Reason struct {
	Text     string
	N        int
	Worst    finding.Severity
	Controls []string
	Remedy   string
	findings []int // places in the report
}

// Source is where facts come from.
type Source struct {
	Name  string
	Facts int
	// Age is of the oldest fact.
	Age string
	at  *time.Time
}

// accepted is how charts name failures under an exemption.
const accepted = "accepted"

// answers are in the order in which one answer about a recommendation goes
// before another.
var answers = []string{string(finding.Fail), string(finding.Unknown), accepted, string(finding.Manual), string(finding.Pass), string(finding.NotApplicable)}

func summarize(r *audit.Report, o Options) overview {
	s := overview{}
	for _, status := range statuses {
		s.Counts = append(s.Counts, Count{string(status), r.Count(status, false)})
	}
	s.Counts = append(s.Counts, Count{accepted, r.Count(finding.Fail, true)})
	for level := finding.Critical; ; level-- {
		s.Severities = append(s.Severities, severityBar(r, level))
		if level == finding.Info {
			break
		}
	}
	scale(s.Severities)
	for _, v := range audit.Versions() {
		whole, sections := versionBars(r, v)
		if whole.Total == 0 {
			continue
		}
		s.Newest, s.Sections = v, sections
		s.Versions = append(s.Versions, whole)
	}
	asked := map[string]bool{}
	for i := range r.Findings {
		asked[r.Findings[i].Control] = true
	}
	s.Questions = len(asked)
	s.Failing, s.Reasons, s.Sources = failing(r), reasons(r), foundations(r)
	if o.Evidence != nil {
		for _, g := range o.Evidence.Gaps {
			text := g.What
			if g.Subject != "" {
				text += " of " + g.Subject
			}
			s.Gaps = append(s.Gaps, text+": "+g.Reason)
		}
	}
	if o.Since != nil {
		s.Since, s.New, s.Changed, s.Gone = true, len(o.Since.New), len(o.Since.Changed), len(o.Since.Gone)
	}
	return s
}

func severityBar(r *audit.Report, level finding.Severity) Bar {
	b := Bar{Name: level.String()}
	for _, status := range statuses[:2] {
		n := 0
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Severity == level && f.Status == status && f.Exempt == nil {
				n++
			}
		}
		b.Parts = append(b.Parts, Part{Name: string(status), N: n})
		b.Total += n
	}
	return b
}

// scale makes the longest bar full.
func scale(bars []Bar) {
	most := 1
	for _, b := range bars {
		most = max(most, b.Total)
	}
	for i := range bars {
		bars[i].spread(most)
	}
}

// spread gives the parts their places; what there is remains to be seen.
func (b *Bar) spread(full int) {
	at := 0
	for i := range b.Parts {
		p := &b.Parts[i]
		p.At, p.Width = at, p.N*1000/full
		if p.N > 0 {
			p.Width = max(p.Width, 6)
		}
		at += p.Width
	}
}

// versionBars counts the recommendations of a version of CIS by their worst
// answers, all together and by section.
func versionBars(r *audit.Report, version string) (whole Bar, sections []Bar) {
	worst := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, ref := range f.References {
			if ref.Version != version {
				continue
			}
			name := string(ref.Status)
			if f.Exempt != nil && ref.Status == finding.Fail {
				name = accepted
			}
			rank := slices.Index(answers, name)
			if was, ok := worst[ref.ID]; !ok || rank < was {
				worst[ref.ID] = rank
			}
		}
	}
	whole = Bar{Name: version, Cites: "CIS " + version}
	bySection := map[string]*Bar{}
	for id, rank := range worst {
		number, _, _ := strings.Cut(id, ".")
		b := bySection[number]
		if b == nil {
			b = &Bar{Name: number + " " + sectionName(version, number), Cites: "CIS " + version + " " + number + "."}
			bySection[number] = b
		}
		for _, to := range []*Bar{&whole, b} {
			if to.Parts == nil {
				for _, name := range answers {
					to.Parts = append(to.Parts, Part{Name: name})
				}
			}
			to.Parts[rank].N++
			to.Total++
		}
	}
	for _, b := range bySection {
		b.spread(b.Total)
		sections = append(sections, *b)
	}
	slices.SortFunc(sections, func(a, b Bar) int { return strings.Compare(a.Name, b.Name) })
	whole.spread(max(whole.Total, 1))
	return whole, sections
}

// sectionName says what a section of CIS is about, in warden's words. The
// sections moved twice: 1.2 had none on storage, and 6.0 put one before.
func sectionName(version, number string) string {
	names := map[string]string{"1": "identity", "2": "storage", "3": "logging", "4": "monitoring"}
	switch {
	case strings.HasPrefix(version, "1.2"):
		names = map[string]string{"1": "identity", "2": "logging", "3": "monitoring"}
	case version >= "6":
		names = map[string]string{"2": "identity", "3": "storage", "4": "logging", "5": "monitoring"}
	}
	return names[number]
}

func failing(r *audit.Report) []Failing {
	const examples = 3
	at := map[string]int{}
	asked := map[string]int{}
	var out []Failing
	for i := range r.Findings {
		f := &r.Findings[i]
		asked[f.Control]++
		if f.Status != finding.Fail || f.Exempt != nil {
			continue
		}
		n, ok := at[f.Control]
		if !ok {
			n = len(out)
			at[f.Control] = n
			out = append(out, Failing{Control: f.Control, Title: f.Title, Numbers: newest(f), Severity: f.Severity})
		}
		x := &out[n]
		x.N++
		x.Severity = max(x.Severity, f.Severity)
		if len(x.Examples) < examples {
			x.Examples = append(x.Examples, who(r, f))
		}
	}
	most := 1
	for i := range out {
		out[i].Of = asked[out[i].Control]
		most = max(most, out[i].N)
	}
	for i := range out {
		out[i].Width = max(6, out[i].N*1000/most)
	}
	slices.SortStableFunc(out, func(a, b Failing) int { return cmp.Compare(b.Severity, a.Severity) })
	return out
}

// newest names the recommendation of the newest version: "CIS 2.4 (7.0.0)".
func newest(f *finding.Finding) string {
	if len(f.References) == 0 {
		return ""
	}
	last := f.References[len(f.References)-1]
	return "CIS " + last.ID + " (" + last.Version + ")"
}

// reasons groups the unknown answers by why they are so.
func reasons(r *audit.Report) []Reason {
	at := map[string]int{}
	var out []Reason
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Status != finding.Unknown {
			continue
		}
		why := because(f.Summary)
		n, ok := at[why]
		if !ok {
			n = len(out)
			at[why] = n
			out = append(out, Reason{Text: why, Remedy: f.Remedy})
		}
		x := &out[n]
		x.N++
		x.findings = append(x.findings, i)
		x.Worst = max(x.Worst, f.Severity)
		x.Remedy = cmp.Or(x.Remedy, f.Remedy)
		if !slices.Contains(x.Controls, f.Control) {
			x.Controls = append(x.Controls, f.Control)
		}
	}
	slices.SortStableFunc(out, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Worst, a.Worst), cmp.Compare(b.N, a.N))
	})
	return out
}

// because is the part of a summary that says why there is no answer: what
// follows the question.
func because(summary string) string {
	for _, mark := range []string{"not looked at: ", "not in the evidence", "it hangs on "} {
		if i := strings.LastIndex(summary, mark); i >= 0 {
			return summary[i:]
		}
	}
	for _, asked := range []string{"whether ", "which ", "when ", "what ", "who "} {
		if strings.HasPrefix(summary, asked) {
			if _, why, ok := strings.Cut(summary, ": "); ok {
				return why
			}
		}
	}
	return summary
}

// foundations lists where the facts come from.
func foundations(r *audit.Report) []Source {
	at := map[string]int{}
	var out []Source
	for i := range r.Findings {
		for _, x := range r.Findings[i].Evidence {
			n, ok := at[x.Source]
			if !ok {
				n = len(out)
				at[x.Source] = n
				out = append(out, Source{Name: x.Source, at: x.At})
			}
			s := &out[n]
			s.Facts++
			if x.At == nil || s.at != nil && x.At.Before(*s.at) {
				s.at = x.At
			}
		}
	}
	for i := range out {
		out[i].Age = age(r.Now, out[i].at)
	}
	slices.SortStableFunc(out, func(a, b Source) int {
		switch {
		case a.at == nil || b.at == nil:
			return cmp.Compare(known(a.at), known(b.at))
		}
		return a.at.Compare(*b.at)
	})
	return out
}

func known(t *time.Time) int {
	if t == nil {
		return 0
	}
	return 1
}

// staticList is findings for a reader without the page's program, by question.
type staticList struct {
	Title  string
	N      int
	Groups []staticGroup
}

type staticGroup struct {
	Failing
	Remedy string // where it is the same for all
	Items  []staticItem
}

type staticItem struct {
	Who, Summary, Remedy, Command, Accepted string
	Others                                  []string // of whom the same is said
}

// together says once what is said of several.
func (g *staticGroup) together() {
	at := map[staticKey]int{}
	var items []staticItem
	for _, x := range g.Items {
		key := staticKey{x.Summary, x.Remedy, x.Accepted}
		if n, ok := at[key]; ok {
			items[n].Others = append(items[n].Others, x.Who)
			continue
		}
		at[key] = len(items)
		items = append(items, x)
	}
	g.Items = items
}

type staticKey struct{ summary, remedy, accepted string }

// commands is for how many findings of a question the static list has the
// command: the others differ in the name.
const commands = 5

// sinceTitle begins the titles of lists of what changed.
const sinceTitle = "Since the baseline: "

// staticLists has every failure and unknown, and what changed.
func staticLists(r *audit.Report, o Options) []staticList {
	var fail, unknown, exempt []finding.Finding
	for _, f := range r.Findings {
		switch {
		case f.Exempt != nil:
			exempt = append(exempt, f)
		case f.Status == finding.Fail:
			fail = append(fail, f)
		case f.Status == finding.Unknown:
			unknown = append(unknown, f)
		}
	}
	out := []staticList{grouped(r, "Failures", fail), grouped(r, "Unknown", unknown), grouped(r, "Accepted", exempt)}
	if o.Since != nil {
		for _, s := range sections(r, o) {
			out = append(out, grouped(r, sinceTitle+s.title, s.list))
		}
	}
	return slices.DeleteFunc(out, func(l staticList) bool { return l.N == 0 })
}

func grouped(r *audit.Report, title string, list []finding.Finding) staticList {
	l := staticList{Title: title, N: len(list)}
	at := map[string]int{}
	for i := range list {
		f := &list[i]
		n, ok := at[f.Control]
		if !ok {
			n = len(l.Groups)
			at[f.Control] = n
			l.Groups = append(l.Groups, staticGroup{Failing: Failing{Control: f.Control, Title: f.Title, Numbers: newest(f), Severity: f.Severity}, Remedy: f.Remedy})
		}
		g := &l.Groups[n]
		g.Severity = max(g.Severity, f.Severity)
		item := staticItem{Who: who(r, f), Summary: f.Summary, Remedy: f.Remedy}
		if len(g.Items) < commands {
			item.Command = f.Command
		}
		switch {
		case g.Remedy == "":
		case f.Remedy == g.Remedy:
			item.Remedy = ""
		default: // it is not the same for all
			for j := range g.Items {
				g.Items[j].Remedy = g.Remedy
			}
			g.Remedy = ""
		}
		if f.Exempt != nil {
			item.Accepted = fmt.Sprintf("accepted until %s by %s: %s", stamp(f.Exempt.Expires), f.Exempt.Owner, f.Exempt.Reason)
		}
		g.Items = append(g.Items, item)
	}
	return l
}
