package architecture

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var tree = sync.OnceValues(func() (*Tree, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	return Load(root)
})

func load(t *testing.T) *Tree {
	t.Helper()
	tr, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	for _, v := range load(t).CheckLayers(rooms) {
		t.Error(v)
	}
}

func TestEveryCallHasADoor(t *testing.T) {
	t.Parallel()
	for _, v := range load(t).CheckDoors(doors) {
		t.Error(v)
	}
}

func TestRoomsHaveReasons(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rooms {
		if r.Why == "" {
			t.Errorf("room %s has no reason", r.Path)
		}
		if seen[r.Path] {
			t.Errorf("room %s stands twice in the table", r.Path)
		}
		seen[r.Path] = true
		for _, o := range r.Only {
			if find(rooms, o) == nil {
				t.Errorf("room %s may import %s, which is no room", r.Path, o)
			}
		}
	}
}

// The broken tree is a module of its own with a stub of the SDK. Each kind of
// breach stands in it once, marked by a comment with the text that must be
// reported for that line; nothing else may be reported.
func TestBreachesAreSeen(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("testdata/broken")
	if err != nil {
		t.Fatal(err)
	}
	tr, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	brokenRooms := []Room{
		{Path: "policy", Level: 0, Pure: true, Why: "w"},
		{Path: "guard", Level: 4, Pure: true, Why: "w"},
		{Path: "report", Level: 5, Why: "w"},
		{Path: "change/apply", Level: 6, SDK: true, Why: "w"},
		{Path: "respond", Level: 7, SDK: true, Why: "w"},
		{Path: "twin", Level: 7, Only: []string{"policy"}, Why: "w"},
	}
	brokenDoors := []Door{
		{Package: "change/apply", Service: "iam", Operations: []string{"CreateUser", "DeleteUser"}, Why: "w"},
		{Package: "respond", Files: "demo*.go", Service: "iam", Operations: []string{"CreateUser"}, Why: "w", Staged: true},
		{Package: "respond", Service: "iam", Operations: []string{"ListUsers"}, Why: "w"},
		{Package: "guard", Service: "iam", Operations: []string{"TagUser"}, Why: "w"},
		{Package: "twin", Service: "sqs", Staged: true, Why: "w"},
	}
	got := slices.Concat(tr.CheckLayers(brokenRooms), tr.CheckDoors(brokenDoors))
	var table []string
	places := map[string]string{}
	for _, v := range got {
		if v.Place == "table of doors" || strings.HasPrefix(v.Place, Module) {
			table = append(table, v.String())
			continue
		}
		places[v.Place] += v.Text + "\n"
	}
	want := tr.wanted()
	for place, text := range want {
		if !strings.Contains(places[place], text) {
			t.Errorf("%s: not reported: %q; got %q", place, text, places[place])
		}
		delete(places, place)
	}
	for place, text := range places {
		t.Errorf("%s: reported for nothing: %s", place, text)
	}
	wantTable := []string{
		"warden/stray: is in no room: add it to the table of rooms with its reason",
		"table of doors: change/apply  has a door to iam:DeleteUser and does not use it",
		"table of doors: guard  has a door to iam:TagUser and does not use it",
		"table of doors: guard may call iam:TagUser, which changes identities or guardrails: only change/apply does",
		"table of doors: twin  is no place that only ever reaches an emulator",
	}
	if diff := cmp.Diff(wantTable, table); diff != "" {
		t.Errorf("about the tables (-want +got):\n%s", diff)
	}
	if len(want) < 10 {
		t.Errorf("the broken tree marks %d breaches: some are gone", len(want))
	}
}

// wanted collects the comments "// want: TEXT" by the line they stand on.
func (t *Tree) wanted() map[string]string {
	want := map[string]string{}
	for _, p := range t.packages {
		for _, file := range p.Syntax {
			for _, group := range file.Comments {
				for _, c := range group.List {
					if text, ok := strings.CutPrefix(c.Text, "// want: "); ok {
						want[t.place(c.Pos())] = text
					}
				}
			}
		}
	}
	return want
}
