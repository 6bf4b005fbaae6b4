package report

import (
	"fmt"
	"strconv"

	"warden/audit"
	"warden/finding"
)

// longWords are how the page names the answers, as page.js does.
var longWords = map[string]string{
	string(finding.Fail): "failed", string(finding.Unknown): "unknown", string(finding.Manual): "by hand", string(finding.Pass): "passed",
	string(finding.NotApplicable): "not applicable", accepted: "accepted",
}

// summary is what a reader wants to know first.
func (p *htmlPage) summary() content {
	date := func(s string) content { return el("strong", class("date"), txt(s)) }
	lead := group{txt(fmt.Sprintf("%d questions. Benchmark ", p.Questions)), el("strong", txt(benchmarkName(p.Report))), txt("."), lines(txt("Ages are counted to ")), date(stamp(p.Now))}
	if !p.CollectedAt.IsZero() {
		lead = append(lead, txt("; the evidence was collected "), date(stamp(p.CollectedAt)))
	}
	var tiles group
	for _, c := range p.Counts {
		tiles = append(tiles, tile(c.Name, c.N, class("go"), attr("data-go", "findings"), attr("data-status", c.Name)))
	}
	var since content
	if p.Since {
		count := func(n int, what string) group {
			return group{el("a", class("go"), attr("data-go", "findings"), attr("data-since", what), el("strong", number(n)), txt(" "+what))}
		}
		since = el("p", class("since"), txt("Since the baseline: "), count(p.New, "new"), txt(", "), count(p.Changed, "changed"), txt(", "), count(p.Gone, "gone"), txt("."))
	}
	return titled("summary", "view", "h1", "Audit of account "+p.Account, el("p", class("lead"), lead, txt(".")), el("ul", class("tiles"), lines(tiles...)), since,
		el("div", class("charts"), lines(severityChart(p.Severities), p.bySection())), p.unknown(), p.failed(), p.sources())
}

func benchmarkName(r *audit.Report) string {
	if r.Benchmark == "all" {
		return "CIS AWS Foundations, all versions, and warden's own questions"
	}
	return r.Benchmark
}

// tile is how often an answer was given.
func tile(status string, n int, lead ...content) content {
	inside := group{el("span", class("n"), number(n)), txt(" "), el("span", class("what"), txt(longWords[status]))}
	if len(lead) > 0 {
		return el("li", class("tile"), attr("data-status", status), el("a", group(lead), inside))
	}
	return el("li", class("tile"), attr("data-status", status), el("div", inside))
}

// titled is a section with its title.
func titled(id, look, heading, title string, c ...content) content {
	return el("section", idOf(look, id), class(look), attr("aria-labelledby", id+"-title"), lines(el(heading, attr("id", id+"-title"), txt(title))), lines(c...))
}

// idOf: views have an id, which page.js shows them by.
func idOf(look, id string) content {
	if look == "view" {
		return attr("id", id)
	}
	return nil
}

// bar draws the parts of a row of a chart.
func bar(parts []Part) content {
	var g group
	for _, x := range parts {
		if x.N > 0 {
			g = append(g, el("rect", class(x.Name), attr("x", strconv.Itoa(x.At)), attr("y", "0"), attr("width", strconv.Itoa(x.Width)), attr("height", "10")))
		}
	}
	return el("svg", class("bar"), attr("viewBox", "0 0 1000 10"), attr("preserveAspectRatio", "none"), attr("aria-hidden", "true"), g)
}

// chart has a row for each bar, and tells numbers beside it.
func chart(id, title string, columns []string, bars []Bar, numbers func(b *Bar) group, legend []string, more content) content {
	var head, marks group
	for _, c := range columns {
		head = append(head, el("th", txt(c)))
	}
	for i, k := range legend {
		if i > 0 {
			marks = append(marks, txt(" "))
		}
		marks = append(marks, el("span", class("key "+k), txt(longWords[k])))
	}
	var keys content
	if marks != nil {
		keys = el("p", class("legend"), marks)
	}
	return el("figure", class("chart"), attr("aria-labelledby", id), lines(el("figcaption", attr("id", id), txt(title)),
		el("table", class("bars"), el("thead", class("hide"), el("tr", head)), barRows(bars, numbers)), keys, more))
}

func barRows(bars []Bar, numbers func(b *Bar) group) content {
	var rows group
	for i := range bars {
		b := &bars[i]
		name := content(txt(b.Name))
		if b.Cites != "" { // the program makes it a link to the findings
			name = el("a", class("go"), attr("data-go", "findings"), attr("data-q", b.Cites), name)
		}
		rows = append(rows, el("tr", el("th", attr("scope", "row"), name), el("td", class("plot"), bar(b.Parts)), numbers(b)))
	}
	return el("tbody", lines(rows...))
}

func severityChart(bars []Bar) content {
	return chart("by-severity", "Failed and unknown, by severity", []string{"severity", "share", "failed", "unknown"}, bars, func(b *Bar) group {
		say := func(look, what string, n int) content {
			return el("td", class(look), el("span", class("hide"), txt(what+" ")), number(n))
		}
		return group{say("num", "failed", b.Parts[0].N), say("num soft", "unknown", b.Parts[1].N)}
	}, []string{string(finding.Fail), string(finding.Unknown)}, nil)
}

