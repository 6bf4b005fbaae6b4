package markup

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	page := El("html", Attr("lang", "en"), El("body",
		Lines(El("p", Class("lead"), Text(`<b>"it's"</b> & more`), Text("")), nil, El("a", Attr("href", "#who=x%2Fy"), Attr("aria-label", "\"><script>"), Number(7))),
		El("svg", Attr("viewBox", "0 0 9 9"), El("rect", Attr("x", "1")), El("style", Source(`.a{font:"x"}`))),
		El("script", Attr("type", "application/json"), Source(`{"a":"\u003c"}`)), Line))
	var b bytes.Buffer
	if err := WritePage(&b, page); err != nil {
		t.Fatal(err)
	}
	const want = `<!DOCTYPE html><html lang="en"><body>
<p class="lead">&lt;b&gt;&#34;it&#39;s&#34;&lt;/b&gt; &amp; more</p>
<a href="#who=x%2Fy" aria-label="&#34;&gt;&lt;script&gt;">7</a><svg viewBox="0 0 9 9"><rect x="1"></rect><style>.a{font:&#34;x&#34;}</style></svg>` +
		`<script type="application/json">{"a":"\u003c"}</script>
</body></html>
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// What could run, load or lead elsewhere is refused, and nothing is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*Element{
		"an element <img>":                    El("div", El("img")),
		"an element <iframe>":                 El("iframe"),
		"an element <foreignObject>":          El("svg", El("foreignObject")),
		"an element <script>":                 El("svg", El("script")),
		"an element <div>":                    El("svg", El("div")),
		"no use for such":                     El("p", Attr("onclick", "x()")),
		"<p style=":                           El("p", Attr("style", "x")),
		"<p data-x=onload=":                   El("p", Attr("data-x=onload", "x")),
		"src=":                                El("script", Attr("src", "x")),
		"the attribute id twice":              El("p", Attr("id", "a"), Attr("id", "b")),
		"want #…, ./… or https://…":           El("a", Attr("href", "javascript:x()")),
		`<a href="//host/">`:                  El("a", Attr("href", "//host/")),
		`<a href="#a b">`:                     El("a", Attr("href", "#a b")),
		`<a href="#\"x">`:                     El("a", Attr("href", `#"x`)),
		`<a href="http://host/">`:             El("a", Attr("href", "http://host/")),
		"want url(#…)":                        El("svg", El("path", Attr("marker-end", "url(https://host/)"))),
		"want Content-Security-Policy":        El("meta", Attr("http-equiv", "refresh"), Attr("content", "0;url=https://host/")),
		"</ScRipt in <script>":                El("script", Source(`"</ScRipt>"`)),
		"<!-- in <script>":                    El("script", Source(`"<!--"`)),
		"</style in <style>":                  El("style", Source("</style>")),
		"text in <noscript>":                  El("noscript", Text("<p>")),
		"void element <meta> has child nodes": El("meta", Text("x")),
		"an element <plaintext>":              El("plaintext", Text("x")),
		"an element <p><script>x()</script>":  El("p><script>x()</script"),
		"<a href=\"https://host/�x\">":        El("a", Attr("href", "https://host/\tx")),
	} {
		var b bytes.Buffer
		if err := Write(&b, e); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%v, want %s; written: %s", err, want, b.String())
		}
	}
}

// Whatever the texts are, a browser's parser reads back the elements, the
// attributes and the texts that were written, and no others.
func TestParsersReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, readBack)
}

func FuzzParsersReadWhatWasWritten(f *testing.F) { f.Fuzz(rapid.MakeFuzz(readBack)) }

func readBack(t *rapid.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("<>&\"'/!-=` \n\r\t\x00\u202espcrity:;]#x")), 0, 24, -1), rapid.SampledFrom([]string{
		"</script>", "</title>", "</noscript>", "<!--", "-->", "]]>", "<![CDATA[", "&lt;", "&#x3c;", "&amp", "<svg onload=x()>", "\xff\xfe<", "</bdi></p>", "<style>", "{{.}}"}))
	text := func() string { return texts.Draw(t, "text") }
	var want []string // what is read in the end
	element := func(name string, content func() Group) *Element {
		value := text()
		want = append(want, name+" aria-label="+Clean(value))
		return El(name, Attr("aria-label", value), content())
	}
	word := func() Content {
		s := text()
		if s != "" {
			want = append(want, Clean(s))
		}
		return Text(s)
	}
	inner := func() Group { return Group{word()} }
	block := func() *Element {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return element("p", func() Group { return Group{word(), element("bdi", inner)} })
		case 1:
			return element("svg", func() Group {
				return Group{element("title", inner), element("a", func() Group { return Group{element("text", inner)} })}
			})
		case 2:
			return element("table", func() Group {
				want = append(want, "tbody")
				return Group{El("tbody", element("tr", func() Group { return Group{element("td", inner)} }))}
			})
		default:
			data, err := json.Marshal(text())
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, "script", string(data))
			return El("script", Attr("type", "application/json"), Source(data))
		}
	}
	head := element("title", inner)
	want = append(want, "noscript")
	static := El("noscript", block())
	var body Group
	for range rapid.IntRange(0, 4).Draw(t, "blocks") {
		body = append(body, block())
	}
	var b bytes.Buffer
	if err := WritePage(&b, El("html", El("head", head), El("body", static, body))); err != nil {
		t.Fatal(err)
	}
	doc, err := html.ParseWithOptions(&b, html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Data == "\n" && n.Parent.Data == "body": // the end of the file
		case n.Type == html.TextNode:
			got = append(got, n.Data)
		case n.Type == html.ElementNode && n.Data != "html" && n.Data != "head" && n.Data != "body":
			line := n.Data
			for _, a := range n.Attr {
				if a.Key != "type" {
					line += " " + a.Key + "=" + a.Val
				}
			}
			got = append(got, line)
		case n.Type == html.CommentNode:
			t.Errorf("a comment: %s", n.Data)
		}
	}
	if strings.Join(got, "\x01") != strings.Join(want, "\x01") {
		t.Errorf("read\n%q\nwant\n%q", got, want)
	}
}
