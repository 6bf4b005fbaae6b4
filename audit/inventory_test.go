package audit_test

import (
	"testing"

	"warden/account"
	"warden/audit"
)

func TestInventory(t *testing.T) {
	t.Parallel()
	s := good()
	s.Users[0].Tags = map[string]string{"Owner": "ops"}
	s.Users[1].MFADevices = known("iam:ListMFADevices", []account.MFADevice{{Serial: "GAHT1"}})
	count := map[string]int{}
	byName := map[string]audit.Item{}
	for _, i := range audit.NewEvidence(s, now).Inventory() {
		count[i.Kind]++
		byName[i.Kind+" "+i.Name] = i
	}
	for kind, n := range map[string]int{"user": 2, "group": 1, "role": 1, "policy": 3, "access key": 1, "MFA device": 2} {
		if count[kind] != n {
			t.Errorf("%d × %s, want %d", count[kind], kind, n)
		}
	}
	if u := byName["user ann"]; u.Owner != "ops" || u.MFA != "yes" || u.State != "active" || !u.Active.Equal(ago(2)) || !u.Created.Equal(ago(500)) {
		t.Errorf("%+v", u)
	}
	if k := byName["access key access key 1"]; k.Of != "robot" || k.State != "active" || !k.Active.Equal(ago(1)) {
		t.Errorf("%+v", k)
	}
	if g := byName["group staff"]; g.Members != 2 || g.Attached != 1 {
		t.Errorf("%+v", g)
	}
	if p := byName["policy "]; p.Kind != "policy" {
		t.Errorf("%+v", p)
	}
	if d := byName["MFA device GAHT1"]; d.Of != "robot" || d.State != account.HardwareMFA+", inactive" {
		t.Errorf("%+v", d)
	}
}
