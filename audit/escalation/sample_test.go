package escalation_test

import (
	"fmt"
	"testing"
	"time"

	"warden/account/authorize"
	"warden/audit/escalation"
	"warden/twin"
)

func TestSample(t *testing.T) {
	t.Parallel()
	snap, truth := twin.Sample(1, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	r := escalation.Find(authorize.New(snap), snap)
	for _, a := range r.Administrators {
		t.Log("ADMIN", a.Principal, a.State, a.DependsOn)
	}
	for _, w := range r.Ways {
		t.Log(w.Principal, w.State)
		for _, s := range w.Steps {
			t.Log("    ", s.Path.ID, s.To, s.Through, s.State, s.HangsOn)
			for _, e := range s.Evidence {
				t.Log("         ", e.Action, e.Resource, e.State, e.Statements)
			}
		}
	}
	t.Log(r.Clear)
	_ = truth
	_ = fmt.Sprint
}
