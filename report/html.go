package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"warden/audit"
	"warden/audit/escalation"
	"warden/finding"
	"warden/internal/markup"
)

// The page is one file that asks for nothing: style, program and data stand in
// it, and its policy (Content-Security-Policy) allows these alone, by their
// hashes.

//go:embed html/page.css
var pageStyle string

//go:embed html/page.js
var pageProgram string

// The page's words for what it is made of; page.js has the same.
var el, attr, class, number, lines = markup.El, markup.Attr, markup.Class, markup.Number, markup.Lines

type (
	content = markup.Content
	group   = markup.Group
	txt     = markup.Text
)

// plain is text of the account as a page shows it, where it does not come out of
// a finding: without secrets.
func plain(s string) txt { return txt(finding.Redact(s)) }

// bdi is a name or text of the account, whose direction is its own.
func bdi(s txt) content { return el("bdi", s) }

func soft(c ...content) content { return el("span", class("soft"), group(c)) }

// listed puts at most so many of a list beside each other, with what is between
// them, and counts the others.
func listed[T any](list []T, most int, between string, one func(i int, x T) content) group {
	var g group
	for i, x := range list[:min(most, len(list))] {
		if i > 0 && between != "" {
			g = append(g, txt(between))
		}
		g = append(g, one(i, x))
	}
	if left := len(list) - most; left > 0 {
		g = append(g, txt(fmt.Sprintf(" and %d more", left)))
	}
	return g
}

// htmlPage is what a page is made of.
type htmlPage struct {
	*audit.Report
	overview
	Findings   bool // false for the inventory alone
	Known      bool // whether it is known who may do what
	Drawn      escalation.Picture
	Escalation escalation.Report
	Cuts       []escalation.Cut
	Lists      []staticList
	Index      string // leads to the page of all accounts; "" for none
}

// boxesDrawn is how many boxes a picture has that people can still read.
const boxesDrawn = 48

// cutsTried is how many statements are tried for the one that stops most.
const cutsTried = 5

func writeHTML(w io.Writer, r *audit.Report, o Options) error {
	p := htmlPage{Report: r, Findings: true, overview: summarize(r, o), Lists: staticLists(r, o), Index: o.Index}
	for _, l := range p.Lists {
		for i := range l.Groups {
			l.Groups[i].together()
		}
	}
	d := newData(r.Account, r.Now)
	d.findings(r, o)
	d.reasons(p.Reasons)
	if o.Evidence != nil {
		d.inventory(o.Evidence.Inventory())
		d.profiles(o.Evidence.Profiles())
		if p.Escalation, p.Known = o.Evidence.Escalation(); p.Known {
			p.Cuts = o.Evidence.Cuts(cutsTried)
			var best *escalation.Cut
			if len(p.Cuts) > 0 {
				best = &p.Cuts[0]
			}
			p.Drawn = escalation.NewPicture(p.Escalation.Ways, best, boxesDrawn)
			d.escalation(p.Escalation)
		}
	}
	return p.write(w, d)
}

// inventoryHTML is the page with the inventory alone, which may be of several
// accounts. Without evidence nobody knows what time it was, and no age is told.
func inventoryHTML(w io.Writer, items []audit.Item, o Options) error {
	p := htmlPage{Report: &audit.Report{}}
	if e := o.Evidence; e != nil {
		p.Account, p.Alias, p.Now, p.CollectedAt = e.Account, e.Alias, e.Now, e.CollectedAt
	}
	d := newData(p.Account, p.Now)
	d.inventory(items)
	if o.Evidence != nil {
		d.profiles(o.Evidence.Profiles())
	}
	return p.write(w, d)
}

func (p *htmlPage) write(w io.Writer, d *data) error {
	text, err := d.json()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var title string
	switch {
	case p.Findings && p.Alias != "":
		title = fmt.Sprintf("Audit of %s (%s)", p.Account, p.Alias)
	case p.Findings:
		title = "Audit of " + p.Account
	case p.Account != "":
		title = "Inventory of " + p.Account
	default:
		title = "Inventory"
	}
	var about, views group
	if p.Account != "" {
		account := group{el("strong", txt(p.Account))}
		if p.Alias != "" {
			account = append(account, txt(" "), bdi(txt(p.Alias)))
		}
		about = lines(el("p", class("account"), account), el("p", class("asof"), txt("as of "+stamp(p.Now))))
	}
	if p.Index != "" {
		about = append(about, lines(el("p", class("up"), el("a", attr("href", p.Index), txt("all accounts"))))...)
	}
	about = append(about, lines(el("nav", attr("id", "nav"), attr("aria-label", "Parts of the report"), attr("hidden", "hidden")))...)
	if p.Findings {
		views = lines(p.summary(), p.whoCanEscalate())
	}
	hidden := func(id string) content {
		return el("section", attr("id", id), class("view"), attr("aria-labelledby", id+"-title"), attr("hidden", "hidden"))
	}
	views = append(views, lines(hidden("findings"), hidden("inventory"), hidden("who"), el("section", attr("id", "paper"), attr("aria-hidden", "true")), p.static())...)
	return document{title: title, about: about, main: views, program: pageProgram, data: text}.write(w)
}

// document is a page of warden: a head, what is in it, and a program with its
// data, where it has one.
type document struct {
	title       string
	about, main group
	program     string
	data        []byte // JSON without < and >
}

func (d document) write(w io.Writer) error {
	scripts := "'none'"
	var program group
	if d.program != "" {
		scripts = hash(d.program)
		if d.data != nil {
			program = lines(el("script", attr("type", "application/json"), attr("id", "data"), markup.Source(d.data)))
		}
		program = append(program, lines(el("script", markup.Source(d.program)))...)
	}
	policy := strings.Join([]string{
		"default-src 'none'", "script-src " + scripts, "style-src " + hash(pageStyle), "base-uri 'none'", "form-action 'none'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
	meta := func(name, value string) content { return el("meta", attr("name", name), attr("content", value)) }
	return markup.WritePage(w, el("html", attr("lang", "en"), lines(
		el("head", lines(
			el("meta", attr("charset", "utf-8")), el("meta", attr("http-equiv", "Content-Security-Policy"), attr("content", policy)),
			meta("viewport", "width=device-width, initial-scale=1"), meta("color-scheme", "light dark"), meta("referrer", "no-referrer"), meta("robots", "noindex"),
			el("title", txt(d.title)), el("style", markup.Source(pageStyle))), markup.Line),
		el("body", lines(
			el("a", class("skip"), attr("href", "#main"), txt("Skip to the content")),
			el("header", class("top"), lines(el("div", class("top-bar"), lines(el("p", class("brand"), txt("warden"))), d.about, markup.Line)), markup.Line),
			el("main", attr("id", "main"), attr("tabindex", "-1"), d.main, markup.Line),
			el("footer", el("p", txt("Made by warden. It holds no secret, loads nothing and sends nothing; its only program is its own, which the policy in its head names by hash. It names everybody who can be attacked: keep it as you keep keys."))),
			el("div", attr("id", "say"), class("hide"), attr("role", "status"), attr("aria-live", "polite"))), program, markup.Line)), markup.Line))
}

// hash names a text as a Content-Security-Policy does.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
