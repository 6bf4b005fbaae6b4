package escalation

import (
	"testing"

	"warden/policy/catalog"
)

// TestNeedsAreKnown holds the needs against the catalogue of AWS's actions.
func TestNeedsAreKnown(t *testing.T) {
	t.Parallel()
	s := &search{}
	for _, p := range Catalogue() {
		for _, n := range p.Needs {
			if catalog.Lookup(n.Action) == nil {
				t.Errorf("%s needs %s, which no service has", p.ID, n.Action)
			}
			if n.On == Something {
				t.Log(p.ID, n.Action, s.form(n))
			}
		}
	}
}
