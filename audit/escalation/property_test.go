package escalation_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"warden/account"
	"warden/account/authorize"
	"warden/audit/escalation"
)

// TestMonotone adds statements to random principals: an Allow never takes a
// way from anybody, a Deny never gives one.
func TestMonotone(t *testing.T) {
	t.Parallel()
	whole, _ := planted(7)
	random := rand.New(rand.NewPCG(11, 5))
	for round := range 25 {
		s := some(whole, random)
		before := states(s)
		for _, effect := range []string{"Allow", "Deny"} {
			changed, what := extended(s, effect, random)
			after := states(changed)
			for name, a := range after {
				if b := before[name]; effect == "Allow" && a > b || effect == "Deny" && a < b {
					t.Errorf("round %d: %s makes %s %d, was %d", round, what, name, a, b)
				}
			}
		}
	}
}

// states are how far everybody is from being an administrator: 0 for those who
// are or surely can, then those who might, then the others.
func states(s *account.Snapshot) map[string]int {
	out := map[string]int{}
	a := authorize.New(s)
	for _, p := range a.Principals() {
		out[p.Name] = 3
	}
	r := escalation.Find(a, s)
	rank := map[authorize.State]int{authorize.Allowed: 0, authorize.Depends: 1, authorize.Unknown: 2}
	for _, x := range r.Administrators {
		out[x.Principal.Name] = rank[x.State]
	}
	for _, w := range r.Ways {
		out[w.Principal.Name] = rank[w.State]
	}
	return out
}

// some keeps a part of an account.
func some(s *account.Snapshot, random *rand.Rand) *account.Snapshot {
	out := *s
	out.Users, out.Roles = nil, nil
	for _, u := range s.Users {
		if random.IntN(8) == 0 || u.LoginProfile != nil {
			out.Users = append(out.Users, u)
		}
	}
	for _, r := range s.Roles {
		if random.IntN(8) == 0 {
			out.Roles = append(out.Roles, r)
		}
	}
	return &out
}

// extended adds a random statement to somebody's policies.
func extended(s *account.Snapshot, effect string, random *rand.Rand) (*account.Snapshot, string) {
	paths := escalation.Catalogue()
	path := paths[random.IntN(len(paths))]
	action := []string{path.Needs[random.IntN(len(path.Needs))].Action, "iam:*", "sts:AssumeRole", "*"}[random.IntN(4)]
	resource := "*"
	if len(s.Roles) > 0 && random.IntN(3) == 0 {
		resource = s.Roles[random.IntN(len(s.Roles))].ARN
	}
	condition := []string{"", "", `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`}[random.IntN(4)]
	add := account.InlinePolicy{Name: "added", Document: json.RawMessage(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q%s}]}`, effect, action, resource, condition))}
	out := *s
	out.Users, out.Roles = slices.Clone(s.Users), slices.Clone(s.Roles)
	i := random.IntN(len(out.Users) + len(out.Roles))
	name := ""
	if i < len(out.Users) {
		out.Users[i].Inline = append(slices.Clone(out.Users[i].Inline), add)
		name = out.Users[i].Name
	} else {
		r := &out.Roles[i-len(out.Users)]
		r.Inline = append(slices.Clone(r.Inline), add)
		name = r.Name
	}
	return &out, fmt.Sprintf("%s for %s", add.Document, name)
}

// TestSteps follows a chain: a function's role, a role that this one assumes,
// and a user for whom that one makes keys. A statement in the middle stops all.
func TestSteps(t *testing.T) {
	t.Parallel()
	p := &planter{s: &account.Snapshot{Version: account.Version, Account: number, Partition: "aws"}}
	p.policy("AdministratorAccess", "aws", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	allow := func(resource, action string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
	}
	for i := range 5 {
		p.s.Users = append(p.s.Users, p.user(fmt.Sprintf("dev%d", i), []string{allow("*", "lambda:*"), allow(arnOf("role", "first"), "iam:PassRole")}))
	}
	admin := p.user("admin", nil)
	admin.Attached = []string{administrator}
	p.s.Users = append(p.s.Users, admin, p.user("reader", []string{allow("*", "iam:Get*")}))
	p.s.Roles = []account.Role{
		{Path: "/", Name: "first", ID: "AROA1", ARN: arnOf("role", "first"), Trust: trust(`{"Service":"lambda.amazonaws.com"}`, "sts:AssumeRole")},
		{Path: "/", Name: "second", ID: "AROA2", ARN: arnOf("role", "second"), Trust: trust(fmt.Sprintf(`{"AWS":%q}`, arnOf("role", "first")), "sts:AssumeRole"),
			Inline: []account.InlinePolicy{{Name: "keys", Document: document([]string{allow(arnOf("user", "*"), "iam:CreateAccessKey")})}}},
	}
	r := escalation.Find(authorize.New(p.s), p.s)
	var got []string
	for _, step := range r.Ways[0].Steps {
		got = append(got, fmt.Sprintf("%s as %s", step.Path.ID, step.To))
	}
	if want := []string{"lambda-001 as role first", "sts-001 as role second", "iam-002 as user admin"}; !slices.Equal(got, want) {
		t.Errorf("the way is %q, want %q", got, want)
	}
	if len(r.Ways) != 7 || r.Count(authorize.Allowed) != 7 || r.Clear != 1 {
		t.Errorf("%d ways, %d of them sure, %d clear; want 7, 7, 1", len(r.Ways), r.Count(authorize.Allowed), r.Clear)
	}
	cuts := escalation.Cuts(r, p.s, 8, nil)
	if len(cuts) == 0 || cuts[0].Statement.Policy != "role/second/keys" || len(cuts[0].Stopped) != 7 {
		t.Fatalf("the first cut is not the key creation that all need: %+v", cuts)
	}
	dev, _ := authorize.New(p.s).Find("dev3")
	cuts = escalation.Cuts(r, p.s, 8, dev)
	for _, c := range cuts {
		// Who may change functions might still find one that has the role.
		if hit := slices.Concat(c.Stopped, c.Weakened); len(hit) != 1 || hit[0].Name != "dev3" {
			t.Errorf("a cut of dev3's way stops or weakens %v", hit)
		}
	}
	if len(cuts) != 5 {
		t.Errorf("%d cuts of dev3's way, want 5: two of his statements, two trust policies, the keys", len(cuts))
	}
}
