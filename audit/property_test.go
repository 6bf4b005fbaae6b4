package audit_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"warden/account"
	"warden/audit"
	"warden/finding"
)

// bad is the good account after a random half of the changes of the examples.
func bad(r *rand.Rand) (s *account.Snapshot, what []string) {
	s = good()
	for _, table := range []map[string][]example{examples, passwordExamples, trailExamples, activityExamples, excessExamples, estateExamples} {
		for _, c := range audit.All() { // in order, so that a seed is a run
			for _, x := range table[c.ID] {
				if x.status == fail && r.IntN(4) == 0 && apply(x, s) {
					what = append(what, c.ID+"/"+x.name)
				}
			}
		}
	}
	return s, what
}

// apply makes a change unless an earlier one took away what it changes.
func apply(x example, s *account.Snapshot) (done bool) {
	defer func() {
		if recover() != nil {
			done = false
		}
	}()
	x.change(s)
	return true
}

// TestLosingEvidence: whatever evidence is taken away, no failure and no
// unknown becomes a pass. Where a control has answers for many subjects, the
// worst is compared.
func TestLosingEvidence(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			s, what := bad(rand.New(rand.NewPCG(seed, 1)))
			before := worst(s)
			facts := reflect.ValueOf(&s.Facts).Elem()
			for i := range facts.NumField() {
				field := facts.Field(i)
				was := reflect.ValueOf(field.Interface())
				field.SetZero()
				compare(t, before, worst(s), facts.Type().Field(i).Name, what)
				field.Set(was)
			}
			for i := range s.Regions {
				region := reflect.ValueOf(&s.Regions[i]).Elem()
				for j := 1; j < region.NumField(); j++ { // but for the name
					was := reflect.ValueOf(region.Field(j).Interface())
					region.Field(j).SetZero()
					if i < 2 || s.Regions[i].Name == "eu-west-1" {
						compare(t, before, worst(s), s.Regions[i].Name+" "+region.Type().Field(j).Name, what)
					}
					region.Field(j).Set(was)
				}
			}
			lose(s, "iam:GetAccountAuthorizationDetails")
			compare(t, before, worst(s), "a gap for the details", what)
		})
	}
}

// worst is the worst answer of each control.
func worst(s *account.Snapshot) map[string]finding.Status {
	out := map[string]finding.Status{}
	for _, f := range audit.Run(audit.NewEvidence(s, now), audit.Selection{}).Findings {
		if _, ok := out[f.Control]; !ok { // the worst come first
			out[f.Control] = f.Status
		}
	}
	return out
}

func compare(t *testing.T, before, after map[string]finding.Status, lost string, what []string) {
	t.Helper()
	for control, was := range before {
		is := after[control]
		if lost == "Summary" && strings.HasPrefix(control, "root.") {
			continue // the report stays, and an example made the two contradict each other
		}
		if (was == fail || was == unknown) && (is == pass || is == none) {
			t.Errorf("%s was %s; without %s it is %s (%v)", control, was, lost, is, what)
		}
	}
}

// Of a partition whose regions are not known here, nothing that is asked in
// every region passes, or does not apply, because no region was read.
func TestUnknownPartition(t *testing.T) {
	t.Parallel()
	s := good()
	before := worst(s)
	s.Partition, s.Regions = "aws-iso", nil
	regional := 0
	for id, now := range worst(s) {
		if slices.Contains([]string{"analyzer.external", "config.recorder", "securityhub.enabled", "kms.rotation", "vpc.flow-logs", "instance.roles", "trail.all-regions", "monitor.root"}, id) {
			regional++
			if now != unknown {
				t.Errorf("%s is %s, was %s", id, now, before[id])
			}
		}
	}
	if regional != 8 {
		t.Errorf("%d controls were asked", regional)
	}
}
