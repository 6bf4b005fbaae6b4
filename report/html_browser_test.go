package report_test

import (
	"bytes"
	"context"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"warden/audit"
	"warden/report"
)

// browser finds a Chromium, and writes a page for it to open. The returned
// function opens the page at a place (#…) and gives what its program made of
// it. Without a browser the test is skipped: TestHTMLHasTheSameShape holds the
// pages to the same without one.
func browser(t *testing.T, page string) (open func(at string) string) {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no chromium")
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(at string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		dom, err := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
			"--user-data-dir="+t.TempDir(), "--virtual-time-budget=2000", "--dump-dom", "file://"+file+at).Output()
		if err != nil {
			t.Skipf("%s does not run here: %v", program, err)
		}
		return string(dom)
	}
}

// harmless says what of a page ran or became an element that should not.
func harmless(t *testing.T, at, dom string) {
	t.Helper()
	root, _, _ := strings.Cut(dom, "<head>")
	if strings.Contains(root, "data-ran") {
		t.Errorf("%s: a name ran", at)
	}
	head, _, _ := strings.Cut(program.ReplaceAllString(dom, ""), "<noscript>")
	for _, bad := range []string{"<img", "<iframe", "<svg onload"} {
		if strings.Contains(head, bad) {
			t.Errorf("%s: %s", at, bad)
		}
	}
}

// everybody is one account that has all hostile names.
func everybody() *audit.Evidence {
	e := planted(hostile[0])
	for _, n := range hostile[1:] {
		other := planted(n)
		e.Users, e.Roles, e.Groups, e.Policies = append(e.Users, other.Users...), append(e.Roles, other.Roles...), append(e.Groups, other.Groups...), append(e.Policies, other.Policies...)
		e.Gaps, e.Regions = append(e.Gaps, other.Gaps...), append(e.Regions, other.Regions...)
	}
	return e
}

// TestHTMLInBrowser lets a browser run the page of hostile names, where there
// is one: its own program runs, and nothing that a name says.
func TestHTMLInBrowser(t *testing.T) {
	t.Parallel()
	open := browser(t, pageOf(t, everybody(), hostile[0]))
	for at, shows := range map[string]string{
		"":                     `<a href="#inventory" data-view="inventory">`,
		"#findings?status=all": `1–100 of `,
		"#who=" + url.PathEscape("arn:aws:iam::"+account+":user/"+hostile[1]): "<bdi>&lt;img src=x onerror=" + run + "&gt;</bdi></h1>",
	} {
		dom := open(at)
		harmless(t, at, dom)
		if !strings.Contains(dom, `<body data-view="`) {
			t.Errorf("%s: the page's own program did not run: %.300s", at, dom)
		}
		if !strings.Contains(dom, shows) {
			t.Errorf("%s: no %s", at, shows)
		}
	}
}

func TestIndexInBrowser(t *testing.T) {
	t.Parallel()
	var list []*report.Entry
	var missing []report.NotAudited
	for _, n := range hostile {
		e := planted(n)
		x := report.NewEntry(audit.Run(e, audit.Selection{Only: []string{"key.age", "principal.escalation"}}), report.Options{Evidence: e})
		x.Name, x.Link = n, "./x.html"
		list, missing = append(list, x), append(missing, report.NotAudited{Account: n, Name: n, Reason: n})
	}
	var b bytes.Buffer
	if err := report.WriteIndex(&b, list, missing); err != nil {
		t.Fatal(err)
	}
	dom := browser(t, b.String())("")
	harmless(t, "index", dom)
	if !strings.Contains(dom, `<input type="search" placeholder="Search accounts`) {
		t.Errorf("the index's own program did not run: %.3000s", dom)
	}
}

// Numbers of CIS are found: the findings of all questions that a version, a
// number or both name, and no others.
func TestSearchForNumbersInBrowser(t *testing.T) {
	t.Parallel()
	e := planted("ann")
	r := audit.Run(e, audit.Selection{})
	var b bytes.Buffer
	if err := report.Write(&b, report.HTML, r, report.Options{}); err != nil {
		t.Fatal(err)
	}
	open := browser(t, b.String())
	code := regexp.MustCompile(`<td class=""?><code>([a-z0-9.-]+)</code>`)
	for at, is := range map[string]func(version, number string) bool{
		"q=1.12":            func(_, n string) bool { return n == "1.12" },
		"q=cis 5.0 1.9":     func(v, n string) bool { return v == "5.0.0" && n == "1.9" },
		"q=1.9&version=5.0": func(v, n string) bool { return v == "5.0.0" && n == "1.9" },
		"q=CIS-7.0.0 2.":    func(v, n string) bool { return v == "7.0.0" && strings.HasPrefix(n, "2.") },
		"q=4.0.1":           func(v, _ string) bool { return v == "4.0.1" },
		"q=10.0.0.1":        func(string, string) bool { return false },
	} {
		want := map[string]bool{}
		for i := range r.Findings {
			for _, ref := range r.Findings[i].References {
				if is(ref.Version, ref.ID) {
					want[r.Findings[i].Control] = true
				}
			}
		}
		if len(want) == 0 != (at == "q=10.0.0.1") {
			t.Errorf("%s: the report has %d such questions", at, len(want))
		}
		dom := open("#findings?status=all&" + strings.ReplaceAll(at, " ", "%20"))
		_, table, _ := strings.Cut(dom, `<table class="grid findings"`)
		table, _, _ = strings.Cut(table, "</table>")
		got := map[string]bool{}
		for _, m := range code.FindAllStringSubmatch(table, -1) {
			got[m[1]] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %q, want %q", at, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}
