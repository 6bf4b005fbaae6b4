package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Selection says which controls are asked and under which benchmark they are
// reported. The zero value is every control under every version.
type Selection struct {
	// Version of CIS; "" for all of them and warden's own controls.
	Version string
	// Only keeps the controls with these ids; empty for all.
	Only []string
}

// ParseSelection reads what people write: "all", "cis", "cis-7.0", "cis-aws-7.0.0".
// A version may be short ("7.0" or "7"); "cis" is the newest. controls are ids
// of controls.
func ParseSelection(benchmark string, controls []string) (Selection, error) {
	for _, id := range controls {
		if Find(id) == nil {
			return Selection{}, fmt.Errorf("there is no control %q", id)
		}
	}
	s, err := parseBenchmark(benchmark)
	s.Only = controls
	if err != nil {
		return s, err
	}
	// One that is not asked would look like one that passed.
	for _, id := range controls {
		if s.Version != "" && len(s.of(Find(id))) == 0 {
			return s, fmt.Errorf("control %q: %s does not ask it", id, s)
		}
	}
	return s, nil
}

func parseBenchmark(benchmark string) (Selection, error) {
	var s Selection
	text := strings.ToLower(benchmark)
	if text == "" || text == "all" {
		return s, nil
	}
	versions := Versions()
	rest, ok := strings.CutPrefix(strings.Replace(text, CIS, "cis", 1), "cis")
	if !ok {
		return s, fmt.Errorf("benchmark %q: want all, cis or cis-VERSION (%s)", benchmark, strings.Join(versions, ", "))
	}
	if rest == "" {
		s.Version = versions[len(versions)-1]
		return s, nil
	}
	wanted := strings.TrimPrefix(strings.TrimPrefix(rest, "-"), "v")
	for _, v := range versions {
		if v == wanted || wanted != "" && strings.HasPrefix(v, wanted+".") {
			if s.Version != "" {
				return s, fmt.Errorf("benchmark %q: %s or %s?", benchmark, s.Version, v)
			}
			s.Version = v
		}
	}
	if s.Version == "" {
		return s, fmt.Errorf("benchmark %q: the versions are %s", benchmark, strings.Join(versions, ", "))
	}
	return s, nil
}

// String names the selection as reports do.
func (s Selection) String() string {
	if s.Version == "" {
		return "all"
	}
	return CIS + "-" + s.Version
}

// Controls returns the controls that the selection asks.
func (s Selection) Controls() []*Control {
	var out []*Control
	for _, c := range All() {
		if (len(s.Only) == 0 || slices.Contains(s.Only, c.ID)) && (s.Version == "" || len(s.of(c)) > 0) {
			out = append(out, c)
		}
	}
	return out
}

// of returns the mappings of a control that the selection reports.
func (s Selection) of(c *Control) []Mapping {
	if s.Version == "" {
		return c.Maps
	}
	var out []Mapping
	for _, m := range c.Maps {
		if m.Version == s.Version {
			out = append(out, m)
		}
	}
	return out
}

// Actions returns the calls that read what the selection needs, sorted.
func (s Selection) Actions() []string {
	var out []string
	for _, c := range s.Controls() {
		out = append(out, c.Actions...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
