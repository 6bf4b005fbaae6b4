package twin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"warden/account"
)

func ExampleNewOrganization() {
	cfg, who := SampleOrganization(1, time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC))
	org, err := NewOrganization(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(org.Accounts())
	fmt.Println(org.Account(who.Workload).Snapshot().Alias)
	_, _, err = org.Credentials(who.Security, who.Guard)
	fmt.Println(who.Guard, err)
	// Output:
	// [111122223333 123456789012 444455556666]
	// halden-freight
	// warden <nil>
}

// The zero value is the sample organization; the same seed gives the same one.
func TestSampleOrganization(t *testing.T) {
	t.Parallel()
	o, err := NewOrganization(OrganizationConfig{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	one, who := SampleOrganization(5, testNow)
	two, again := SampleOrganization(5, testNow)
	if fmt.Sprint(who) != fmt.Sprint(again) || fmt.Sprint(one.Units, one.Policies) != fmt.Sprint(two.Units, two.Policies) {
		t.Error("two samples of one seed differ")
	}
	if o.ID() != who.OrganizationID || o.Management() != who.Management || len(o.Accounts()) != 3 {
		t.Errorf("the zero value is %s of %s with %v", o.ID(), o.Management(), o.Accounts())
	}
	if size := len(one.Policies[0].Content); size > 5120 {
		t.Errorf("the guardrail takes %d characters and leaves too little room for the guard's own statements", size)
	}
	// The sample company is the same inside and outside of the organization but
	// for the roles that the stack set has put there.
	alone, truth := Sample(5, testNow)
	if truth.Administrator != who.Company.Administrator || len(one.Accounts[1].Snapshot.Users) != len(alone.Users) || len(one.Accounts[1].Snapshot.Roles) != len(alone.Roles)+4 {
		t.Errorf("the workload differs from the sample company: %+v, %+v", truth, who.Company)
	}
}

func TestOrganizationMistakes(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		want   string
		change func(c *OrganizationConfig)
	}{
		{"has no snapshot", func(c *OrganizationConfig) { c.Accounts[1].Snapshot = nil }},
		{"appears twice", func(c *OrganizationConfig) { c.Accounts[1].Snapshot = c.Accounts[0].Snapshot }},
		{"another partition", func(c *OrganizationConfig) {
			c.Accounts[1].Snapshot = &account.Snapshot{Version: account.Version, Account: "999988887777", Partition: "aws-cn"}
		}},
		{"there is no unit", func(c *OrganizationConfig) { c.Accounts[1].Unit = "ou-none-nothing00" }},
		{"does not come before it", func(c *OrganizationConfig) { c.Units[0].Parent = c.Units[2].ID }},
		{"id is taken", func(c *OrganizationConfig) { c.Units[1].ID = c.Units[0].ID }},
		{"no id of a policy", func(c *OrganizationConfig) { c.Policies[0].ID = "x" }},
		{"there is no target", func(c *OrganizationConfig) { c.Policies[0].Targets = []string{"r-none"} }},
		{"policy p-", func(c *OrganizationConfig) { c.Policies[0].Content = "{" }},
		{"negative", func(c *OrganizationConfig) { c.Faults.Propagation = -1 }},
	} {
		cfg, _ := SampleOrganization(1, testNow)
		x.change(&cfg)
		if _, err := NewOrganization(cfg); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("error %v, want …%s…", err, x.want)
		}
	}
}
