package twin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"warden/account"
)

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func noSecret() string { return "secret" }

func TestSampleLoadsAndSavesExactly(t *testing.T) {
	t.Parallel()
	for seed := range int64(20) {
		snap, _ := Sample(seed, testNow)
		tw, err := New(Config{Snapshot: snap, Seed: seed, Now: func() time.Time { return testNow }})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(snap, tw.Snapshot()); d != "" {
			t.Fatalf("seed %d: load and save changed the account (-before +after):\n%s", seed, d)
		}
	}
}

// A snapshot of any shape comes back as it was, also through a file.
func TestAnySnapshotRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		snap := anySnapshot(t)
		st, err := loadState(snap, 1, noSecret)
		if err != nil {
			t.Fatal(err)
		}
		saved := st.snapshot()
		if d := cmp.Diff(snap, saved); d != "" {
			t.Fatalf("load and save (-before +after):\n%s", d)
		}
		var a, b bytes.Buffer
		if err := account.WriteSnapshot(&a, saved); err != nil {
			t.Fatal(err)
		}
		read, err := account.ReadSnapshot("saved", bytes.NewReader(a.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		again, err := loadState(read, 2, noSecret)
		if err != nil {
			t.Fatal(err)
		}
		if err := account.WriteSnapshot(&b, again.snapshot()); err != nil {
			t.Fatal(err)
		}
		if a.String() != b.String() {
			t.Fatalf("through a file:\n%s", cmp.Diff(a.String(), b.String()))
		}
	})
}

