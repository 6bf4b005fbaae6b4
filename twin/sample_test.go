package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		for _, p := range truth.Planted {
			if !subjects[p.Subject] {
				t.Errorf("%s names %s, which does not exist", p.ID, p.Subject)
			}
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
