package deliver

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"warden/account/collect"
	"warden/audit"
	"warden/finding"
	"warden/notify"
	"warden/report"
)

// Counts are the numbers of a report.
type Counts struct {
	Account string `json:"account"`
	Alias   string `json:"alias,omitempty"`
	// Open are the failures that nobody accepted, by severity.
	Open     map[finding.Severity]int `json:"open"`
	Unknown  int                      `json:"unknown"`
	Accepted int                      `json:"accepted"`
	// New, Changed and Gone count from the report before; nil where there is
	// none to compare with.
	New     *int     `json:"new,omitempty"`
	Changed *int     `json:"changed,omitempty"`
	Gone    *int     `json:"gone,omitempty"`
	Objects []Object `json:"objects,omitempty"`
}

func (k *Kept) counts() Counts {
	c := Counts{
		Account: k.Report.Account, Alias: cmp.Or(k.Report.Alias, k.Name), Open: map[finding.Severity]int{},
		Unknown: k.Report.Count(finding.Unknown, false), Accepted: k.Report.Count(finding.Fail, true), Objects: k.Objects,
	}
	for i := range k.Report.Findings {
		if f := &k.Report.Findings[i]; failure(f) {
			c.Open[f.Severity]++
		}
	}
	if d := k.Since; d != nil {
		c.New, c.Changed, c.Gone = of(len(d.New)), of(len(d.Changed)), of(len(d.Gone))
	}
	return c
}

func of(n int) *int { return &n }

// failure tells whether a finding is a failure that nobody accepted.
func failure(f *finding.Finding) bool { return f.Status == finding.Fail && f.Exempt == nil }

// worst is the highest severity of what is open.
func (c Counts) worst() finding.Severity {
	for s := finding.Critical; s > finding.Info; s-- {
		if c.Open[s] > 0 {
			return s
		}
	}
	return finding.Info
}

func (c Counts) open() int {
	n := 0
	for _, k := range c.Open {
		n += k
	}
	return n
}

// severe lists the numbers by severity, the highest first: "2 critical, 5 high".
func (c Counts) severe(least finding.Severity) string {
	var parts []string
	for s := finding.Critical; ; s-- {
		if n := c.Open[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
		if s == least {
			return strings.Join(parts, ", ")
		}
	}
}

// headline says in a few words what there is to know, for a subject.
func (c Counts) headline() string {
	var parts []string
	switch {
	case c.New != nil && *c.New > 0:
		parts = append(parts, fmt.Sprintf("%d new", *c.New))
	case c.New != nil:
		parts = append(parts, "nothing new")
	}
	if text := c.severe(finding.High); text != "" {
		parts = append(parts, text+" open")
	} else if n := c.open(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d open", n))
	} else if c.Unknown == 0 {
		parts = append(parts, "nothing open")
	}
	if c.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", c.Unknown))
	}
	return strings.Join(parts, ", ")
}

// How many lines of a list stand on the first screen, and in the long text.
type limits struct{ new, changed, gone, unknown, open int }

var (
	onScreen = limits{new: 10, changed: 6, gone: 6, unknown: 6, open: 10}
	inFull   = limits{new: 400, changed: 200, gone: 200, unknown: 40, open: 40}
)

// maxLetter is how long a text becomes, in bytes: mail programs cut what is
// longer.
const maxLetter = 96 << 10

// letter is what people are told of one report.
func (r *Run) letter(k *Kept) notify.Message {
	c := k.counts()
	name := k.Report.Account
	if c.Alias != "" {
		name += " (" + c.Alias + ")"
	}
	m := notify.Message{
		Incident: r.ID(), Kind: "audit", Account: k.Report.Account, Severity: c.worst(),
		Subject:    "warden audit: " + c.headline() + "; account " + name,
		Text:       k.text(r.at, onScreen, false),
		Full:       k.text(r.at, inFull, true),
		Report:     r.machine(k),
		Attributes: map[string]string{"new": "0"},
	}
	if c.New != nil {
		m.Attributes["new"] = fmt.Sprint(*c.New)
	} else {
		m.Attributes["new"] = "first"
	}
	return m
}

// text is the report for people: what matters today on top. full adds every
// open finding, as far as there is room.
func (k *Kept) text(at time.Time, n limits, full bool) string {
	var b page
	c := k.counts()
	rep := k.Report
	title := "Audit of account " + rep.Account
	if c.Alias != "" {
		title += " (" + c.Alias + ")"
	}
	b.line("%s, benchmark %s, %s", title, rep.Benchmark, stamp(at))
	for _, p := range k.Problems {
		b.line("! %s", p)
	}
	b.line("")
	switch {
	case c.open() == 0:
		b.fact("open", "no failures")
	default:
		b.fact("open", "%s: %s", count(c.open(), "failure"), c.severe(finding.Info))
	}
	if c.Accepted > 0 {
		b.fact("", "%d more are accepted", c.Accepted)
	}
	if c.Unknown > 0 {
		b.fact("unknown", "%s could not be answered, which is no pass", count(c.Unknown, "question"))
	}
	if d := k.Since; d != nil {
		before := "the report before"
		if !k.Before.IsZero() {
			before = stamp(k.Before)
		}
		b.fact("since", "%s: %d new, %d changed, %d gone", before, len(d.New), len(d.Changed), len(d.Gone))
	} else {
		b.fact("since", "%s", k.Why)
	}
	b.objects(k.Objects)
	if d := k.Since; d != nil {
		b.section("NEW", len(d.New))
		b.list(n.new, len(d.New), func(i int) { b.finding(rep, &d.New[i], true) })
		b.section("CHANGED", len(d.Changed))
		b.list(n.changed, len(d.Changed), func(i int) {
			was, now := &d.Changed[i].Before, d.Changed[i].After
			now.Summary = "was " + grade(was) + "; " + now.Summary
			b.finding(rep, &now, false)
		})
		b.section("GONE", len(d.Gone))
		b.list(n.gone, len(d.Gone), func(i int) { b.finding(rep, &d.Gone[i], false) })
		if len(k.NotAsked) > 0 {
			b.line("\nNot asked any more, so that nothing can be said of them: %s", strings.Join(k.NotAsked, ", "))
		}
	}
	groups := grouped(rep, failure)
	b.section("OPEN, the most severe first", c.open())
	b.list(n.open, len(groups), func(i int) { b.group(rep, groups[i]) })
	doubts := grouped(rep, func(f *finding.Finding) bool { return f.Status == finding.Unknown })
	b.section("NOT KNOWN", c.Unknown)
	b.list(n.unknown, len(doubts), func(i int) { b.doubt(doubts[i]) })
	if full {
		b.everything(k, c.open())
	}
	return b.String()
}

