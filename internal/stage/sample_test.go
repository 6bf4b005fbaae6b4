package stage

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/twin"
)

var update = flag.Bool("update", false, "write the policies of the sample's guard from the templates")

// The guard of the sample company may do what the stack's roles may, no less
// and no more: the twin, which does not know the templates, has a copy.
func TestSampleGuardHasTheStacksRights(t *testing.T) {
	t.Parallel()
	if *update {
		const place = "arn:aws:iam::ACCOUNT:role/security/warden-*"
		rights, err := StackRights("ACCOUNT", place, nil)
		if err != nil {
			t.Fatal(err)
		}
		var made []map[string]any
		for i, name := range []string{"guard", "responder"} {
			made = append(made, map[string]any{"Name": name, "Document": json.RawMessage(rights[i])})
		}
		data, err := json.MarshalIndent(made, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../../twin/sample_guard.json", append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Skip("written; run again")
	}
	company, truth := twin.Sample(1, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	organization, others := twin.SampleOrganization(1, time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
	workload := slices.IndexFunc(organization.Accounts, func(a twin.OrganizationAccount) bool { return a.Snapshot.Account == others.Workload })
	for role, s := range map[string]*account.Snapshot{truth.GuardRole: company, others.ResponderRole: organization.Accounts[workload].Snapshot} {
		want, err := StackRights(s.Account, "arn:aws:iam::"+s.Account+":role/security/warden-*", nil)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Roles, func(r account.Role) bool { return r.ARN == role })
		var got []any
		for _, p := range s.Roles[i].Inline {
			got = append(got, value(t, p.Document))
		}
		var wanted []any
		for _, text := range want {
			wanted = append(wanted, value(t, json.RawMessage(text)))
		}
		if diff := cmp.Diff(wanted, got); diff != "" || len(s.Roles[i].Attached) > 0 {
			t.Errorf("%s, to write it: go test ./internal/stage -update (-template +sample):\n%s", role, diff)
		}
	}
}

func value(t *testing.T, data json.RawMessage) (v any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
