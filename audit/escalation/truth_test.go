package escalation_test

import (
	"testing"

	"warden/account/authorize"
	"warden/audit/escalation"
)

// TestPlanted looks for every path and every near miss, and for nothing else.
func TestPlanted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		snapshot, scenes := planted(seed)
		r := escalation.Find(authorize.New(snapshot), snapshot)
		got := map[string]authorize.State{}
		how := map[string]string{}
		for _, w := range r.Ways {
			got[w.Principal.Name] = w.State
			how[w.Principal.Name] = w.Steps[0].Path.ID
		}
		var right, found, wrong int
		for _, s := range scenes {
			state, ok := got[s.name]
			if !ok {
				state = authorize.Denied
			}
			delete(got, s.name)
			if state != s.want {
				wrong++
				t.Errorf("seed %d: %s %s (%s): got %s by %q, want %s", seed, s.name, s.path.ID, s.variant, state, how[s.name], s.want)
			}
			if s.want != authorize.Denied {
				right++
			}
			if state != authorize.Denied {
				found++
			}
			if s.variant == present && how[s.name] != s.path.ID {
				t.Errorf("seed %d: %s: found by %q, planted %s", seed, s.name, how[s.name], s.path.ID)
			}
		}
		for name, state := range got {
			t.Errorf("seed %d: %s was not planted and is %s by %s", seed, name, state, how[name])
		}
		if seed == 0 {
			t.Logf("%d scenes, %d with a way, %d found, %d wrong; %d administrators, %d clear", len(scenes), right, found, wrong, len(r.Administrators), r.Clear)
		}
	}
}

// TestNoShortcutMatters compares with a search that asks everybody about
// everything.
func TestNoShortcutMatters(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		s := company(120, 60, seed)
		want := escalation.Naive(t, s)
		got := escalation.Find(authorize.New(s), s).Ways
		for _, w := range got {
			if want[w.Principal.ARN] != w.State {
				t.Errorf("seed %d: %s is %s, and %q if everybody is asked", seed, w.Principal, w.State, want[w.Principal.ARN])
			}
		}
		if len(got) != len(want) || len(got) == 0 {
			t.Errorf("seed %d: %d ways, and %d if everybody is asked", seed, len(got), len(want))
		}
	}
}
