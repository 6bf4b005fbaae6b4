package detect

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/detections.md anew")

// TestDocumentation keeps docs/detections.md in step with the list.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "detections.md")
	want := document()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v): go test ./guard/detect -run Documentation -update", path, err)
	}
}

// document renders the list as Markdown.
func document() []byte {
	var b bytes.Buffer
	list := All()
	fmt.Fprintf(&b, `# What the guard detects

<!-- Generated from guard/detect by: go test ./guard/detect -run Documentation -update -->

%d detections, each a file in `+"`guard/detect`"+` with events that must and must not match, which are its tests.
A detection says what happened. Whether the caller may do it is the guard's judgement:

- Every IAM call that writes is judged, and every STS call that issues credentials. One that no detection names matches `+"`iam.write`"+`.
- A call of another service, or a sign-in, is judged when a detection names it; from medium severity on, a caller who is no administrator is reported. Only calls that write to IAM lead to containment.
- A failed call counts as an attempt and is marked as such.

*Takes back* is what `+"`--undo-actions`"+` does about a successful call; what each way means, and when it waits for a person, is in [guard.md](guard.md#taking-back-what-he-did---undo-actions).
`+"`by-hand`"+`: nothing that warden could do takes it back, and the report says what a person has to do.
Shown on recorded real trails where these have the event, otherwise on records built after the AWS documentation.

| detection | what | severity | ATT&CK | events | takes back | with |
|---|---|---|---|---|---|---|
`, len(list))
	for _, d := range list {
		undo, actions := "", ""
		if d.Inverse != nil {
			var ways []string
			for _, w := range d.Inverse.Ways() {
				ways = append(ways, string(w))
			}
			undo, actions = code(ways), code(d.Inverse.Actions)
		}
		var events []string
		for _, c := range d.Events {
			events = append(events, strings.TrimSuffix(c.Source, ".amazonaws.com")+":"+c.Name)
		}
		which := code(events)
		if d.Events == nil {
			which = "every other IAM call that writes"
		} else if d.Match != nil {
			which += ", some"
		}
		fmt.Fprintf(&b, "| `%s` | **%s.** %s | %s | %s | %s | %s | %s |\n",
			d.ID, d.Title, d.Why, d.Severity, strings.Join(d.Techniques, ", "), which, undo, actions)
	}
	b.WriteString("\nATT&CK ids: MITRE ATT&CK for Enterprise. \"some\": the detection looks at more than the name of the call.\n")
	b.WriteString(`
## Compared with other people's rules

The unit tests of Panther's rules (panther-labs/panther-analysis, Apache-2.0) that are about one identity API call are run against
these detections one by one. The results agree but for these:

| rule | test | its result | ours | why |
|---|---|---|---|---|
`)
	for _, d := range differences {
		theirs, ours := "alert", "no detection"
		if d.ours {
			theirs, ours = "no alert", "detection"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", d.rule, d.test, theirs, ours, d.why)
	}
	b.WriteString("\nRules about identity calls that have no detection of their own here:\n\n| rule | why |\n|---|---|\n")
	for _, rule := range slices.Sorted(maps.Keys(apart)) {
		fmt.Fprintf(&b, "| %s | %s |\n", rule, apart[rule])
	}
	return b.Bytes()
}

func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}
