package twin

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/trail"
)

// The history of an account reads as CloudTrail's own records do, is in order,
// lies within what CloudTrail keeps, says nothing that the account contradicts,
// and is the same each time.
func TestHistory(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	company, _ := Sample(1, now)
	organization, _ := SampleOrganization(1, now)
	snapshots := []*account.Snapshot{company}
	for _, a := range organization.Accounts {
		snapshots = append(snapshots, a.Snapshot)
	}
	for _, s := range snapshots {
		made := history(s, now)
		names := map[string]int{}
		users := map[string]*account.User{}
		for i := range s.Users {
			users[s.Users[i].ID] = &s.Users[i]
		}
		var last time.Time
		ids := map[string]bool{}
		for _, r := range made {
			e, err := trail.ParseEvent(r.json)
			if err != nil {
				t.Fatalf("%s: %v", r.json, err)
			}
			names[e.Name]++
			by := e.Actor()
			switch {
			case e.Time.Before(last) || e.Time.After(now) || now.Sub(e.Time) > historyDays*24*time.Hour:
				t.Errorf("%s at %s after %s", e.Name, e.Time, last)
			case ids[e.ID] || e.ID != r.id || e.Name != r.name:
				t.Errorf("%s: id %s, record %s", e.Name, e.ID, r.id)
			case by.Kind == trail.Unknown:
				t.Errorf("%s by nobody: %s", e.Name, r.json)
			case (by.Kind == trail.IAMUser || by.Kind == trail.IAMUserSession) && (users[by.ID] == nil || users[by.ID].Name != by.Name || e.Time.Before(users[by.ID].CreateDate.Truncate(time.Second))):
				t.Errorf("%s at %s by %s, who was not there", e.Name, e.Time, by.ARN)
			}
			last, ids[e.ID] = e.Time, true
		}
		for id, u := range users {
			for _, k := range u.AccessKeys {
				if l := k.LastUsed; l != nil && now.Sub(l.Date) < historyDays*24*time.Hour && !has(made, k.ID, l.Date) {
					t.Errorf("key %s of %s (%s) was used at %s, which nothing records", k.ID, u.Name, id, l.Date)
				}
			}
		}
		t.Logf("%s: %d records: %v", s.Alias, len(made), names)
		again := history(s, now)
		for i := range made {
			if diff := cmp.Diff(string(made[i].json), string(again[i].json)); diff != "" {
				t.Fatalf("another time: %s", diff)
			}
		}
	}
	if n := len(history(company, now)); n < 200 {
		t.Errorf("%d records of the sample company", n)
	}
}

// An account that a person wrote by hand, with ids of any length and odd trust
// policies, has a history too.
func TestHistoryOfOddAccount(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	used := ago(1)
	made := history(&account.Snapshot{
		Account: "111122223333",
		Users: []account.User{
			{Name: "a", ID: "A", CreateDate: ago(80), Groups: []string{"Administrators"}, LoginProfile: &account.LoginProfile{CreateDate: ago(80)}, PasswordLastUsed: &used},
			{Name: "b", CreateDate: ago(10), AccessKeys: []account.AccessKey{{LastUsed: &account.KeyUse{Date: used}}}},
		},
		Roles: []account.Role{{Name: "r", Trust: []byte(`{`), LastUsed: &account.RoleUse{Date: used}}, {Name: "s", LastUsed: &account.RoleUse{}}},
	}, now)
	if len(made) == 0 {
		t.Error("no history")
	}
	for _, r := range made {
		if _, err := trail.ParseEvent(r.json); err != nil {
			t.Errorf("%s: %v", r.json, err)
		}
	}
}

func has(made []*record, key string, at time.Time) bool {
	for _, r := range made {
		if r.keyID == key && r.at.Equal(at.UTC().Truncate(time.Second)) {
			return true
		}
	}
	return false
}

// A twin keeps the history for look-ups, newest first, and hands it to no rule.
func TestTwinWithHistory(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, want := range []bool{false, true} {
		tw, err := New(Config{History: want, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		n, last := 0, now
		tw.records.newest(0, func(r *record) bool {
			if r.at.After(last) {
				t.Errorf("%s at %s, after %s", r.name, r.at, last)
			}
			n, last = n+1, r.at
			return true
		})
		if (n > 200) != want {
			t.Errorf("history %v: %d records", want, n)
		}
	}
}
