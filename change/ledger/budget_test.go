package ledger_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"warden/change/ledger"
)

// However many workers take places at once, no more are given out than there
// are, and every incident that has one keeps it.
func TestCharge(t *testing.T) {
	t.Parallel()
	sqlite, err := ledger.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sqlite.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, store := range map[string]ledger.Store{"memory": &ledger.Memory{}, "sqlite": sqlite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			charge := func(incident string) bool {
				ok, err := ledger.New(store, func() time.Time { return now }).Charge(t.Context(), "1", incident, 10, time.Hour)
				if err != nil {
					t.Error(err)
				}
				return ok
			}
			got := make([]bool, 80)
			var all sync.WaitGroup
			for i := range got {
				all.Go(func() { got[i] = charge(fmt.Sprint("inc-", i%40)) })
			}
			all.Wait()
			within := map[string]bool{}
			for i, ok := range got {
				if ok {
					within[fmt.Sprint("inc-", i%40)] = true
				}
			}
			list, err := ledger.New(store, nil).Charges(t.Context(), "1")
			if err != nil || len(within) != 10 || len(list) != 10 {
				t.Errorf("%d incidents within the budget of 10, %v, %v", len(within), list, err)
			}
			for in := range within {
				if !charge(in) {
					t.Errorf("%s lost its place", in)
				}
			}
			if ok, err := ledger.New(store, func() time.Time { return now }).Charge(t.Context(), "2", "other", 10, time.Hour); err != nil || !ok {
				t.Errorf("another account's budget: %t %v", ok, err)
			}
			now = now.Add(time.Hour)
			if !charge("later") {
				t.Error("an hour later there is no place")
			}
		})
	}
}
