package lint

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/policy/catalog"
)

var update = flag.Bool("update", false, "write docs/lint.md")

// begin parts what people write in docs/lint.md from what this test does.
const begin = "<!-- Made from the checks by: go test ./policy/lint -run TestDocs -update. Changes below this line are lost. -->"

// TestDocs compares docs/lint.md with the checks.
func TestDocs(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "lint.md")
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := bytes.Cut(have, []byte(begin))
	if !ok {
		t.Fatalf("%s has no line %s", file, begin)
	}
	want := append(bytes.Clone(head), begin+"\n"+list()...)
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what the checks say: run go test ./policy/lint -run TestDocs -update", file)
	}
}

// list writes all checks as Markdown.
func list() string {
	var b strings.Builder
	o := catalog.Source()
	fmt.Fprintf(&b, "\n## Service data\n\n`%s` %s of %s, licence %s, %d services. `make catalog` fetches the pinned version again.\n",
		o.Package, o.Version, o.Date, o.Licence, len(catalog.Services()))
	fmt.Fprintf(&b, "\n## The %d checks\n\n| check | severity | policies | what it finds |\n|---|---|---|---|\n", len(checks))
	for _, c := range checks {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", c.ID, anchor(c.ID), c.Severity, c.Kinds, cell(c.Title))
	}
	for _, c := range checks {
		fmt.Fprintf(&b, "\n### %s\n\n%s (%s).\n\n%s\n\n*Fix*: %s\n\n*Source*: %s.\n", c.ID, c.Title, c.Severity, c.Why, c.Fix, c.Source)
		if len(c.Codes) > 0 {
			fmt.Fprintf(&b, "\n*ValidatePolicy*: %s.\n", strings.Join(c.Codes, ", "))
		}
		fmt.Fprintf(&b, "\n```json\n%s\n```\n", example(c.Match[0].Policy))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// anchor is how the heading of a check is linked to.
func anchor(id string) string { return strings.ReplaceAll(id, ".", "") }

// example shortens what only size makes interesting.
func example(s string) string {
	if len(s) > 700 {
		return s[:60] + " … " + s[len(s)-60:]
	}
	return s
}
