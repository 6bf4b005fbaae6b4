package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/policy"
)

func TestSampleIsDeterministic(t *testing.T) {
	t.Parallel()
	a, ta := Sample(42, testNow)
	b, tb := Sample(42, testNow)
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(ta, tb); d != "" {
		t.Error(d)
	}
	c, _ := Sample(43, testNow)
	if cmp.Equal(a.Users, c.Users) {
		t.Error("another seed gives the same company")
	}
}

func TestSampleCompany(t *testing.T) {
	t.Parallel()
	for seed := range int64(50) {
		s, truth := Sample(seed, testNow)
		if len(s.Users) != 40 || len(s.Roles) < 58 || len(s.Roles) > 62 || len(s.Groups) != 15 {
			t.Fatalf("seed %d: %d users, %d roles, %d groups", seed, len(s.Users), len(s.Roles), len(s.Groups))
		}
		checkSample(t, s, truth.Planted)
	}
}

// The accounts beside the company's are those of a real organization, too.
func TestSampleOrganizationAccounts(t *testing.T) {
	t.Parallel()
	for seed := range int64(20) {
		cfg, truth := SampleOrganization(seed, testNow)
		planted := map[string][]Planted{}
		for _, p := range truth.Planted {
			arn, err := account.ParseARN(p.Subject)
			if err != nil {
				t.Fatal(p.ID, err)
			}
			planted[arn.Account] = append(planted[arn.Account], p)
		}
		for i, want := range []struct{ users, roles, groups, planted int }{{11, 20, 4, 11}, {11, 25, 4, 10}} {
			s := cfg.Accounts[2*i].Snapshot
			if len(s.Users) != want.users || len(s.Roles) != want.roles || len(s.Groups) != want.groups || len(planted[s.Account]) != want.planted {
				t.Fatalf("seed %d, %s: %d users, %d roles, %d groups, %d planted", seed, s.Alias, len(s.Users), len(s.Roles), len(s.Groups), len(planted[s.Account]))
			}
			checkSample(t, s, planted[s.Account])
		}
	}
}

// checkSample tells whether the documents of a sample can be read, and whether
// what was planted in it is there.
func checkSample(t *testing.T, s *account.Snapshot, planted []Planted) {
	t.Helper()
	subjects := map[string]bool{}
	check := func(what string, doc json.RawMessage) {
		if _, err := policy.Parse(what, doc); err != nil {
			t.Error(err)
		}
		if bytes.Contains(doc, []byte("ACCOUNT")) {
			t.Errorf("%s: unfilled ACCOUNT", what)
		}
	}
	for _, p := range s.Policies {
		if p.Name == "DENY-IAM" {
			t.Error("DENY-IAM exists from the start")
		}
		for _, v := range p.Versions {
			check(p.ARN, v.Document)
		}
	}
	for _, u := range s.Users {
		subjects[u.ARN] = true
		for _, k := range u.AccessKeys {
			subjects[k.ID] = true
		}
		if u.CreateDate.After(s.CollectedAt) {
			t.Errorf("%s was created in the future", u.ARN)
		}
		for _, p := range u.Inline {
			check(u.ARN, p.Document)
		}
	}
	for _, r := range s.Roles {
		subjects[r.ARN] = true
		check(r.ARN, r.Trust)
		for _, p := range r.Inline {
			check(r.ARN, p.Document)
		}
	}
	for _, r := range s.Regions {
		if r.Keys == nil || r.VPCs == nil || r.Instances == nil {
			continue
		}
		for _, k := range r.Keys.Value {
			subjects[k.ARN] = true
		}
		for _, v := range r.VPCs.Value {
			subjects["arn:aws:ec2:"+r.Name+":"+s.Account+":vpc/"+v.ID] = true
		}
		for _, i := range r.Instances.Value {
			subjects["arn:aws:ec2:"+r.Name+":"+s.Account+":instance/"+i.ID] = true
		}
	}
	for _, p := range planted {
		if !subjects[p.Subject] {
			t.Errorf("%s names %s, which does not exist", p.ID, p.Subject)
		}
	}
}

func ExampleSample() {
	company, truth := Sample(1, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	fmt.Println(company.Alias, "has", len(company.Users), "users;", truth.Intruder, "has lost a key")
	for _, u := range company.Users {
		if u.Name == truth.Intruder {
			fmt.Println(u.ARN, strings.Join(u.Groups, " "))
		}
	}
	// Output:
	// halden-freight has 40 users; ci-deploy has lost a key
	// arn:aws:iam::123456789012:user/ci/ci-deploy CI
}
