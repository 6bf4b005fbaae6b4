package ledgertest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"warden/change/ledger"
)

const (
	adminsOf   = "111122223333"
	adminsRule = `groups ["administrators"]`
)

func seen(at time.Time, ids ...string) ledger.Admins {
	a := ledger.Admins{Account: adminsOf, Rule: adminsRule, At: at}
	for _, id := range ids {
		a.Members = append(a.Members, ledger.AdminMember{ID: id, ARN: "arn:aws:iam::111122223333:user/" + id, By: "group Administrators"})
	}
	return a
}

// administrators: what was seen is recorded where it differs, a grant once,
// and both are found again by account and rule.
func administrators(t *testing.T, s ledger.Store) {
	ctx := t.Context()
	l := ledger.New(s, nil)
	var h ledger.AdminHistory
	if err := l.ReadAdmins(ctx, adminsOf, adminsRule, &h); err != nil || h.Seen != nil || h.Grants != nil {
		t.Errorf("an empty ledger knows administrators: %+v, %v", h, err)
	}
	after := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	for i, tt := range []struct {
		admins ledger.Admins
		want   bool
	}{
		{seen(after(0), "AIDAB", "AIDAA"), true},
		{seen(after(1), "AIDAA", "AIDAB"), false}, // the same, in another order
		{seen(after(5), "AIDAA"), true},
		{seen(after(3), "AIDAA", "AIDAC"), false}, // somebody asked later
		{seen(after(9), "AIDAA", "AIDAC"), true},
		{seen(after(12), "AIDAA"), true}, // back to what was before
	} {
		got, err := l.RecordAdmins(ctx, tt.admins)
		must(t, err)
		if got != tt.want {
			t.Errorf("record %d: %v, want %v", i, got, tt.want)
		}
	}
	other := seen(after(20), "AIDAZ")
	other.Rule = "another"
	must(t, second(l.RecordAdmins(ctx, other)))
	other.Account, other.Rule = "444455556666", adminsRule
	must(t, second(l.RecordAdmins(ctx, other)))
	must(t, l.ReadAdmins(ctx, adminsOf, adminsRule, &h))
	var got []string
	for _, a := range h.Seen {
		line := a.At.Sub(start).String()
		for _, m := range a.Members {
			line += " " + m.ID
		}
		got = append(got, line)
	}
	if want := "[0s AIDAA AIDAB 5m0s AIDAA 9m0s AIDAA AIDAC 12m0s AIDAA]"; fmt.Sprint(got) != want {
		t.Errorf("seen %v, want %s", got, want)
	}

	grant := ledger.AdminGrant{Account: adminsOf, Rule: adminsRule, ID: "AIDAC", By: "user mallory", Standing: "outsider", Event: "e1", At: after(8)}
	for _, want := range []bool{true, false} {
		got, err := l.RecordGrant(ctx, grant)
		must(t, err)
		if got != want {
			t.Errorf("the grant was recorded: %v, want %v", got, want)
		}
	}
	must(t, l.ReadAdmins(ctx, adminsOf, adminsRule, &h))
	if len(h.Seen) != 4 || len(h.Grants) != 1 || !h.Grants[0].At.Equal(grant.At) || h.Grants[0].Standing != "outsider" {
		t.Errorf("history %+v", h)
	}
	grant.ID = "AIDAD" // the same event, somebody else
	must(t, second(l.RecordGrant(ctx, grant)))
	must(t, l.ReadAdmins(ctx, adminsOf, adminsRule, &h))
	if len(h.Seen) != 4 || len(h.Grants) != 2 {
		t.Errorf("read on: %d seen, %d grants", len(h.Seen), len(h.Grants))
	}
	if list, err := l.Incidents(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v: the administrators are an incident: %+v", err, list)
	}
}

// administratorsAtOnce: of workers that saw the same change one records it.
func administratorsAtOnce(t *testing.T, s ledger.Store) {
	l := ledger.New(s, nil)
	var recorded atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			first, err := l.RecordAdmins(t.Context(), seen(start, "AIDAA"))
			if err != nil {
				t.Error(err)
			}
			if first {
				recorded.Add(1)
			}
		})
	}
	all.Wait()
	if recorded.Load() != 1 {
		t.Errorf("recorded %d times", recorded.Load())
	}
}

func second(_ bool, err error) error { return err }
