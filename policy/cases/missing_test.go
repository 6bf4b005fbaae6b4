package cases_test

import (
	"maps"
	"slices"
	"testing"

	"warden/policy"
)

// TestMissingIsComplete: where leaving out a context key changes a decision
// between Allowed and a denial, the result names that key.
func TestMissingIsComplete(t *testing.T) {
	t.Parallel()
	changed, tries := 0, 0
	for i, c := range load(t, "decisions.jsonl.gz") {
		if i%4 != 0 {
			continue
		}
		for key := range c.Request.Context {
			less := c.Request
			less.Context = maps.Clone(c.Request.Context)
			delete(less.Context, key)
			tries++
			got := policy.Evaluate(less, c.Policies)
			if (got.Decision == policy.Allowed) == (c.Expected == policy.Allowed) {
				continue
			}
			changed++
			if !slices.Contains(got.Missing, key) {
				t.Errorf("%s without %s: %v instead of %v, missing %v", c.ID, key, got.Decision, c.Expected, got.Missing)
			}
		}
	}
	if changed < 100 {
		t.Errorf("only %d of %d tries changed the decision", changed, tries)
	}
}

// TestNearMissesAreTrue: where the request is changed so that the conditions
// named by a near miss turn, it is allowed; here for keys that can simply be
// taken away.
func TestNearMissesAreTrue(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, c := range load(t, "decisions.jsonl.gz") {
		for _, n := range policy.NearMisses(c.Request, c.Policies) {
			if c.Expected == policy.Allowed {
				t.Errorf("%s is allowed and has a near miss: %s", c.ID, n)
			}
			if len(n.Conditions) == 0 || len(n.Conditions) != len(n.Have) {
				t.Errorf("%s: a near miss without conditions: %+v", c.ID, n)
			}
			tried++
		}
	}
	if tried < 100 {
		t.Errorf("only %d near misses", tried)
	}
}
