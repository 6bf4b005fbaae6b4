package escalation_test

import (
	"slices"
	"testing"
	"time"

	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/twin"
)

// TestSample holds the answers against what was planted in the sample company.
func TestSample(t *testing.T) {
	t.Parallel()
	for seed := range int64(5) {
		s, truth := twin.Sample(seed, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
		r := escalation.Find(authorize.New(s), s)
		var admins []string
		for _, a := range r.Administrators {
			admins = append(admins, a.Principal.Name, a.Principal.ARN)
			if a.State != authorize.Allowed {
				t.Errorf("seed %d: %s may do everything, and is %s", seed, a.Principal, a.State)
			}
		}
		for _, name := range []string{truth.Administrator, truth.BreakGlass, truth.AdminRole} {
			if !slices.Contains(admins, name) {
				t.Errorf("seed %d: %s is an administrator and not among %q", seed, name, admins)
			}
		}
		ways := map[string]string{}
		for _, w := range r.Ways {
			ways[w.Principal.Name] = w.Steps[0].Path.ID + " " + string(w.State)
		}
		if ways[truth.Intruder] != "iam-008 allowed" {
			t.Errorf("seed %d: the intruder, who has all of IAM: %q", seed, ways[truth.Intruder])
		}
		if ways[truth.Administrator] != "" {
			t.Errorf("seed %d: %s has the way %s", seed, truth.Administrator, ways[truth.Administrator])
		}
		// The guard's role has the responder's rights, which are as mighty as an
		// administrator's: inline policies say anything.
		if ways[truth.Guard] != "sts-001 allowed" {
			t.Errorf("seed %d: the guard, by its role: %q", seed, ways[truth.Guard])
		}
		// PowerUserAccess allows sts:AssumeRole, and OrganizationAdmin
		// trusts the whole account.
		if ways["deploy"] != "sts-001 allowed" {
			t.Errorf("seed %d: the role deploy: %q", seed, ways["deploy"])
		}
	}
}
