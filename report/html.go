package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"warden/audit"
	"warden/audit/escalation"
	"warden/finding"
)

// The page is one file that asks for nothing: style, program and data stand in
// it, and its policy (Content-Security-Policy) allows these alone, by their
// hashes.
//
//go:embed html
var page embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"clean": clean,
	"plain": plain,
	"stamp": stamp,
	"word":  func(answer string) string { return longWords[answer] },
	"minus": func(a, b int) int { return a - b },
}).ParseFS(page, "html/page.html"))

// plain is text of the account as a page shows it, where it does not come out of
// a finding: without secrets, and without what a reader would obey.
func plain(s string) string { return clean(finding.Redact(s)) }

// longWords are how the page names the answers, as page.js does.
var longWords = map[string]string{
	string(finding.Fail): "failed", string(finding.Unknown): "unknown", string(finding.Manual): "by hand", string(finding.Pass): "passed",
	string(finding.NotApplicable): "not applicable", accepted: "accepted",
}

// htmlPage is what the template is given. Everything in it that comes from the
// account is text, which the template escapes.
type htmlPage struct {
	*audit.Report
	Style  template.CSS
	Code   template.JS
	Policy string
	Data   template.JS // JSON without < and >
	overview
	Known      bool // whether it is known who may do what
	Findings   bool // false for the inventory alone
	Picture    template.HTML
	Drawn      escalation.Picture
	Escalation escalation.Report
	Cuts       []escalation.Cut
	Lists      []staticList
}

// boxesDrawn is how many boxes a picture has that people can still read.
const boxesDrawn = 48

// cutsTried is how many statements are tried for the one that stops most.
const cutsTried = 5

func writeHTML(w io.Writer, r *audit.Report, o Options) error {
	p := htmlPage{Report: r, Findings: true, overview: summarize(r, o), Lists: staticLists(r, o)}
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
			var err error
			if p.Picture, err = p.Drawn.Inline(); err != nil {
				return fmt.Errorf("report: %w", err)
			}
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
	style, err := page.ReadFile("html/page.css")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	code, err := page.ReadFile("html/page.js")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	text, err := d.json()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p.Style, p.Code, p.Data = template.CSS(style), template.JS(code), template.JS(text)
	p.Policy = strings.Join([]string{
		"default-src 'none'", "script-src " + hash(code), "style-src " + hash(style), "base-uri 'none'", "form-action 'none'",
		"require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
	return pageTemplate.Execute(w, p)
}

// hash names a text as a Content-Security-Policy does.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
