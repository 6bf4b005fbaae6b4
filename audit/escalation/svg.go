package escalation

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"warden/account/authorize"
)

//go:embed picture.svg
var pictureText string

// pictureTemplate escapes what it is given; SVG escapes as HTML does.
var pictureTemplate = template.Must(template.New("picture").Funcs(template.FuncMap{
	"fit":   fit,
	"names": names,
	"clean": clean,
	"plus":  func(a, b int) int { return a + b },
	"times": func(a, b int) int { return a * b },
}).Parse(pictureText))

// WriteSVG draws a picture as an image that stands alone.
func WriteSVG(w io.Writer, p Picture) error { return p.write(w, true) }

// Inline returns the picture as an element of an HTML page, which brings the
// style. Boxes of one principal are links to #who= and his ARN.
func (p Picture) Inline() (template.HTML, error) {
	var b bytes.Buffer
	if err := p.write(&b, false); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

func (p Picture) write(w io.Writer, alone bool) error {
	if p.Width == 0 {
		p.Width, p.Height = boxWidth, boxHeight
	}
	view := struct {
		Picture
		Alone   bool
		Caption []string
		Base    int // of the first line of the caption
	}{Picture: p, Alone: alone, Base: p.Height + 18}
	if alone {
		view.Caption = p.caption()
		view.Height += 10 + 18*len(view.Caption)
		view.Width = max(view.Width, 560)
	}
	return pictureTemplate.Execute(w, view)
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
	s = clean(s)
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

// clean replaces what is not to be seen, such as marks that turn the direction
// of a text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
