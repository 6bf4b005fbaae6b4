package ledger_test

import (
	"slices"
	"testing"

	"warden/change"
	"warden/change/ledger"
)

// What failed beside a proved containment is named, and does not hide that
// the caller is contained; what may be part of the containment does.
func TestFailedBesideTheContainment(t *testing.T) {
	t.Parallel()
	caller, made := change.Identity{ARN: userARN, ID: "AIDADEPLOY"}, change.Identity{ARN: backdoorARN, ID: "AIDABACKDOOR"}
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	for name, tc := range map[string]struct {
		step   change.Step
		proved bool
		want   string
	}{
		"taken off another":              {change.Detach(made, admin), true, ledger.StatusConfigured},
		"another's key":                  {change.DeactivateKey(made, "AKIAEXAMPLE"), true, ledger.StatusConfigured},
		"taken off himself":              {change.Detach(caller, admin), true, ledger.StatusConfigured},
		"given to himself":               {change.Attach(caller, denyARN), true, ledger.StatusIncomplete},
		"his own key, perhaps contained": {change.DeactivateKey(caller, "AKIAEXAMPLE"), true, ledger.StatusIncomplete},
		"taken off, nothing proved":      {change.Detach(made, admin), false, ledger.StatusIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWriter(t)
			w.do(w.OpenIncident(t.Context(), "inc", ledger.Opening{Account: "123456789012", Caller: userARN, CallerID: caller.ID, Title: "t"}))
			p := plan(t, "inc", 1, false, change.Attach(caller, denyARN))
			w.plan(p)
			w.intend(p, 0, 1)
			w.end(p, 0, 1, ledger.Done)
			if tc.proved {
				w.do(w.RecordVerification(t.Context(), "inc", 1, ledger.Verification{Level: ledger.Configured, Evidence: []string{"attached"}}))
			}
			back := plan(t, "inc", 2, false, tc.step)
			w.plan(back)
			w.intend(back, 0, 1)
			w.end(back, 0, 1, ledger.Failed)
			in := w.status("inc", tc.want)
			if named := slices.Equal(in.NotDone, []string{back.Steps[0].ID}); tc.want == ledger.StatusConfigured && !named {
				t.Errorf("not done: %v", in.NotDone)
			}
		})
	}
}