func anySnapshot(t *rapid.T) *account.Snapshot {
	ids := newIdentifiers(rapid.Int64().Draw(t, "seed"), "210987654321")
	at := func(label string) time.Time {
		return time.Unix(rapid.Int64Range(1e9, 2e9).Draw(t, label), 0).UTC()
	}
	name := rapid.StringMatching(`[a-z][A-Za-z0-9+=,.@_-]{0,12}`)
	path := rapid.SampledFrom([]string{"/", "/a/", "/team/x/", "/a//b/"})
	names := func(label string, n int) []string {
		return rapid.SliceOfNDistinct(name, 0, n, strings.ToLower).Draw(t, label)
	}
	tags := func(label string) map[string]string {
		m := rapid.MapOfN(name, rapid.String(), 0, 2).Draw(t, label)
		if len(m) == 0 {
			return nil
		}
		return m
	}
	doc := rapid.SampledFrom([]json.RawMessage{
		json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:*","Resource":"*"}}`),
		json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Sid":"ü<>&","Effect":"Allow","Action":["s3:*"],"Resource":["*"]}]}`),
	})
	s := &account.Snapshot{Version: account.Version, Account: "210987654321", Partition: "aws", CollectedAt: at("collected"),
		Users: []account.User{}, Groups: []account.Group{}, Roles: []account.Role{}, Policies: []account.ManagedPolicy{}}
	inline := func(label string) []account.InlinePolicy {
		var out []account.InlinePolicy
		for _, n := range names(label, 2) {
			out = append(out, account.InlinePolicy{Name: n, Document: doc.Draw(t, "document")})
		}
		return out
	}
	var policies []string
	for _, n := range names("policies", 4) {
		p := account.ManagedPolicy{Path: path.Draw(t, "path"), Name: n, ID: ids.make(prefixPolicy), CreateDate: at("created"), UpdateDate: at("updated"), Tags: tags("tags")}
		p.ARN = "arn:aws:iam::210987654321:policy" + p.Path + n
		for i := range rapid.IntRange(1, 5).Draw(t, "versions") {
			p.Versions = append(p.Versions, account.PolicyVersion{ID: fmt.Sprintf("v%d", i+3), Default: i == 0, CreateDate: at("version"), Document: doc.Draw(t, "document")})
		}
		s.Policies = append(s.Policies, p)
		policies = append(policies, p.ARN)
	}
	attached := func(label string) []string {
		if len(policies) == 0 {
			return nil
		}
		out := rapid.SliceOfDistinct(rapid.SampledFrom(policies), rapid.ID[string]).Draw(t, label)
		if len(out) == 0 {
			return nil
		}
		return out
	}
	var groups []string
	for _, n := range names("groups", 4) {
		g := account.Group{Path: path.Draw(t, "path"), Name: n, ID: ids.make(prefixGroup), CreateDate: at("created"), Inline: inline("inline"), Attached: attached("attached")}
		g.ARN = "arn:aws:iam::210987654321:group" + g.Path + n
		s.Groups = append(s.Groups, g)
		groups = append(groups, n)
	}
	principals := []string{"arn:aws:iam::210987654321:root", "arn:aws:iam::999988887777:user/x", "AIDAGONEGONEGONEGONE7", "*"}
	for _, n := range names("users", 6) {
		u := account.User{Path: path.Draw(t, "path"), Name: n, ID: ids.make(prefixUser), CreateDate: at("created"), Inline: inline("inline"), Attached: attached("attached"), Tags: tags("tags")}
		u.ARN = "arn:aws:iam::210987654321:user" + u.Path + n
		if len(groups) > 0 && rapid.Bool().Draw(t, "member") {
			u.Groups = groups[:1]
		}
		if len(policies) > 0 && rapid.Bool().Draw(t, "bounded") {
			u.Boundary = policies[0]
		}
		if rapid.Bool().Draw(t, "console") {
			u.LoginProfile = &account.LoginProfile{CreateDate: at("profile"), PasswordResetRequired: rapid.Bool().Draw(t, "reset")}
		}
		for range rapid.IntRange(0, 2).Draw(t, "keys") {
			k := account.AccessKey{ID: ids.make(prefixKey), Active: rapid.Bool().Draw(t, "active"), CreateDate: at("key")}
			if rapid.Bool().Draw(t, "used") {
				k.LastUsed = &account.KeyUse{Date: at("used"), Region: "us-east-1", Service: "s3"}
			}
			u.AccessKeys = append(u.AccessKeys, k)
		}
		s.Users = append(s.Users, u)
		principals = append(principals, u.ARN)
	}
	for _, n := range names("roles", 4) {
		r := account.Role{Path: path.Draw(t, "path"), Name: n, ID: ids.make(prefixRole), CreateDate: at("created"), MaxSession: 3600, Inline: inline("inline"), Attached: attached("attached"), Tags: tags("tags")}
		r.ARN = "arn:aws:iam::210987654321:role" + r.Path + n
		list, _ := json.Marshal(rapid.SliceOfN(rapid.SampledFrom(principals), 1, 3).Draw(t, "trusted"))
		r.Trust = json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":` + string(list) + `},"Action":"sts:AssumeRole"}]}`)
		s.Roles = append(s.Roles, r)
	}
	return s
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(s *account.Snapshot)
		want   string
	}{
		{"newer version", func(s *account.Snapshot) { s.Version = 99 }, "newer"},
		{"names that differ in case", func(s *account.Snapshot) {
			u := s.Users[0]
			u.Name, u.ID, u.AccessKeys = strings.ToUpper(u.Name), "AIDAOTHEROTHEROTHER77", nil
			s.Users = append(s.Users, u)
		}, "appears twice"},
		{"an id twice", func(s *account.Snapshot) { s.Users[1].ID = s.Users[0].ID }, "appears twice"},
		{"a policy without document", func(s *account.Snapshot) {
			s.Users[0].Attached = append(s.Users[0].Attached, "arn:aws:iam::aws:policy/SecurityAudit")
		}, "does not have"},
		{"no default version", func(s *account.Snapshot) { s.Policies[0].Versions[0].Default = false }, "default version"},
		{"an inline policy that is none", func(s *account.Snapshot) {
			s.Users[0].Inline = []account.InlinePolicy{{Name: "x", Document: json.RawMessage(`[]`)}}
		}, "inline policy x"},
		{"an unknown group", func(s *account.Snapshot) { s.Users[0].Groups = []string{"Nobody"} }, "Nobody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			snap, _ := Sample(1, testNow)
			tt.change(snap)
			if _, err := loadState(snap, 1, noSecret); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	g := newIdentifiers(7, "048151623420")
	seen := map[string]bool{}
	for _, prefix := range []string{prefixUser, prefixRole, prefixGroup, prefixPolicy, prefixKey, prefixSession} {
		for range 100 {
			id := g.make(prefix)
			want := 21
			if prefix == prefixKey || prefix == prefixSession {
				want = 20
				if got := keyAccount(id); got != "048151623420" {
					t.Fatalf("keyAccount(%s) = %s", id, got)
				}
			}
			if len(id) != want || !strings.HasPrefix(id, prefix) || seen[id] {
				t.Fatalf("bad id %q", id)
			}
			seen[id] = true
		}
	}
	if a, b := newIdentifiers(7, "048151623420"), newIdentifiers(7, "048151623420"); a.make("AIDA") != b.make("AIDA") {
		t.Error("the same seed gives other ids")
	}
}

func TestKeyAccountOfOtherText(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "AKIA", "AKIA0000000000000000", "akiaiosfodnn7example"} {
		if got := keyAccount(id); got != "" {
			t.Errorf("keyAccount(%q) = %q", id, got)
		}
	}
}

