package lint

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"warden/policy"
)

// run lints an example and returns the findings of one check, or all.
func run(t *testing.T, e Example, id string) []Finding {
	t.Helper()
	doc, err := policy.ParseStored("p.json", []byte(e.Policy))
	if err != nil {
		t.Fatalf("%v in %s", err, e.Policy)
	}
	found := Lint(doc, Options{Kind: e.Kind, Source: []byte(e.Policy)})
	if id == "" {
		return found
	}
	return slices.DeleteFunc(found, func(f Finding) bool { return f.Check != id })
}

// TestExamples runs the examples of every check.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, c := range Checks() {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if len(c.Match) == 0 || len(c.Pass) == 0 {
				t.Error("a check needs an example that it finds, and one that it passes")
			}
			for _, e := range c.Match {
				if len(run(t, e, c.ID)) == 0 {
					t.Errorf("not found in %s", e.Policy)
				}
			}
			for _, e := range c.Pass {
				for _, f := range run(t, e, c.ID) {
					t.Errorf("found in %s: %s", e.Policy, f.Message)
				}
			}
		})
	}
}

// TestChecks holds the list to its order, to the files, and to complete texts.
func TestChecks(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*$`)
	files := map[string]bool{}
	for i, c := range checks {
		if !id.MatchString(c.ID) {
			t.Errorf("bad id %q", c.ID)
		}
		if i > 0 && checks[i-1].ID >= c.ID {
			t.Errorf("%s is out of order, or twice", c.ID)
		}
		for name, text := range map[string]string{"Why": c.Why, "Fix": c.Fix, "Source": c.Source, "Title": c.Title} {
			if len(text) < 10 {
				t.Errorf("%s: %s is %q", c.ID, name, text)
			}
		}
		if strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Why, ".") || !strings.HasSuffix(c.Fix, ".") {
			t.Errorf("%s: a title has no full stop, Why and Fix have one", c.ID)
		}
		if Find(c.ID) != c {
			t.Errorf("Find(%s)", c.ID)
		}
		file := strings.NewReplacer(".", "_", "-", "_").Replace(c.ID) + ".go"
		files[file] = true
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), `"`+c.ID+`"`) {
			t.Errorf("%s is not in %s: %v", c.ID, file, err)
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if text, err := os.ReadFile(e.Name()); err == nil && strings.Contains(string(text), "= &Check{\n\tID:") && !files[e.Name()] && !strings.HasSuffix(e.Name(), "_test.go") {
			t.Errorf("the check in %s is not in the list", e.Name())
		}
	}
}