func (p *htmlPage) bySection() content {
	if len(p.Sections) == 0 {
		return nil
	}
	passed := func(b *Bar) group {
		n := 0
		for _, x := range b.Parts {
			if x.Name == string(finding.Pass) {
				n = x.N
			}
		}
		return group{el("td", class("num"), number(n), txt(" "), soft(txt("of "), number(b.Total)))}
	}
	var more content
	if len(p.Versions) > 1 {
		more = el("details", class("more"), el("summary", txt(fmt.Sprintf("All %d versions", len(p.Versions)))), lines(el("table", class("bars"), barRows(p.Versions, passed))))
	}
	return chart("by-section", "Recommendations of CIS "+p.Newest+", by section", []string{"section", "share", "passed"}, p.Sections, passed,
		[]string{string(finding.Fail), string(finding.Unknown), accepted, string(finding.Manual), string(finding.Pass)}, more)
}

// listTable is a list under a head.
func listTable(look string, columns []content, rows group) content {
	return el("div", class("scroll"), el("table", class("list "+look), el("thead", el("tr", group(columns))), el("tbody", lines(rows...))))
}

func column(title string, look ...string) content {
	if len(look) > 0 {
		return el("th", attr("scope", "col"), class(look[0]), txt(title))
	}
	return el("th", attr("scope", "col"), txt(title))
}

func sev(s finding.Severity) content {
	return el("span", class("sev "+s.String()), txt(s.String()))
}

// How many of a list the summary has.
const (
	reasonsShown = 12
	gapsShown    = 40
	sourcesShown = 15
)

// unknown says what has no answer, and why.
func (p *htmlPage) unknown() content {
	said := group{el("p", txt("Every question that was asked, and that a program can answer, has an answer."))}
	if len(p.Reasons) > 0 {
		var rows group
		for i, r := range p.Reasons[:min(reasonsShown, len(p.Reasons))] {
			controls := listed(r.Controls, 6, "", func(_ int, c string) content { return group{el("code", txt(c)), txt(" ")} })
			rows = append(rows, el("tr", el("td", sev(r.Worst)), el("td", el("bdi", class("clamp"), txt(r.Text))),
				el("td", class("num"), el("a", class("go"), attr("data-go", "findings"), attr("data-status", "unknown"), attr("data-why", strconv.Itoa(i)), number(r.N))),
				el("td", class("ids"), controls), el("td", txt(r.Remedy))))
		}
		said = group{
			el("p", txt("These questions have "), el("strong", txt("no answer")), txt(". That is not a pass.")),
			listTable("reasons", []content{column("severity"), column("because"), column("answers", "num"), column("questions"), column("to know it")}, rows),
			left(len(p.Reasons)-reasonsShown, "more reasons"),
		}
	}
	if len(p.Gaps) > 0 {
		var items group
		for _, g := range p.Gaps[:min(gapsShown, len(p.Gaps))] {
			items = append(items, el("li", bdi(plain(g))))
		}
		if n := len(p.Gaps) - gapsShown; n > 0 {
			items = append(items, el("li", txt(fmt.Sprintf("and %d more", n))))
		}
		said = append(said, el("details", class("more"), el("summary", txt(fmt.Sprintf("Calls that gave nothing: %d", len(p.Gaps)))), el("ul", items)))
	}
	return titled("unknown", "block unknowns", "h2", "What is unknown, and why", said...)
}

// left counts what is not shown; nil where everything is.
func left(n int, what string) content {
	if n <= 0 {
		return nil
	}
	return el("p", class("soft"), txt(fmt.Sprintf("and %d %s", n, what)))
}

// failed lists the questions with failures.
func (p *htmlPage) failed() content {
	if len(p.Failing) == 0 {
		return titled("failed", "block", "h2", "What failed, the most severe first", el("p", txt("Nothing failed that nobody accepted.")))
	}
	var rows group
	for i := range p.Failing {
		f := &p.Failing[i]
		who := listed(f.Examples, len(f.Examples), ", ", func(_ int, x string) content { return bdi(txt(x)) })
		if n := f.N - len(f.Examples); n > 0 {
			who = append(who, txt(fmt.Sprintf(" and %d more", n)))
		}
		rows = append(rows, el("tr", el("td", sev(f.Severity)),
			el("td", el("a", class("go"), attr("data-go", "findings"), attr("data-control", f.Control), txt(f.Title)), txt(" "), soft(el("code", txt(f.Control)), txt(" "+f.Numbers))),
			el("td", class("num"), number(f.N), txt(" "), soft(txt("of "), number(f.Of))),
			el("td", class("plot"), bar([]Part{{Name: string(finding.Fail), N: f.N, Width: f.Width}})), el("td", class("who"), el("div", class("clamp"), who))))
	}
	return titled("failed", "block", "h2", "What failed, the most severe first",
		listTable("failing", []content{column("severity"), column("question"), column("failed", "num"), column("by control", "plot"), column("such as")}, rows))
}

// sources are what the answers rest on.
func (p *htmlPage) sources() content {
	var rows group
	for _, s := range p.Sources[:min(sourcesShown, len(p.Sources))] {
		rows = append(rows, el("tr", el("td", el("bdi", class("clamp"), txt(s.Name))), el("td", txt(s.Age)), el("td", class("num"), number(s.Facts))))
	}
	return titled("sources", "block", "h2", "What the answers rest on",
		listTable("sources", []content{column("source"), column("age of the oldest fact"), column("facts", "num")}, rows), left(len(p.Sources)-sourcesShown, "more sources"))
}
