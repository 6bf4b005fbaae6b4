package account_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
)

func TestReadSnapshotRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"empty", ``, "is empty"},
		{"cut off", "{\"version\":1,\n\"account\":", "line 2"},
		{"no version", `{"account":"111122223333"}`, `has no "version"`},
		{"newer", `{"version":2,"account":"111122223333","surprise":1}`, "snapshot version 2 is newer than 1"},
		{"unknown field", `{"version":1,"account":"111122223333","surprise":1}`, `unknown field "surprise"`},
		{"wrong type", "{\"version\":1,\n\"account\":7}", "line 2"},
		{"account", `{"version":1,"account":"12"}`, "twelve digits"},
		{"letters", `{"version":1,"account":"12345678901x"}`, "twelve digits"},
		{"trailing", `{"version":1,"account":"111122223333"} {}`, "after top-level value"},
		{"user without id", `{"version":1,"account":"111122223333","users":[{"name":"a"}]}`, "needs a name and an id"},
		{"role without id", `{"version":1,"account":"111122223333","roles":[{"name":"a"}]}`, "needs a name and an id"},
		{"two accounts", `{"version":1,"account":"111122223333","users":[{"name":"a","id":"AIDAX","arn":"arn:aws:iam::999988887777:user/a"}]}`, "user/a is not of account 111122223333"},
		{"two accounts in an answer", `{"UserDetailList":[{"UserName":"a","UserId":"A","Arn":"arn:aws:iam::111122223333:user/a"}],"RoleDetailList":[{"RoleName":"b","RoleId":"B","Arn":"arn:aws:iam::999988887777:role/b"}]}`, "role/b is not of account 111122223333"},
		{"twice", `{"version":1,"account":"111122223333","users":[{"name":"a","id":"AIDAX","arn":"arn:aws:iam::111122223333:user/a"},{"name":"a","id":"AIDAX","arn":"arn:aws:iam::111122223333:user/a"}]}`, "user/a is there twice"},
		{"list", `[]`, "line 1 column 2: the file has the wrong type (array)"},
		{"wrong type", `{"version":1,"account":5}`, `"account" has the wrong type (number)`},
		{"unknown group", `{"version":1,"account":"111122223333","users":[{"name":"a","id":"AIDAX","groups":["g"]}]}`, `group "g"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := account.ReadSnapshot("s.json", strings.NewReader(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "s.json:") {
				t.Fatalf("got %v, want an error of s.json with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	want := &account.Snapshot{
		Version: account.Version, Account: "111122223333", Partition: "aws", CollectedAt: when,
		Groups: []account.Group{{Path: "/", Name: "g", ID: "AGPAX", ARN: "arn:aws:iam::111122223333:group/g", CreateDate: when}},
		Users: []account.User{{Path: "/", Name: "a<b", ID: "AIDAX", ARN: "arn:aws:iam::111122223333:user/a", CreateDate: when, Groups: []string{"g"},
			Inline: []account.InlinePolicy{{Name: "p", Document: []byte(`{"a":1,"a":2}`)}}}},
		Gaps: []account.Gap{{What: "iam:ListRoles", Reason: "AccessDenied"}},
	}
	var b bytes.Buffer
	if err := account.WriteSnapshot(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := account.ReadSnapshot("s.json", &b)
	if err != nil {
		t.Fatal(err)
	}
	compact := cmp.Transformer("compact", func(d account.InlinePolicy) string {
		return d.Name + strings.Join(strings.Fields(string(d.Document)), "")
	})
	if diff := cmp.Diff(want, got, compact); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(`{"version":1,"account":"111122223333","users":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := account.ReadSnapshot("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := account.WriteSnapshot(&b, s); err != nil {
			t.Fatal(err)
		}
		if _, err := account.ReadSnapshot("again", &b); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

func TestParseARN(t *testing.T) {
	t.Parallel()
	a, err := account.ParseARN("arn:aws:iam::111122223333:role/ci/build:x")
	if err != nil || a.Type() != "role" || a.Name() != "build:x" || a.Account != "111122223333" {
		t.Fatalf("%+v %v", a, err)
	}
	if a.String() != "arn:aws:iam::111122223333:role/ci/build:x" {
		t.Error(a.String())
	}
	for _, bad := range []string{"", "arn:aws:iam", "x:aws:iam::1:user/a", "arn:aws:iam::1:"} {
		if _, err := account.ParseARN(bad); err == nil {
			t.Errorf("%q was taken for an ARN", bad)
		}
	}
}
