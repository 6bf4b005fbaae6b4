package escalation

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"warden/account/authorize"
	"warden/internal/markup"
)

// pictureStyle is how a picture looks that stands alone.
const pictureStyle = `
  .escalation { background: #ffffff; font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #55606e; }
  .escalation rect { fill: #ffffff; stroke: #8a94a3; }
  .escalation text { fill: #1c2430; }
  .escalation .how { fill: #55606e; font-size: 11px; }
  .escalation path.line { fill: none; stroke: #8a94a3; stroke-width: 1.5; }
  .escalation .unsure { stroke-dasharray: 5 4; }
  .escalation .administrator rect { fill: #fdecea; stroke: #b3261e; }
  .escalation .end rect { fill: #b3261e; stroke: #b3261e; }
  .escalation .end text { fill: #ffffff; }
  .escalation .rest rect { fill: none; stroke-dasharray: 2 3; }
  .escalation .stopped rect { stroke: #0b6e4f; stroke-width: 2; }
  .escalation path.stopped { stroke: #0b6e4f; }
`

// legible is the width up to which a page may shrink a picture to a large
// screen; a wider one is scrolled.
const legible = 1500

var el, attr = markup.El, markup.Attr

func number(name string, n int) markup.Content { return attr(name, strconv.Itoa(n)) }

// WriteSVG draws a picture as an image that stands alone.
func WriteSVG(w io.Writer, p Picture) error { return markup.Write(w, p.draw(true)) }

// Inline returns the picture as an element of an HTML page, which brings the
// style. Boxes of one principal are links to his [Place].
func (p Picture) Inline() *markup.Element { return p.draw(false) }

// Place is where in a page of warden a principal is, as a link: #who= and his
// ARN.
func Place(arn string) string { return "#who=" + url.PathEscape(markup.Clean(arn)) }

func (p Picture) draw(alone bool) *markup.Element {
	width, height := cmp.Or(p.Width, boxWidth), cmp.Or(p.Height, boxHeight)
	var caption []string
	foot := height + 18 // the base of the first line of the caption
	role := "group"
	if alone {
		caption, role = p.caption(), "img"
		width, height = max(width, 560), height+10+18*len(caption)
	}
	var parts markup.Group
	if alone {
		parts = append(parts, el("style", markup.Source(pictureStyle)))
	}
	parts = append(parts, el("defs", el("marker", attr("id", "head"), attr("viewBox", "0 0 8 8"), attr("refX", "6"), attr("refY", "4"), attr("markerWidth", "7"), attr("markerHeight", "7"), attr("orient", "auto"),
		el("path", attr("d", "M0 0L8 4L0 8z"), attr("fill", "currentColor")))))
	for _, l := range p.Lines {
		class := "line"
		if l.Sure != authorize.Allowed {
			class += " unsure"
		}
		parts = append(parts, el("path", markup.Class(class+stopped(l.Stopped)), attr("d", l.D), attr("marker-end", "url(#head)")))
	}
	for i := range p.Boxes {
		parts = append(parts, p.Boxes[i].draw(alone))
	}
	for i, line := range caption {
		parts = append(parts, el("text", markup.Class("how"), number("x", 8), number("y", foot+18*i), markup.Text(line)))
	}
	look := "escalation"
	if width > legible {
		look += " wide"
	}
	return el("svg", attr("xmlns", "http://www.w3.org/2000/svg"), markup.Class(look), number("width", width), number("height", height), attr("viewBox", fmt.Sprintf("0 0 %d %d", width, height)), attr("role", role),
		attr("aria-label", fmt.Sprintf("Who can become an administrator: %d of %d principals drawn", p.Shown, p.Ways)), markup.Lines(parts...), markup.Line)
}

func stopped(is bool) string {
	if is {
		return " stopped"
	}
	return ""
}

// draw draws a box: who is in it, and by what he goes on.
func (b *Box) draw(alone bool) markup.Content {
	var inside markup.Group
	if len(b.Principals) > 0 {
		inside = append(inside, el("title", markup.Text(names(b.Principals)+": "+b.How)))
	}
	inside = append(inside, el("rect", number("x", b.X), number("y", b.Y), number("width", b.Width), number("height", b.Height), number("rx", 5)),
		el("svg", number("x", b.X+10), number("y", b.Y), number("width", b.Width-14), number("height", b.Height),
			el("text", number("x", 0), number("y", 16), markup.Text(fit(34, b.Name))), el("text", markup.Class("how"), number("x", 0), number("y", 30), markup.Text(fit(35, b.How)))))
	class := markup.Class(b.Kind + stopped(b.Stopped))
	if len(b.Principals) == 1 && !alone {
		return el("g", class, el("a", attr("href", Place(b.Principals[0].ARN)), inside))
	}
	return el("g", class, inside)
}

// caption says what the lines mean.
func (p Picture) caption() []string {
	out := []string{fmt.Sprintf("%d of %d who can become an administrator are drawn; a broken line depends on what is not known.", p.Shown, p.Ways)}
	if p.Ways == 0 {
		out = []string{"Nobody is known who could become an administrator."}
	}
	if p.Cut != nil {
		out = append(out, fmt.Sprintf("Green: %d stopped without %s", len(p.Cut.Stopped), p.Cut.Statement))
	}
	return out
}

// names are who is in a box, for the text that a pointer brings up.
func names(list []*authorize.Principal) string {
	const most = 20
	var out []string
	for _, x := range list[:min(most, len(list))] {
		out = append(out, fit(60, x.String()))
	}
	if len(list) > most {
		out = append(out, fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(out, ", ")
}

// fit cuts a text to so many columns, wide letters taking two.
func fit(columns int, s string) string {
	used := 0
	s = markup.Clean(s)
	for i, r := range s {
		n := 1
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n = 2
		}
		if used+n > columns-1 && i+len(string(r)) < len(s) {
			return s[:i] + "…"
		}
		used += n
	}
	return s
}
