package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"warden/audit"
	"warden/finding"
)

//go:embed html/index.js
var indexProgram string

// Entry is an account in an index of pages.
type Entry struct {
	// Name is the account's in its organisation; "" leaves it to its alias.
	Name string
	// Link leads to its page: a file beside the index (./…) or an address
	// (https://…); "" where there is none.
	Link string
	// Stale says why the evidence is older than that of the others, where that
	// is known; "" where it is not.
	Stale string

	report  *audit.Report
	since   *audit.Diff
	fails   [finding.Critical + 1]int // by severity, what nobody accepted
	unknown int
	failing []Failing
	reasons []Reason
	gaps    []string
}

// NewEntry takes from a report what an index says of it. The evidence is not
// kept.
func NewEntry(r *audit.Report, o Options) *Entry {
	s := summarize(r, o)
	return &Entry{report: r, since: o.Since, fails: open(r), unknown: r.Count(finding.Unknown, false), failing: s.Failing, reasons: s.Reasons, gaps: s.Gaps}
}

// NotAudited is an account that could not be audited, so that nothing is known
// of it.
type NotAudited struct {
	// Account is its id, or the file that should have been about it.
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	Reason  string `json:"reason"`
}

var worstFirst = []finding.Severity{finding.Critical, finding.High, finding.Medium, finding.Low, finding.Info}

func (x *Entry) name() string { return cmp.Or(x.Name, x.report.Alias) }

// worst is how bad the worst failure is; false where nothing failed.
func (x *Entry) worst() (finding.Severity, bool) {
	for _, s := range worstFirst {
		if x.fails[s] > 0 {
			return s, true
		}
	}
	return finding.Info, false
}

// open counts the failures of a report that nobody accepted, by severity.
func open(r *audit.Report) (fails [finding.Critical + 1]int) {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Status == finding.Fail && f.Exempt == nil && f.Severity <= finding.Critical {
			fails[f.Severity]++
		}
	}
	return fails
}