func TestTrustNamesIDs(t *testing.T) {
	t.Parallel()
	snap, truth := Sample(1, testNow)
	st, err := loadState(snap, 1, noSecret)
	if err != nil {
		t.Fatal(err)
	}
	r := st.roles.get("WARDEN-GUARD")
	u := st.users.get(truth.Guard)
	if !bytes.Contains(r.Trust, []byte(u.ID)) || bytes.Contains(r.Trust, []byte(u.ARN)) {
		t.Errorf("stored: %s", r.Trust)
	}
	if shown := st.trustWithARNs(r.Trust); !bytes.Contains(shown, []byte(u.ARN)) {
		t.Errorf("shown: %s", shown)
	}
	st.removeUser(u.Name)
	again := u.clone()
	again.ID = st.next.make(prefixUser)
	st.putUser(again)
	for _, text := range []json.RawMessage{st.trustWithARNs(r.Trust), st.trustToDecide(r.Trust)} {
		if !bytes.Contains(text, []byte(u.ID)) || bytes.Contains(text, []byte(u.ARN)) {
			t.Errorf("after re-creation: %s", text)
		}
	}
}

func TestRewritePrincipalsKeepsTheRest(t *testing.T) {
	t.Parallel()
	upper := func(s string) (string, error) { return strings.ToUpper(s), nil }
	tests := []struct{ in, want string }{
		{`{ "Statement" : { "Principal" : {"AWS": "a"}, "Sid":"a" } }`, `{ "Statement" : { "Principal" : {"AWS": "A"}, "Sid":"a" } }`},
		{`{"Statement":[{"NotPrincipal":{"AWS":["a\"\\","B","c"],"Service":"a"}},{"Condition":{"X":{"AWS":"a"}}}]}`,
			`{"Statement":[{"NotPrincipal":{"AWS":["A\"\\","B","C"],"Service":"a"}},{"Condition":{"X":{"AWS":"a"}}}]}`},
		{`{"Statement":{"Principal":"*"}}`, `{"Statement":{"Principal":"*"}}`},
	}
	for _, tt := range tests {
		got, err := rewritePrincipals([]byte(tt.in), upper)
		if err != nil || string(got) != tt.want {
			t.Errorf("got %s, %v; want %s", got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "{", `{"Statement":[`, `{"a" 1}`} {
		if _, err := rewritePrincipals([]byte(bad), upper); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestChangesReachAnotherState(t *testing.T) {
	t.Parallel()
	snap, truth := Sample(1, testNow)
	st, err := loadState(snap, 1, noSecret)
	if err != nil {
		t.Fatal(err)
	}
	view, err := loadState(snap, 1, noSecret)
	if err != nil {
		t.Fatal(err)
	}
	var pending []func(*state)
	st.onChange = func(apply func(*state)) { pending = append(pending, apply) }
	u := st.users.get(truth.Intruder).clone()
	key := u.AccessKeys[0].ID
	u.AccessKeys = nil
	st.putUser(u)
	if _, k := view.userOfKey(key); k == nil {
		t.Error("the view changed at once")
	}
	for _, apply := range pending {
		apply(view)
	}
	if _, k := view.userOfKey(key); k != nil {
		t.Error("the change did not reach the view")
	}
}
