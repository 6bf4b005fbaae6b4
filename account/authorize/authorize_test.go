package authorize_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"warden/account"
	"warden/account/authorize"
	"warden/policy"
)

// small reads the snapshot that was written by hand.
func small(t testing.TB) *account.Snapshot {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "small.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := account.ReadSnapshot("small.json", f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t *testing.T, a *authorize.Authorizer, name string) *authorize.Principal {
	t.Helper()
	p, err := a.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const acct = "arn:aws:iam::111122223333:"

func TestAsk(t *testing.T) {
	t.Parallel()
	a := authorize.New(small(t))
	mfa := policy.Context{}
	mfa.Set("aws:MultiFactorAuthPresent", policy.One("true"))
	noMFA := policy.Context{"aws:multifactorauthpresent": policy.Absent()}
	external := policy.Context{"sts:externalid": policy.One("x-1")}
	for _, tc := range []struct {
		name, who, action, resource string
		context                     policy.Context
		want                        authorize.State
		says                        string // in the deciding statement, the keys or the reasons
	}{
		{"inline policy", "alice", "s3:GetObject", "arn:aws:s3:::photos/alice/1", nil, authorize.Allowed, "user/alice/own"},
		{"variable in it", "alice", "s3:GetObject", "arn:aws:s3:::photos/bob/1", nil, authorize.Denied, ""},
		{"group's managed policy", "alice", "iam:ListUsers", "*", nil, authorize.Allowed, "policy/look"},
		{"group's inline policy", "alice", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", nil, authorize.Allowed, "group/Staff/queue"},
		{"not in the group", "bob", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", nil, authorize.Denied, ""},
		{"deny wins", "alice", "iam:CreateUser", acct + "user/x", nil, authorize.Denied, "NoUsers"},
		{"boundary leaves room", "bob", "s3:GetObject", "arn:aws:s3:::photos/1", nil, authorize.Allowed, "user/bob/all"},
		{"boundary stops", "bob", "iam:CreateUser", acct + "user/x", nil, authorize.Denied, ""},
		{"key not given", "carol", "iam:CreateAccessKey", acct + "user/carol", nil, authorize.Depends, "aws:multifactorauthpresent"},
		{"key given", "carol", "iam:CreateAccessKey", acct + "user/carol", mfa, authorize.Allowed, "WithMFA"},
		{"key known to be absent", "carol", "iam:CreateAccessKey", acct + "user/carol", noMFA, authorize.Denied, ""},
		{"tag of the principal", "carol", "ec2:StartInstances", "*", nil, authorize.Allowed, "ByTeam"},
		{"user without the tag", "alice", "ec2:StartInstances", "*", nil, authorize.Denied, ""},
		{"tag of the resource", "carol", "iam:TagUser", acct + "user/alice", nil, authorize.Allowed, "ByOwner"},
		{"resource without the tag", "carol", "iam:TagUser", acct + "user/bob", nil, authorize.Denied, ""},
		{"boundary of the target", "carol", "iam:PutUserPolicy", acct + "user/bob", nil, authorize.Allowed, "Bounded"},
		{"target without boundary", "carol", "iam:PutUserPolicy", acct + "user/alice", nil, authorize.Denied, ""},

		{"missing policy, nothing else", "dan", "ec2:RunInstances", "*", nil, authorize.Unknown, "arn:aws:iam::aws:policy/Elsewhere is attached and not in the snapshot"},
		{"missing policy might deny", "dan", "s3:GetObject", "arn:aws:s3:::photos/1", nil, authorize.Unknown, "Elsewhere"},
		{"missing policy cannot overrule", "dan", "iam:CreateUser", acct + "user/x", nil, authorize.Denied, "Never"},
		{"duplicate key", "erin", "s3:GetObject", "arn:aws:s3:::photos/1", nil, authorize.Unknown, "twice"},
		{"defect elsewhere does not matter", "erin", "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t", nil, authorize.Allowed, "Tell"},
		{"no policy at all", "frank", "sns:Publish", "*", nil, authorize.Unknown, "user/frank/broken"},
		{"gap that concerns him", "gina", "sns:Publish", "*", nil, authorize.Unknown, "iam:ListUserPolicies of gina"},

		{"role", "role/app", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", nil, authorize.Allowed, "role/app/queue"},
		{"one session of a role is denied", "role/app", "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t", nil, authorize.Depends, "aws:userid"},
		{"that session", "arn:aws:sts::111122223333:assumed-role/app/evil", "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t", nil, authorize.Denied, "NotThis"},
		{"another session", "arn:aws:sts::111122223333:assumed-role/app/good", "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:t", nil, authorize.Allowed, "role/app/queue"},

		{"trust names the user", "alice", "sts:AssumeRole", acct + "role/app", nil, authorize.Allowed, "the trust policy of role app"},
		{"trust does not name him", "bob", "sts:AssumeRole", acct + "role/app", nil, authorize.Denied, ""},
		{"trust names the account, he may", "bob", "sts:AssumeRole", acct + "role/ops", nil, authorize.Denied, ""},
		{"trust with a condition", "carol", "sts:AssumeRole", acct + "role/ops", nil, authorize.Depends, "sts:externalid"},
		{"condition met", "carol", "sts:AssumeRole", acct + "role/ops", external, authorize.Allowed, "user/carol/work"},
		{"session named in the trust policy", "role/app", "sts:AssumeRole", acct + "role/chained", nil, authorize.Depends, "session's name (nightly)"},
		{"that session of it", "arn:aws:sts::111122223333:assumed-role/app/nightly", "sts:AssumeRole", acct + "role/chained", nil, authorize.Allowed, "role chained"},
		{"no such role", "carol", "sts:AssumeRole", acct + "role/none", nil, authorize.Denied, ""},
		{"unreadable trust policy", "carol", "sts:AssumeRole", acct + "role/odd", nil, authorize.Unknown, "the trust policy of role odd"},
		{"role of another account", "carol", "sts:AssumeRole", "arn:aws:iam::444455556666:role/r", nil, authorize.Unknown, "account 444455556666 must allow it too"},
		{"role of another account, not allowed", "alice", "sts:AssumeRole", "arn:aws:iam::444455556666:role/r", nil, authorize.Denied, ""},
		{"key with its own policy", "carol", "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", nil, authorize.Unknown, "policy of the key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := a.Ask(find(t, a, tc.who), authorize.Request{Action: tc.action, Resource: tc.resource, Context: tc.context})
			said := strings.Join(append(slices.Clone(got.DependsOn), got.Why...), "\n")
			if ref, ok := got.Granting(); ok && got.State == authorize.Allowed {
				said += ref.String()
			}
			if ref, ok := got.Denying(); ok && got.State == authorize.Denied {
				said += ref.String()
			}
			if got.State != tc.want || !strings.Contains(said, tc.says) {
				t.Errorf("%s (%q), want %s with %q\n%+v", got.State, said, tc.want, tc.says, got.Result)
			}
		})
	}
}

func TestWhoCan(t *testing.T) {
	t.Parallel()
	s := small(t)
	a := authorize.New(s)
	names := func(r authorize.Report) []string {
		out := []string{}
		for _, x := range r.Answers {
			out = append(out, string(x.State)+" "+x.Principal.String())
		}
		return out
	}
	got := a.WhoCan(authorize.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/alice/1"})
	want := []string{"allowed user alice", "allowed user bob", "unknown user dan", "unknown user erin", "unknown user frank", "unknown user gina"}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Error(diff)
	}
	if all := len(a.Principals()); len(got.Answers)+got.Denied != all || all != len(s.Users)+len(s.Roles) {
		t.Errorf("%d answers and %d denials for %d principals", len(got.Answers), got.Denied, all)
	}
	if got.Count(authorize.Allowed) != 2 || got.Count(authorize.Denied) != got.Denied {
		t.Errorf("counts: %+v", got)
	}
	if len(got.Incomplete) != 2 || !strings.Contains(got.Incomplete[0], "iam:GetRole of vanished") || !strings.Contains(got.Incomplete[1], "iam:ListRoles") {
		t.Errorf("incomplete: %q", got.Incomplete)
	}
	// A report is no other than the answers one by one.
	for _, p := range a.Principals() {
		x := a.Ask(p, authorize.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::photos/alice/1"})
		listed := slices.Contains(names(got), string(x.State)+" "+p.String())
		if listed != (x.State != authorize.Denied) {
			t.Errorf("%s: %s, listed %v", p, x.State, listed)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	a := authorize.New(small(t))
	for name, want := range map[string]string{
		"alice": "user alice", "ALICE": "user alice", "user/alice": "user alice", acct + "user/alice": "user alice",
		"role/twins": "role twins", "user/twins": "user twins",
		"arn:aws:sts::111122223333:assumed-role/app/x": "role app (session x)",
	} {
		if p, err := a.Find(name); err != nil || p.String() != want {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
	for name, want := range map[string]string{
		"nobody": `no user or role "nobody"`, "twins": "say user/twins or role/twins",
		"arn:aws:iam::444455556666:user/alice": "belongs to account 444455556666", acct + "user/nobody": "has no user, role",
		"arn:nonsense": "not an ARN",
	} {
		if p, err := a.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	got, err := authorize.Actions("iam:Create*Key", "*")
	if err != nil || !slices.Equal(got, []string{"iam:CreateAccessKey"}) {
		t.Error(got, err)
	}
	got, err = authorize.Actions("iam:Create*", acct+"group/x")
	if err != nil || !slices.Equal(got, []string{"iam:CreateGroup"}) {
		t.Error(got, err)
	}
	for in, want := range map[string]string{
		"CreateUser": "want service:Name", "*": "want service:Name", "i*:CreateUser": "takes no wildcard", "iam:Craete*": "no action is known",
	} {
		if got, err := authorize.Actions(in, "*"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v", in, got, err)
		}
	}
	if got, err := authorize.Actions("s3:GetObj*", "arn:aws:s3:::bucket"); err == nil {
		t.Error("actions on objects act on no bucket", got)
	}
}

func TestCan(t *testing.T) {
	t.Parallel()
	a := authorize.New(small(t))
	can := func(name string) string {
		var b strings.Builder
		for _, s := range a.Can(find(t, a, name), nil) {
			for _, g := range s.Grants {
				b.WriteString(string(g.State) + " " + g.Action.String() + " " + strings.Join(g.Resources, " ") + " " + strings.Join(g.DependsOn, " ") + "\n")
			}
		}
		return b.String()
	}
	for _, tc := range []struct {
		who        string
		says, lack []string
	}{
		{"alice", []string{"allowed s3:GetObject arn:aws:s3:::photos/${aws:username}/* \n", "allowed iam:ListUsers * \n", "allowed sts:AssumeRole " + acct + "role/app \n", "allowed sqs:SendMessage arn:aws:sqs:*:111122223333:* \n", "allowed sts:GetCallerIdentity * \n"},
			[]string{"iam:CreateUser", "s3:ListBucket", "ec2:"}},
		{"bob", []string{"allowed s3:ListBucket * \n", "allowed s3:PutObject * \n"}, []string{"iam:CreateUser", "ec2:"}},
		{"carol", []string{"depends iam:CreateAccessKey " + acct + "user/${aws:username} aws:multifactorauthpresent\n", "depends sts:AssumeRole " + acct + "role/ops sts:externalid\n", "unknown sts:AssumeRole " + acct + "role/odd arn:aws:iam::444455556666:role/r \n"}, []string{"s3:"}},
	} {
		got := can(tc.who)
		for _, want := range tc.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", tc.who, want, got)
			}
		}
		for _, never := range tc.lack {
			if strings.Contains(got, never) {
				t.Errorf("%s: %q in\n%s", tc.who, never, got)
			}
		}
	}
}
