package escalation

import (
	"testing"

	"warden/account"
	"warden/account/authorize"
)

// Naive tells how far everybody gets if each is asked about everything, with
// no class and no filter to spare the engine a question.
func Naive(tb testing.TB, snapshot *account.Snapshot) map[string]authorize.State {
	tb.Helper()
	s := newSearch(authorize.New(snapshot), snapshot, nil)
	s.classes = nil
	for _, n := range s.nodes {
		c := &class{members: []*node{n}, open: []*node{n}, doubts: true, can: map[string]bool{}, spans: map[string][]string{}, free: map[*Path]*freeing{}, regions: n.class.regions}
		n.class = c
		s.classes = append(s.classes, c)
	}
	s.run()
	out := map[string]authorize.State{}
	for _, w := range s.report().Ways {
		out[w.Principal.ARN] = w.State
	}
	return out
}
