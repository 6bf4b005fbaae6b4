package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

// tester is testing.T, and rapid's.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// shape is what a browser's parser makes of a page: its elements and their
// attributes as they are nested, without texts and values. Attributes whose
// values decide what an element does are there with them.
func shape(t tester, page string, programs bool) []string {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(programs))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch c.Type {
			case html.ElementNode:
				line := fmt.Sprintf("%d %s:%s", depth, c.Namespace, c.Data)
				for _, a := range c.Attr {
					line += " " + a.Namespace + ":" + a.Key
					switch a.Key {
					case "id", "class", "type", "http-equiv", "content":
						line += "=" + a.Val
					case "href":
						line += "=" + a.Val[:1]
					}
				}
				out = append(out, line)
			case html.TextNode:
				if n.Data == "script" || n.Data == "style" {
					out = append(out, fmt.Sprintf("%d text of %s", depth, n.Data))
				}
			case html.CommentNode, html.DoctypeNode:
				out = append(out, fmt.Sprintf("%d type %d", depth, c.Type))
			}
			walk(c, depth+1)
		}
	}
	walk(doc, 0)
	return out
}

// sameShape compares a page of some names with the page of harmless ones.
func sameShape(t tester, name, page, harmless string) {
	t.Helper()
	for _, programs := range []bool{true, false} {
		got, want := shape(t, page, programs), shape(t, harmless, programs)
		if slices.Equal(got, want) {
			continue
		}
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%.60q, programs %v: at %d of %d and %d: %q, want %q", name, programs, at, len(got), len(want), got[at:min(at+3, len(got))], want[at:min(at+3, len(want))])
	}
}

// fill puts a text into every string of a value, two elements into every list.
func fill(v reflect.Value, n string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(now))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	}
}

// everywhere is a report in which every string is a text, in findings of every
// status and severity, and what changed.
func everywhere(n string) (*audit.Report, report.Options) {
	n = "a " + n + " z"
	r := new(audit.Report)
	fill(reflect.ValueOf(r).Elem(), n)
	r.Findings = nil
	for i, status := range []finding.Status{finding.Fail, finding.Fail, finding.Unknown, finding.Unknown, finding.Manual, finding.Pass, finding.NotApplicable} {
		for severity := finding.Info; severity <= finding.Critical; severity++ {
			f := finding.Finding{}
			fill(reflect.ValueOf(&f).Elem(), n)
			f.Status, f.Severity, f.Control = status, severity, fmt.Sprint(n, i)
			for j := range f.References {
				f.References[j].Version, f.References[j].Status = []string{"1.2.0", "7.0.0"}[j], status
			}
			if i > 0 {
				f.Exempt = nil
			}
			r.Findings = append(r.Findings, f)
		}
	}
	d := &audit.Diff{New: r.Findings[:2], Gone: r.Findings[3:5], Changed: []audit.Change{{Before: r.Findings[6], After: r.Findings[7]}}}
	return r, report.Options{Since: d, Evidence: ann(), Index: "./index.html"}
}

var ann = sync.OnceValue(func() *audit.Evidence { return planted("ann") })

func pagesOf(t tester, n string) (page, index string) {
	t.Helper()
	r, o := everywhere(n)
	var b bytes.Buffer
	if err := report.Write(&b, report.HTML, r, o); err != nil {
		t.Fatal(err)
	}
	page = b.String()
	_, data, _ := strings.Cut(page, `id="data">`)
	data, _, _ = strings.Cut(data, "</script>")
	if strings.ContainsAny(data, "<>") || !json.Valid([]byte(data)) {
		t.Errorf("%.60q: markup in the data", n)
	}
	b.Reset()
	e := report.NewEntry(r, o)
	e.Name, e.Link, e.Stale = "a "+n, "./page.html", "a "+n
	if err := report.WriteIndex(&b, []*report.Entry{e, report.NewEntry(r, o)}, []report.NotAudited{{Account: n, Name: n, Reason: n}}); err != nil {
		t.Fatal(err)
	}
	return page, b.String()
}

// inventoryOf is the page of the inventory of two accounts.
func inventoryOf(t tester, n string) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Inventory(&b, report.HTML, slices.Concat(planted(n).Inventory(), planted(n+n).Inventory()), report.Options{Evidence: planted(n)}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The tree that a browser builds is the same whatever the texts are: in a page
// and an index with the text in every field, and in the page of an account in
// which every name is the text.
func TestHTMLHasTheSameShape(t *testing.T) {
	t.Parallel()
	page, index := pagesOf(t, "ann")
	whole := pageOf(t, planted("ann"), "ann")
	for _, want := range []string{"accepted until", "Since the baseline: ", "such as", "all accounts", "<em>"} {
		if !strings.Contains(page+whole, want) {
			t.Errorf("the page has no %q: not everything is filled", want)
		}
	}
	if slices.Equal(shape(t, page, true), shape(t, strings.Replace(page, "<bdi>a ann z", "<bdi><b>ann</b>", 1), true)) {
		t.Fatal("an element more is not seen")
	}
	inventory := inventoryOf(t, "ann")
	for _, n := range hostile {
		sameShape(t, n, pageOf(t, planted(n), n), whole)
		sameShape(t, n, inventoryOf(t, n), inventory)
	}
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile), rapid.StringOfN(rapid.SampledFrom([]rune("<>&\"'/!-=` \n\r\t\x00\u202espcrity:;]#xa")), 1, 30, -1))
	rapid.Check(t, func(t *rapid.T) {
		n := texts.Draw(t, "text")
		p, i := pagesOf(t, n)
		sameShape(t, n, p, page)
		sameShape(t, n, i, index)
	})
}

func FuzzHTMLHasTheSameShape(f *testing.F) {
	for _, n := range hostile {
		f.Add(n)
	}
	page, index := pagesOf(f, "ann")
	f.Fuzz(func(t *testing.T, n string) {
		p, i := pagesOf(t, n)
		sameShape(t, n, p, page)
		sameShape(t, n, i, index)
	})
}
