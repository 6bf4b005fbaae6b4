package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warden/policy/cases"
)

// The same seed gives the same cases, and package cases reads each.
func TestGenerate(t *testing.T) {
	t.Parallel()
	var a, b bytes.Buffer
	if err := run([]string{"generate", "-n", "500", "-seed", "7"}, &a); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"generate", "-n", "500", "-seed", "7"}, &b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("one seed gave two lists of cases")
	}
	seen := map[string]int{}
	for line := range strings.Lines(a.String()) {
		c, err := cases.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Expected.String()]++
	}
	for _, d := range []string{"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"} {
		if seen[d] < 25 {
			t.Errorf("of 500 cases %d are %s: %v", seen[d], d, seen)
		}
	}
}

// A difference in a case without a disputed feature is an error; one in a case
// with one is counted.
func TestCompare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text bytes.Buffer
	if err := generate(&text, 300, 3); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		flip  func(feature string) bool
		fails bool
	}{
		{"nothing differs", func(string) bool { return false }, false},
		{"what is disputed differs", func(feature string) bool { return feature != "" }, false},
		{"something else differs", func(feature string) bool { return feature == "" }, true},
	} {
		var answers bytes.Buffer
		for line := range strings.Lines(text.String()) {
			var q question
			if err := json.Unmarshal([]byte(line), &q); err != nil {
				t.Fatal(err)
			}
			decision := q.Expected
			if test.flip(q.Feature) {
				decision = map[bool]string{true: "ImplicitlyDenied", false: "Allowed"}[decision == "Allowed"]
			}
			fmt.Fprintf(&answers, `{"id":%q,"decision":%q}`+"\n", q.ID, decision)
		}
		fmt.Fprintln(&answers, `{"engine":"a test","perSecond":1000}`)
		questions, given := filepath.Join(dir, "q"), filepath.Join(dir, "a")
		for name, data := range map[string][]byte{questions: text.Bytes(), given: answers.Bytes()} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if err := compare(&out, questions, given); (err != nil) != test.fails {
			t.Errorf("%s: %v\n%s", test.name, err, out.String())
		}
	}
}
