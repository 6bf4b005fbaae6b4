package rehearse_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/change"
	"warden/change/rehearse"
)

const (
	user   = "arn:aws:iam::111122223333:user/ann"
	role   = "arn:aws:iam::111122223333:role/app"
	group  = "arn:aws:iam::111122223333:group/devs"
	denyP  = "arn:aws:iam::111122223333:policy/DENY-IAM"
	readP  = "arn:aws:iam::111122223333:policy/Read"
	allow  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}`
	narrow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
)

func snapshot() *account.Snapshot {
	return &account.Snapshot{
		Version: account.Version, Account: "111122223333", Partition: "aws", CollectedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Users: []account.User{{Name: "ann", ID: "AIDA1", ARN: user, Groups: []string{"devs"}, Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(allow)}},
			AccessKeys: []account.AccessKey{{ID: "AKIA1", Active: true}}}},
		Groups: []account.Group{{Name: "devs", ID: "AGPA1", ARN: group, Attached: []string{readP}}},
		Roles:  []account.Role{{Name: "app", ID: "AROA1", ARN: role}},
		Policies: []account.ManagedPolicy{
			{Name: "DENY-IAM", ARN: denyP, Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(`{}`)}}},
			{Name: "Read", ARN: readP, Versions: []account.PolicyVersion{{ID: "v1", Document: json.RawMessage(narrow)}, {ID: "v2", Default: true, Document: json.RawMessage(allow)}}},
		},
	}
}

func plan(t *testing.T, steps ...change.Step) change.Plan {
	t.Helper()
	p, err := change.NewPlan(change.Plan{Account: "111122223333", Incident: "i", Round: 1, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlan(t *testing.T) {
	t.Parallel()
	ann := change.Identity{ARN: user, ID: "AIDA1"}
	before := snapshot()
	got, problems, err := rehearse.Plan(before, plan(t,
		change.Attach(ann, denyP),
		change.DeleteInline(ann, "own", allow),
		change.PutInline(change.Identity{ARN: role}, "new", change.Absent, narrow),
		change.PutBoundary(ann, change.Absent, readP),
		change.DeactivateKey(ann, "AKIA1"),
		change.Detach(change.Identity{ARN: group, ID: "AGPA1"}, readP),
		change.SetDefaultPolicyVersion(readP, change.State{Exists: true, Text: allow, Version: "v2"}, change.State{Exists: true, Text: narrow, Version: "v1"}),
		change.CreatePolicy("arn:aws:iam::111122223333:policy/New", narrow, ""),
	))
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	want := snapshot()
	u := &want.Users[0]
	u.Attached, u.Inline, u.Boundary, u.AccessKeys[0].Active = []string{denyP}, []account.InlinePolicy{}, readP, false
	want.Groups[0].Attached = []string{}
	want.Roles[0].Inline = []account.InlinePolicy{{Name: "new", Document: json.RawMessage(narrow)}}
	want.Policies[1].Versions = []account.PolicyVersion{{ID: "v2", Document: json.RawMessage(allow)}, {ID: "v1", Default: true, Document: json.RawMessage(narrow)}}
	want.Policies = append(want.Policies, account.ManagedPolicy{Name: "New", ARN: "arn:aws:iam::111122223333:policy/New", Versions: []account.PolicyVersion{{ID: "v1", Default: true, Document: json.RawMessage(narrow)}}})
	if diff := cmp.Diff(canonical(t, want), canonical(t, got)); diff != "" {
		t.Errorf("after the plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(canonical(t, snapshot()), canonical(t, before)); diff != "" {
		t.Errorf("the snapshot that was given changed:\n%s", diff)
	}
}

func canonical(t *testing.T, s *account.Snapshot) string {
	t.Helper()
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPlanProblems(t *testing.T) {
	t.Parallel()
	ann := change.Identity{ARN: user, ID: "AIDA1"}
	for _, test := range []struct {
		name string
		step change.Step
		want string
	}{
		{"nobody", change.Attach(change.Identity{ARN: "arn:aws:iam::111122223333:user/gone"}, denyP), "is not in the snapshot"},
		{"another of that name", change.Attach(change.Identity{ARN: user, ID: "AIDA2"}, denyP), "made anew"},
		{"another text", change.DeleteInline(ann, "own", narrow), "starts from"},
		{"a key that is not there", change.DeactivateKey(ann, "AKIA9"), "no such key"},
		{"a policy that is not there", change.DeletePolicy("arn:aws:iam::111122223333:policy/None", allow), "not in the snapshot"},
		{"a policy that is", change.CreatePolicy(readP, allow, ""), "exists"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, problems, err := rehearse.Plan(snapshot(), plan(t, test.step))
			if err != nil || len(problems) != 1 || !strings.Contains(problems[0], test.want) {
				t.Errorf("%v, %q; want %q", err, problems, test.want)
			}
		})
	}
	foreign := plan(t)
	foreign.Account = "444455556666"
	if _, _, err := rehearse.Plan(snapshot(), foreign); err == nil {
		t.Error("a plan for another account was taken")
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"own", "Read", readP} {
		got, err := rehearse.Replace(snapshot(), user, name, []byte(narrow))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := canonical(t, got); text == canonical(t, snapshot()) {
			t.Errorf("%s: nothing changed", name)
		}
	}
	for _, name := range []string{"DENY-IAM", "none"} {
		if _, err := rehearse.Replace(snapshot(), user, name, []byte(narrow)); err == nil {
			t.Errorf("%s is not his and was replaced", name)
		}
	}
	got, err := rehearse.Inline(snapshot(), role, "added", []byte(narrow))
	if err != nil || len(got.Roles[0].Inline) != 1 {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := rehearse.Inline(snapshot(), group, "added", []byte(narrow)); err != nil {
		t.Error(err)
	}
	if _, err := rehearse.Inline(snapshot(), "arn:aws:iam::111122223333:user/x", "added", []byte(narrow)); err == nil {
		t.Error("a policy was put on nobody")
	}
}

func TestIdentityKinds(t *testing.T) {
	t.Parallel()
	const trust, other = `{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}`
	ann, app := change.Identity{ARN: user, ID: "AIDA1"}, change.Identity{ARN: role, ID: "AROA1"}
	before := snapshot()
	before.Roles[0].Trust = json.RawMessage(trust)
	before.Users[0].LoginProfile = &account.LoginProfile{}
	got, problems, err := rehearse.Plan(before, plan(t,
		change.RemoveMember(ann, "devs"),
		change.AddMember(ann, "ops"),
		change.PutTrust(app, trust, other),
		change.DeletePassword(ann, "2026-01-01T00:00:00Z"),
	))
	if err != nil || len(problems) != 0 {
		t.Fatal(problems, err)
	}
	if u := got.Users[0]; len(u.Groups) != 1 || u.Groups[0] != "ops" || u.LoginProfile != nil {
		t.Errorf("%+v", u)
	}
	if string(got.Roles[0].Trust) != other {
		t.Errorf("%s", got.Roles[0].Trust)
	}
	if before.Users[0].Groups[0] != "devs" || before.Users[0].LoginProfile == nil {
		t.Error("the snapshot that was given changed")
	}

	_, problems, err = rehearse.Plan(before, plan(t,
		change.Deactivate(change.SSHKey, ann, "APKA1"),
		change.LeaveProfile(app, "web"),
		change.DeleteProvider(change.SAMLProvider, "arn:aws:iam::111122223333:saml-provider/x", "<xml/>"),
		change.PutTrust(app, other, trust+" "),
		change.AddMember(change.Identity{ARN: user, ID: "AIDA2"}, "ops"),
	))
	if err != nil || len(problems) != 4 { // the state after the fourth is the one that is there
		t.Errorf("%d problems: %q, %v", len(problems), problems, err)
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	app := change.Identity{ARN: role, ID: "AROA1"}
	d := change.Denial{Action: "iam:*", Key: change.UserID, Value: "AROA1:bad", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	got, problems, err := rehearse.Plan(snapshot(), plan(t, change.PutStatement(app, "Warden", change.Absent, d)))
	if err != nil || len(problems) != 0 {
		t.Fatal(problems, err)
	}
	if in := got.Roles[0].Inline; len(in) != 1 || in[0].Name != "Warden" || !strings.Contains(string(in[0].Document), d.Sid()) {
		t.Fatalf("%+v", got.Roles[0].Inline)
	}
	_, problems, err = rehearse.Plan(snapshot(), plan(t, change.PutGuardrail("arn:aws:organizations::111122223333:policy/o-abcdefghij/service_control_policy/p-12345678", change.Absent, d)))
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "organisation") {
		t.Errorf("%q %v", problems, err)
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	s := snapshot()
	s.Users = append(s.Users, account.User{Name: "ben", ID: "AIDA2", ARN: user + "x", Groups: []string{"devs"}, Boundary: readP})
	s.Groups[0].Inline = []account.InlinePolicy{{Name: "shared", Document: json.RawMessage(allow)}}
	for policy, want := range map[string]string{
		"own": "", "Read": "group devs (1 other member), user ben", readP: "group devs (1 other member), user ben", "shared": "group devs (1 other member)", "group/devs/shared": "group devs (1 other member)",
	} {
		if got := strings.Join(rehearse.Others(s, user, policy), ", "); got != want {
			t.Errorf("%s: %q, want %q", policy, got, want)
		}
	}
}
