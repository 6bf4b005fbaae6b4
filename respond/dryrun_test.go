package respond_test

import (
	"strings"
	"testing"

	"warden/guard"
	"warden/guard/detect"
	"warden/respond"
)

// A dry run says which steps it would take and what it found there, and makes
// no call that writes.
func TestDryRunSaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		level guard.Level
		who   string
		want  string
	}{
		{"a user", guard.DenyIAM, "user", "AttachUserPolicy: policy/DENY-IAM to user/ci/ci-deploy (now absent)"},
		{"all of a user", guard.DenyAll, "user", "CreatePolicy: policy/DENY-ALL (at the start; now absent), AttachUserPolicy: policy/DENY-ALL to user/ci/ci-deploy (now absent)"},
		{"a session", guard.DenyIAM, "session", "DENY-IAM-SESSIONS of role/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, _, _ := sessionPlay(t, guard.Config{Level: tc.level})
			before := len(p.guardWrites())
			dry := p.responder(func(o *respond.Options) { o.Applier, o.Ledger = nil, nil })
			if err := dry.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			by := p.intruder
			if tc.who == "session" {
				by = p.assume(p.intruder, "shift")
			}
			if err := p.createUser(by, "x"); err != nil {
				t.Fatal(err)
			}
			var res respond.Result
			for _, e := range p.lookup() {
				if e.Name == "CreateUser" {
					res = dry.Handle(t.Context(), e)
				}
			}
			if res.Action != respond.WouldContain || !strings.Contains(strings.Join(res.Would, ", "), tc.want) {
				t.Errorf("%s %q, want %q", res.Action, res.Would, tc.want)
			}
			if got := p.guardWrites(); len(got) != before {
				t.Errorf("the guard wrote: %v", got[before:])
			}
		})
	}
}

// guardWrites are the calls of the guard that change IAM.
func (p *play) guardWrites() (out []string) {
	p.t.Helper()
	for _, call := range p.guardCalls() {
		if detect.IAMWrite("iam.amazonaws.com", call) {
			out = append(out, call)
		}
	}
	return out
}
