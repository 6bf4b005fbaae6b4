package cases_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"warden/policy"
	"warden/policy/cases"
)

// transformations change a case in ways that AWS ignores.
var transformations = []struct {
	name  string
	apply func(tb testing.TB, r *rand.Rand, c *cases.Case)
}{
	{"statements in another order", func(tb testing.TB, r *rand.Rand, c *cases.Case) {
		rewrite(tb, c, func(d *policy.Document) []*policy.Document {
			r.Shuffle(len(d.Statements), func(i, j int) { d.Statements[i], d.Statements[j] = d.Statements[j], d.Statements[i] })
			return []*policy.Document{d}
		})
	}},
	{"each policy split in two", func(tb testing.TB, r *rand.Rand, c *cases.Case) {
		rewrite(tb, c, func(d *policy.Document) []*policy.Document {
			at := r.IntN(len(d.Statements) + 1)
			other := &policy.Document{Name: d.Name, Version: d.Version, Statements: d.Statements[at:]}
			return []*policy.Document{{Name: d.Name, Version: d.Version, Statements: d.Statements[:at]}, other}
		})
	}},
	{"case of actions, condition keys and operators", func(tb testing.TB, r *rand.Rand, c *cases.Case) {
		c.Request.Action = swapCase(r, c.Request.Action)
		rewrite(tb, c, func(d *policy.Document) []*policy.Document {
			for i := range d.Statements {
				s := &d.Statements[i]
				for _, list := range [][]string{s.Actions, s.NotActions} {
					for j := range list {
						list[j] = swapCase(r, list[j])
					}
				}
				for j := range s.Conditions {
					s.Conditions[j].Key = swapCase(r, s.Conditions[j].Key)
					s.Conditions[j].Operator = swapCase(r, s.Conditions[j].Operator)
				}
			}
			return []*policy.Document{d}
		})
	}},
	{"values in another order, and twice", func(tb testing.TB, r *rand.Rand, c *cases.Case) {
		rewrite(tb, c, func(d *policy.Document) []*policy.Document {
			for i := range d.Statements {
				s := &d.Statements[i]
				lists := []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources}
				for j := range s.Conditions {
					lists = append(lists, &s.Conditions[j].Values)
				}
				for _, list := range lists {
					r.Shuffle(len(*list), func(i, j int) { (*list)[i], (*list)[j] = (*list)[j], (*list)[i] })
					*list = append(*list, *list...)
				}
			}
			return []*policy.Document{d}
		})
	}},
	{"policies in another order", func(_ testing.TB, r *rand.Rand, c *cases.Case) {
		p := &c.Policies
		for _, list := range [][]*policy.Document{p.Identity, p.Group, p.Boundary, p.Session, p.Endpoint} {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		slices.Reverse(p.SCPs)
		slices.Reverse(p.RCPs)
	}},
}

// TestMetamorphic: what AWS ignores does not change a decision.
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	for _, tr := range transformations {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			for i, c := range load(t, "decisions.jsonl.gz") {
				if i%10 != 0 {
					continue
				}
				tr.apply(t, r, c)
				if got := policy.Decide(&c.Request, &c.Policies); got != c.Expected {
					t.Errorf("%s: got %v, want %v", c.ID, got, c.Expected)
				}
			}
		})
	}
}

// rewrite replaces every policy by what change makes of a copy of it.
func rewrite(tb testing.TB, c *cases.Case, change func(*policy.Document) []*policy.Document) {
	tb.Helper()
	list := func(docs []*policy.Document) []*policy.Document {
		var out []*policy.Document
		for _, d := range docs {
			for _, changed := range change(reparse(tb, d)) {
				out = append(out, reparse(tb, changed))
			}
		}
		return out
	}
	p := &c.Policies
	p.Identity, p.Group, p.Boundary = list(p.Identity), list(p.Group), list(p.Boundary)
	p.Session, p.Endpoint = list(p.Session), list(p.Endpoint)
	for _, levels := range [][]policy.Level{p.SCPs, p.RCPs} {
		for i := range levels {
			levels[i].Policies = list(levels[i].Policies)
		}
	}
	if p.Resource != nil {
		if docs := list([]*policy.Document{p.Resource}); len(docs) == 1 {
			p.Resource = docs[0]
		}
	}
}

// reparse prints a document and parses it again.
func reparse(tb testing.TB, d *policy.Document) *policy.Document {
	tb.Helper()
	text, err := d.MarshalJSON()
	if err != nil {
		tb.Fatal(err)
	}
	again, err := policy.Parse(d.Name, text)
	if err != nil {
		tb.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return again
}

func swapCase(r *rand.Rand, s string) string {
	return strings.Map(func(c rune) rune {
		if r.IntN(2) == 0 {
			return c
		}
		if up := strings.ToUpper(string(c)); up != string(c) {
			return []rune(up)[0]
		}
		return []rune(strings.ToLower(string(c)))[0]
	}, s)
}