// WriteIndex writes the page that leads to the pages of many accounts, the
// worst first, in the form html: how much failed and is unknown in each, what
// failed in most, and who could not be audited and why.
func WriteIndex(w io.Writer, list []*Entry, missing []NotAudited) error {
	all := slices.Clone(list)
	slices.SortStableFunc(all, func(a, b *Entry) int {
		for _, s := range worstFirst {
			if c := cmp.Compare(b.fails[s], a.fails[s]); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(b.unknown, a.unknown), strings.Compare(a.report.Account, b.report.Account))
	})
	x := index{all, missing}
	title := "Audit of " + plural(len(all)+len(missing), "account")
	main := lines(titled("summary", "view", "h1", title, x.lead(), x.tiles(), el("div", class("charts"), lines(x.bySeverity(), x.byWorst())), x.missing(), x.table(), x.failed(), x.unknown()))
	return document{title: title, main: main, program: indexProgram}.write(w)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

type index struct {
	accounts []*Entry
	unread   []NotAudited
}

// lead says what was judged, and between which times.
func (x *index) lead() content {
	var benchmarks []string
	var first, last time.Time
	for _, a := range x.accounts {
		if b := benchmarkName(a.report); !slices.Contains(benchmarks, b) {
			benchmarks = append(benchmarks, b)
		}
		at := a.report.Now
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if len(x.accounts) == 0 {
		return el("p", class("lead"), txt("No account could be audited."))
	}
	date := func(t time.Time) content { return el("strong", class("date"), txt(stamp(t))) }
	g := group{txt("Benchmark "), el("strong", txt(strings.Join(benchmarks, "; "))), txt(". Ages are counted to "), date(first)}
	if !first.Equal(last) {
		g = append(g, txt(" in one account, to "), date(last), txt(" in another"))
	}
	return el("p", class("lead"), g, txt(". Each account was judged by itself."))
}

// tiles are the answers of all accounts together.
func (x *index) tiles() content {
	counts := map[string]int{}
	for _, a := range x.accounts {
		for _, s := range statuses {
			counts[string(s)] += a.report.Count(s, false)
		}
		counts[accepted] += a.report.Count(finding.Fail, true)
	}
	var g group
	for _, s := range statuses {
		g = append(g, tile(string(s), counts[string(s)]))
	}
	return el("ul", class("tiles"), lines(append(g, tile(accepted, counts[accepted]))...))
}

func (x *index) bySeverity() content {
	var bars []Bar
	for _, s := range worstFirst {
		var sum Bar
		for _, a := range x.accounts {
			b := severityBar(a.report, s)
			if sum.Parts == nil {
				sum = b
				continue
			}
			sum.Total += b.Total
			for i := range b.Parts {
				sum.Parts[i].N += b.Parts[i].N
			}
		}
		if sum.Parts != nil {
			bars = append(bars, sum)
		}
	}
	scale(bars)
	return severityChart(bars)
}

// byWorst counts accounts by the worst that failed in them.
func (x *index) byWorst() content {
	var bars []Bar
	count := func(name, look string, is func(a *Entry) bool) {
		n := 0
		for _, a := range x.accounts {
			if is(a) {
				n++
			}
		}
		bars = append(bars, Bar{Name: name, Parts: []Part{{Name: look, N: n}}, Total: n})
	}
	for _, s := range worstFirst {
		count(s.String(), string(finding.Fail), func(a *Entry) bool { worst, any := a.worst(); return any && worst == s })
	}
	failed := func(a *Entry) bool { _, any := a.worst(); return any }
	count("nothing, but unknowns", string(finding.Unknown), func(a *Entry) bool { return !failed(a) && a.unknown > 0 })
	count("nothing", string(finding.Pass), func(a *Entry) bool { return !failed(a) && a.unknown == 0 })
	bars = append(bars, Bar{Name: "not audited", Parts: []Part{{Name: string(finding.Unknown), N: len(x.unread)}}, Total: len(x.unread)})
	scale(bars)
	return chart("by-worst", "Accounts, by the worst that failed", []string{"worst", "share", "accounts"}, bars, func(b *Bar) group {
		return group{el("td", class("num"), number(b.Total))}
	}, nil, nil)
}

// missing are the accounts of which nothing is known.
func (x *index) missing() content {
	if len(x.unread) == 0 {
		return nil
	}
	var rows group
	for _, m := range x.unread {
		rows = append(rows, el("tr", el("td", bdi(plain(m.Account))), el("td", bdi(plain(m.Name))), el("td", bdi(plain(m.Reason)))))
	}
	return titled("missing", "block unknowns", "h2", "Not audited, so that nothing is known of them: "+strconv.Itoa(len(x.unread)),
		listTable("missing", []content{column("account"), column("name"), column("because")}, rows))
}

// worstShown is how many questions a line of the index names.
const worstShown = 3

// table has a line for each account.
func (x *index) table() content {
	since := slices.ContainsFunc(x.accounts, func(a *Entry) bool { return a.since != nil })
	head := group{column("account")}
	for _, c := range []string{"critical", "high", "medium", "low", "unknown", "accepted"} {
		head = append(head, column(c, "num"))
	}
	if since {
		head = append(head, column("new", "num"), column("gone", "num"))
	}
	head = append(head, column("worst", "worst"), column("evidence of"))
	var newest time.Time
	for _, a := range x.accounts {
		if at := a.report.CollectedAt; at.After(newest) {
			newest = at
		}
	}
	var rows group
	for _, a := range x.accounts {
		rows = append(rows, a.row(since, newest))
	}
	if len(rows) == 0 {
		return nil
	}
	return group{el("h2", attr("id", "accounts-title"), txt("Accounts, the worst first")), lines(el("div", class("tools"), attr("id", "tools"), attr("hidden", "hidden")),
		el("div", class("sheet"), el("table", class("grid accounts"), attr("id", "accounts"), attr("aria-labelledby", "accounts-title"), el("thead", el("tr", head)), el("tbody", lines(rows...)))))}
}

// old is how much older than the newest evidence is worth a word.
const old = 48 * time.Hour

func (x *Entry) row(since bool, newest time.Time) content {
	count := func(n int, what string, look ...string) content {
		if n == 0 {
			look = append(look, "none")
		}
		return el("td", class(strings.Join(append([]string{"num"}, look...), " ")), attr("data-label", what), number(n))
	}
	cells := group{el("td", class("wide"), x.link(true))}
	for _, s := range worstFirst[:4] {
		cells = append(cells, count(x.fails[s], s.String(), "fails"))
	}
	cells = append(cells, count(x.unknown, "unknown", "unknown"), count(x.report.Count(finding.Fail, true), "accepted"))
	if d := x.since; since && d != nil {
		cells = append(cells, count(len(d.New), "new"), count(len(d.Gone), "gone"))
	} else if since {
		cells = append(cells, el("td", class("num blank"), txt("-")), el("td", class("num blank"), txt("-")))
	}
	var worst group
	for _, f := range x.failing[:min(worstShown, len(x.failing))] {
		worst = append(worst, el("div", sev(f.Severity), txt(" "+f.Title+" "), soft(txt(fmt.Sprintf("(%d)", f.N)))))
	}
	if n := len(x.failing) - worstShown; n > 0 {
		worst = append(worst, soft(txt("and "+plural(n, "more question"))))
	}
	var collected group
	if at := x.report.CollectedAt; !at.IsZero() {
		collected = group{txt(stamp(at))}
		if d := newest.Sub(at); d >= old {
			collected = append(collected, el("div", class("old"), txt(fmt.Sprintf("%d days older than the newest", d/(24*time.Hour)))))
		}
	}
	if x.Stale != "" {
		collected = append(collected, el("div", class("old"), plain(x.Stale)))
	}
	return el("tr", class("row plain"), cells, el("td", class("wide worst"), worst), el("td", class("date"), attr("data-label", "evidence of"), collected))
}

// link names an account and leads to its page.
func (x *Entry) link(strong bool) content {
	id := content(txt(x.report.Account))
	if strong {
		id = el("strong", id)
	}
	if x.Link != "" {
		id = el("a", attr("href", x.Link), id)
	}
	if x.name() == "" {
		return id
	}
	return group{id, txt(" "), bdi(plain(x.name()))}
}
