package audit_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"warden/audit"
	"warden/internal/fixture"
)

// TestCIS compares the table with a list of the recommendations that was made
// apart from it: each is asked by exactly one control, under its number and
// level, and with its threshold.
func TestCIS(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join(fixture.Shared(t), "data", "cis-controls.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ version, id string }
	asked := map[place]*audit.Control{}
	levels, thresholds := map[place]int{}, map[place]int{}
	for _, c := range audit.All() {
		for _, m := range c.Maps {
			p := place{m.Version, m.ID}
			if asked[p] != nil {
				t.Errorf("%v is asked by %s and %s", p, asked[p].ID, c.ID)
			}
			asked[p], levels[p], thresholds[p] = c, m.Level, m.Threshold
		}
	}
	byTitle := map[string]string{}
	var versions []string
	for _, r := range rows[1:] {
		p, title := place{r[1], r[2]}, r[3]
		if !slices.Contains(versions, p.version) {
			versions = append(versions, p.version)
		}
		c := asked[p]
		if c == nil {
			t.Errorf("nothing asks %v %s", p, title)
			continue
		}
		delete(asked, p)
		if was, ok := byTitle[title]; ok && was != c.ID {
			t.Errorf("%s is %s and %s", title, was, c.ID)
		}
		byTitle[title] = c.ID
		if strconv.Itoa(levels[p]) != r[4] {
			t.Errorf("%v: level %d, want %s", p, levels[p], r[4])
		}
		if c.ID == "credential.unused" && !strings.Contains(title, strconv.Itoa(thresholds[p])+" days") {
			t.Errorf("%v: threshold %d: %s", p, thresholds[p], title)
		}
		if c.Judge == nil && c.Manual == "" {
			t.Errorf("%s says neither yes nor how to check", c.ID)
		}
	}
	for p, c := range asked {
		t.Errorf("%s claims %v, which is not in the list", c.ID, p)
	}
	if !slices.Equal(versions, audit.Versions()) {
		t.Errorf("versions %v", audit.Versions())
	}
	if len(rows)-1 != 475 {
		t.Errorf("%d recommendations", len(rows)-1)
	}
}

// TestList keeps the list and the table together.
func TestList(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	mapped := 0
	for _, c := range audit.All() {
		if seen[c.ID] {
			t.Errorf("%s occurs twice", c.ID)
		}
		seen[c.ID] = true
		mapped += len(c.Maps)
		if c.Title == "" || c.Why == "" || c.Source == "" {
			t.Errorf("%s lacks a title, a reason or a source", c.ID)
		}
		if c.Judge != nil && len(c.Actions) == 0 {
			t.Errorf("%s names no calls", c.ID)
		}
	}
	if mapped != 475 {
		t.Errorf("%d recommendations are mapped: a row of the table has no control", mapped)
	}
}
