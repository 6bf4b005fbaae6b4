package ledgertest

import (
	"fmt"
	"testing"

	"warden/change/ledger"
)

// credentials: who holds one is recorded once for an event, and once more
// where he turns out to be an outsider, which nothing takes back. The same
// goes for what an event did to the set of administrators.
func credentials(t *testing.T, s ledger.Store) {
	ctx := t.Context()
	l := ledger.New(s, nil)
	for i, tt := range []struct {
		id, event, standing string
		want                bool
	}{
		{"AKIA1", "e1", "entitled", true},
		{"AKIA1", "e1", "entitled", false},
		{"AKIA1", "e1", "outsider", true},
		{"AKIA1", "e1", "outsider", false},
		{"AKIA1", "e1", "entitled", false},
		{"AKIA1", "e2", "entitled", true},
		{"AKIA2", "e3", "outsider", true},
		{"AKIA2", "e3", "doubtful", false},
	} {
		got, err := l.RecordCredential(ctx, ledger.Credential{Account: adminsOf, ID: tt.id, Event: tt.event, Standing: tt.standing, At: start})
		must(t, err)
		if got != tt.want {
			t.Errorf("record %d: %v, want %v", i, got, tt.want)
		}
		grant := ledger.AdminGrant{Account: adminsOf, Rule: adminsRule, ID: tt.id, Event: tt.event, Standing: tt.standing, At: start}
		if got, err = l.RecordGrant(ctx, grant); err != nil || got != tt.want {
			t.Errorf("grant %d: %v, want %v; %v", i, got, tt.want, err)
		}
	}
	must(t, second(l.RecordCredential(ctx, ledger.Credential{Account: "444455556666", ID: "AKIA1", Event: "e9", Standing: "outsider"})))
	var h ledger.CredentialHistory
	for range 2 { // read on from the end, too
		must(t, l.ReadCredentials(ctx, adminsOf, &h))
		var got []string
		for _, id := range []string{"AKIA1", "AKIA2", "AKIA3"} {
			for _, c := range h.Of[id] {
				got = append(got, c.ID+" "+c.Event+" "+c.Standing)
			}
		}
		if want := "[AKIA1 e1 outsider AKIA1 e2 entitled AKIA2 e3 outsider]"; fmt.Sprint(got) != want {
			t.Errorf("credentials %v, want %s", got, want)
		}
	}
	var admins ledger.AdminHistory
	must(t, l.ReadAdmins(ctx, adminsOf, adminsRule, &admins))
	if len(admins.Grants) != 3 || admins.Grants[0].Standing != "outsider" {
		t.Errorf("grants %+v", admins.Grants)
	}
	if list, err := l.Incidents(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v: the credentials are an incident: %+v", err, list)
	}
}
