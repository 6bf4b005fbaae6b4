// Package markup makes HTML and SVG out of elements. Names in an account are
// chosen by whoever may create users: a text given to it can become nothing but
// text, and what could run, load or lead elsewhere is not written at all.
//
// Writing is golang.org/x/net/html's. The templates of the standard library
// look methods up by name, and a program in which somebody does that keeps every
// exported method of every type (go.dev/src/cmd/link/internal/ld/deadcode.go;
// golang.org/issue/72895): with all clients of the AWS SDK among them, that
// doubled the Lambda functions.
package markup

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// Content is what an element is made of: an [Element], a [Text], an
// [Attribute], a [Source], or a [Group] of them. A nil one is nothing.
type Content interface{ in(parent *html.Node) }

// Text is text, whoever wrote it. It is written after [Clean].
type Text string

func (t Text) in(parent *html.Node) { appendText(parent, Clean(string(t))) }

// Number is a number as text.
func Number(n int) Text { return Text(strconv.Itoa(n)) }

// Source is the style or the program of a page, or its data as JSON in which <
// is escaped, as encoding/json does. It stands in an element style or script
// alone and is written as it is; what would end the element is refused.
type Source string

func (s Source) in(parent *html.Node) { appendText(parent, string(s)) }

// Line begins a new line of the markup, where readers see at most a space.
const Line line = "\n"

type line string

func (l line) in(parent *html.Node) { appendText(parent, string(l)) }

func appendText(parent *html.Node, s string) {
	if s != "" {
		parent.AppendChild(&html.Node{Type: html.TextNode, Data: s})
	}
}

// Attribute is a name and a value. The value may be anybody's text, and is
// written after [Clean]; of href only what [Write] says.
type Attribute struct{ Name, Value string }

func (a Attribute) in(parent *html.Node) {
	parent.Attr = append(parent.Attr, html.Attribute{Key: a.Name, Val: Clean(a.Value)})
}

// Attr returns an attribute.
func Attr(name, value string) Attribute { return Attribute{name, value} }

// Class returns the attribute class.
func Class(names string) Attribute { return Attribute{"class", names} }

// Group is several contents, one after the other.
type Group []Content

func (g Group) in(parent *html.Node) {
	for _, c := range g {
		if c != nil {
			c.in(parent)
		}
	}
}

// Lines puts each content on a line of its own.
func Lines(content ...Content) Group {
	var g Group
	for _, c := range content {
		if c != nil {
			g = append(g, Line, c)
		}
	}
	return g
}

// Element is an element of HTML or SVG with what is in it.
type Element struct{ node *html.Node }

// El makes an element. Attributes and children may stand in any order. An
// element stands at one place: it is a mistake, and panics, to use it twice.
func El(name string, content ...Content) *Element {
	e := &Element{&html.Node{Type: html.ElementNode, Data: name}}
	Group(content).in(e.node)
	return e
}

func (e *Element) in(parent *html.Node) {
	if e != nil {
		parent.AppendChild(e.node)
	}
}

// Write writes an element. It is an error, and nothing is written, when there
// is something in it that warden's pages have no use for: an element or an
// attribute that is not in the lists of this package, a link that is neither a
// place in the page (#…), a file beside it (./…) nor https, or a style or a
// program that does not end where it should.
func Write(w io.Writer, e *Element) error {
	return write(w, e.node)
}

// WritePage writes a page, whose element is html.
func WritePage(w io.Writer, page *Element) error {
	doc := &html.Node{Type: html.DocumentNode}
	doc.AppendChild(&html.Node{Type: html.DoctypeNode, Data: "html"})
	page.in(doc)
	return write(w, doc)
}

func write(w io.Writer, n *html.Node) error {
	if err := check(n, ""); err != nil {
		return fmt.Errorf("markup: %w", err)
	}
	var b bytes.Buffer
	if err := html.Render(&b, n); err != nil {
		return fmt.Errorf("markup: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}

// Clean replaces what a reader would obey and not see: control characters, and
// marks that turn the direction of a text.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