// page is a text in the making.
type page struct{ strings.Builder }

// line writes a line. Texts among the arguments may come from an account, and
// are made harmless.
func (b *page) line(format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = notify.Line(text)
		}
	}
	b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// fact is a line with a label.
func (b *page) fact(label, format string, args ...any) {
	b.line("%-8s %s", label, fmt.Sprintf(format, args...))
}

// objects say where the whole report is. These addresses are warden's own, so
// the link stays one.
func (b *page) objects(list []Object) {
	if len(list) == 0 {
		return
	}
	if url := list[0].URL; url != "" {
		fmt.Fprintf(b, "%-8s %s\n", "report", url)
		b.fact("", "(opens for whoever signs in to AWS and may read it)")
	}
	var names []string
	for _, o := range list {
		names = append(names, o.What)
	}
	fmt.Fprintf(b, "%-8s %s: %s\n", "files", list[0].URI[:strings.LastIndexByte(list[0].URI, '/')+1], strings.Join(names, ", "))
}

func (b *page) section(title string, n int) {
	if n > 0 {
		b.line("\n%s: %d", title, n)
	}
}

// list shows so many of a list and says how many are left.
func (b *page) list(most, n int, show func(i int)) {
	if n > most && n-most == 1 {
		most = n // a line that says "1 more" is no shorter
	}
	for i := range min(n, most) {
		show(i)
	}
	if n > most {
		b.line("  and %d more", n-most)
	}
}

// grade is the severity of a failure, or what it is instead.
func grade(f *finding.Finding) string {
	switch {
	case f.Exempt != nil:
		return "accepted"
	case f.Status == finding.Unknown:
		return "unknown"
	}
	return f.Severity.String()
}

func (b *page) finding(rep *audit.Report, f *finding.Finding, remedy bool) {
	b.line("  %-8s %-26s %s: %s", grade(f), f.Control, report.Who(rep, f), f.Summary)
	if remedy && f.Remedy != "" {
		b.line("  %-8s %-26s fix: %s", "", "", f.Remedy)
	}
}

// grouped are the findings that fit, by control, in the order of the report.
func grouped(rep *audit.Report, fits func(*finding.Finding) bool) [][]*finding.Finding {
	var out [][]*finding.Finding
	at := map[string]int{}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		if !fits(f) {
			continue
		}
		key := f.Control + " " + f.Severity.String()
		n, known := at[key]
		if !known {
			n = len(out)
			at[key], out = n, append(out, nil)
		}
		out[n] = append(out[n], f)
	}
	return out
}

// group is a line for all failures of a control that are as severe.
func (b *page) group(rep *audit.Report, list []*finding.Finding) {
	const named = 3
	var who []string
	for _, f := range list[:min(len(list), named)] {
		who = append(who, report.Who(rep, f))
	}
	text := strings.Join(who, "; ")
	if n := len(list) - named; n > 0 {
		text += fmt.Sprintf("; %d more", n)
	}
	b.line("  %-8s %-26s %4d  %s", list[0].Severity, list[0].Control, len(list), text)
}

// doubt is a line for all that is unknown of a control, with the first reason.
func (b *page) doubt(list []*finding.Finding) {
	b.line("  %-35s %4d  %s", list[0].Control, len(list), brief(list[0].Summary))
}

// brief is the beginning of a reason, where only the kind of it matters.
func brief(text string) string {
	const most = 120
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRight(string(runes[:most]), " ") + "…"
}

// everything lists every open finding, as far as there is room.
func (b *page) everything(k *Kept, open int) {
	b.section("EVERY OPEN FINDING, the most severe first", open)
	shown := 0
	for i := range k.Report.Findings {
		f := &k.Report.Findings[i]
		if !failure(f) {
			continue
		}
		if b.Len() > maxLetter {
			b.line("  and %d more, in the report", open-shown)
			return
		}
		b.finding(k.Report, f, false)
		shown++
	}
}

// failed is what people are told where there is no report.
func (r *Run) failed(reason error) notify.Message {
	what := "account " + r.scope
	if r.scope == Organization {
		what = "the organisation"
	}
	var b page
	b.line("The audit of %s of %s failed: there is no report.", what, stamp(r.at))
	b.line("")
	b.fact("why", "%s", oneLine(collect.Reason(reason)))
	b.fact("so", "nothing is known of what changed since the report before; nothing is implied to be well")
	b.fact("next", "it is tried again by itself; if this message is the last one, see the function's log and its dead letters")
	m := notify.Message{
		Incident: r.ID(), Kind: "audit-failed", Severity: finding.High, Subject: "warden audit FAILED: " + what + " was not audited", Text: b.String(),
		Report: map[string]string{"run": r.ID(), "failed": oneLine(collect.Reason(reason))},
	}
	if r.scope != Organization {
		m.Account = r.scope
	}
	return m
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
