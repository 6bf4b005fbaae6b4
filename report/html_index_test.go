package report_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"warden/audit"
	"warden/finding"
	"warden/report"
)

// entries are three accounts: one in which much failed, one in which the same
// was not asked, one in which nothing failed.
func entries() []*report.Entry {
	const freight = "444455556666"
	e := planted("ann")
	first := report.NewEntry(audit.Run(e, audit.Selection{Only: []string{"account.contact", "key.age", "policy.full-admin", "root.keys", "user.mfa"}}), report.Options{Evidence: e})
	first.Name, first.Link = "halden-prod", "./111122223333.html"
	other := planted("bob")
	other.Account, other.Alias, other.Gaps = freight, "freight", nil
	r := audit.Run(other, audit.Selection{Only: []string{"key.age", "root.keys"}})
	second := report.NewEntry(r, report.Options{Evidence: other, Since: &audit.Diff{New: r.Findings[:1]}})
	second.Link = "./444455556666.html"
	quiet := *r
	quiet.CollectedAt = quiet.CollectedAt.AddDate(0, 0, -92)
	quiet.Account, quiet.Alias, quiet.Findings = "777788889999", "", slices.DeleteFunc(slices.Clone(r.Findings), func(f finding.Finding) bool { return f.Status != finding.Pass })
	return []*report.Entry{report.NewEntry(&quiet, report.Options{}), second, first}
}

// TestIndexGolden shows the page of many accounts, without its style and
// program.
func TestIndexGolden(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	missing := []report.NotAudited{{Account: "999988887777", Name: "lab", Reason: "AccessDenied: not authorized to perform: sts:AssumeRole"}}
	if err := report.WriteIndex(&b, entries(), missing); err != nil {
		t.Fatal(err)
	}
	text := program.ReplaceAllString(b.String(), "<!-- html/* -->")
	text = regexp.MustCompile(`sha256-[^&]*&#39;`).ReplaceAllString(text, "sha256-...&#39;")
	const path = "testdata/index.html"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s is stale (%v): go test ./report -run Golden -update", path, err)
	}
	// The worst stands first, and what is not known is not called good.
	var order []int
	for _, account := range []string{"111122223333.html", "444455556666.html", "777788889999"} {
		order = append(order, strings.Index(text, "<strong>"+account[:12]))
	}
	if !slices.IsSorted(order) || order[0] < 0 {
		t.Errorf("the accounts stand at %v", order)
	}
}

// Of no account at all there is an index, too: it says who could not be
// audited.
func TestIndexOfNone(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.WriteIndex(&b, nil, []report.NotAudited{{Account: "x.json", Reason: "it ends early"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>Audit of 1 account</title>", "No account could be audited.", "<bdi>x.json</bdi>", "<bdi>it ends early</bdi>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
	e := entries()[0]
	e.Link = "javascript:alert(1)"
	if err := report.WriteIndex(&b, []*report.Entry{e}, nil); err == nil {
		t.Error("a link that is none is written")
	}
}
