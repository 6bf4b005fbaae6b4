package twin

import (
	"math/rand/v2"
	"time"
)

// view is the account as authorization sees it. AWS replicates IAM's data to
// where requests are judged, so that IAM shows a change at once while requests
// are judged by the old facts for some seconds (IAM User Guide,
// "Troubleshoot IAM: Changes that I make are not always immediately visible").
//
// Changes arrive in the order in which they were made, each after a random
// part of the longest delay. The twin's lock guards a view.
type view struct {
	state   *state
	pending []pendingChange
	random  *rand.Rand
	longest time.Duration
	now     func() time.Time
}

type pendingChange struct {
	due   time.Time
	apply func(*state)
}

// newView follows s. Without delay it is s itself.
func newView(s *state, longest time.Duration, seed int64, now func() time.Time) *view {
	v := &view{state: s, longest: longest, now: now}
	if longest <= 0 {
		return v
	}
	v.random = rand.New(rand.NewPCG(uint64(seed), 0x70726f70616761))
	v.state = emptyState(s.account, s.partition)
	for _, p := range s.policies.all() {
		v.state.putPolicy(p)
	}
	for _, g := range s.groups.all() {
		v.state.putGroup(g)
	}
	for _, u := range s.users.all() {
		v.state.putUser(u)
	}
	for _, r := range s.roles.all() {
		v.state.putRole(r)
	}
	s.onChange = v.follow
	return v
}

// follow queues a change of the account.
func (v *view) follow(apply func(*state)) {
	due := v.now().Add(time.Duration(v.random.Int64N(int64(v.longest) + 1)))
	if n := len(v.pending); n > 0 && due.Before(v.pending[n-1].due) {
		due = v.pending[n-1].due
	}
	v.pending = append(v.pending, pendingChange{due, apply})
}

// at brings the view to its state at the given time.
func (v *view) at(now time.Time) *state {
	n := 0
	for n < len(v.pending) && !v.pending[n].due.After(now) {
		v.pending[n].apply(v.state)
		n++
	}
	if n > 0 {
		clear(v.pending[:n])
		v.pending = v.pending[n:]
	}
	return v.state
}
