package account_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
)

// What the AWS CLI prints becomes a snapshot, by itself and compressed,
// wherever one is read.
func TestReadGAAD(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/gaad.json")
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC)
	const empty = `{"Version":"2012-10-17","Statement":[]}`
	want := &account.Snapshot{
		Version: account.Version, Account: "111122223333", Partition: "aws",
		Users: []account.User{{Path: "/team/", Name: "ann", ID: "AIDAEXAMPLEANN", ARN: "arn:aws:iam::111122223333:user/team/ann", CreateDate: when,
			Groups: []string{"Ops"}, Attached: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, Boundary: "arn:aws:iam::111122223333:policy/edge",
			Inline: []account.InlinePolicy{{Name: "own", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)}},
			Tags:   map[string]string{"owner": "ops"}}},
		Groups: []account.Group{{Path: "/", Name: "Ops", ID: "AGPAEXAMPLEOPS", ARN: "arn:aws:iam::111122223333:group/Ops", CreateDate: when}},
		Roles: []account.Role{{Path: "/", Name: "app", ID: "AROAEXAMPLEAPP", ARN: "arn:aws:iam::111122223333:role/app", CreateDate: when,
			Trust: json.RawMessage(empty), Inline: []account.InlinePolicy{{Name: "broken"}}, Profiles: []string{"arn:aws:iam::111122223333:instance-profile/app"},
			LastUsed: &account.RoleUse{Date: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Region: "eu-west-1"}}},
		Policies: []account.ManagedPolicy{
			{Path: "/", Name: "edge", ID: "ANPAEXAMPLEEDGE", ARN: "arn:aws:iam::111122223333:policy/edge", CreateDate: when, UpdateDate: when,
				Versions: []account.PolicyVersion{{ID: "v1", Default: true, CreateDate: when, Document: json.RawMessage(empty)}}},
			{Name: "ReadOnlyAccess", ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		Gaps: []account.Gap{{What: "iam:GetAccountAuthorizationDetails", Subject: "arn:aws:iam::111122223333:role/app",
			Reason: `the document of broken cannot be read: invalid URL escape "%zz"`}},
	}
	compact := cmp.Transformer("compact", func(d json.RawMessage) string { return strings.Join(strings.Fields(string(d)), "") })
	got, err := account.ReadGAAD("gaad.json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, compact); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	if _, err := zip.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	got, err = account.ReadSnapshot("gaad.json.gz", &compressed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, compact); diff != "" {
		t.Errorf("compressed, as a snapshot (-want +got):\n%s", diff)
	}
}

func TestReadGAADRefuses(t *testing.T) {
	t.Parallel()
	const user = `{"UserName":"a","UserId":"AIDAX","Arn":"arn:aws:iam::111122223333:user/a","GroupList":["g"]}`
	for _, tc := range []struct{ name, in, want string }{
		{"something else", `{"Users":[]}`, "has no UserDetailList"},
		{"not JSON", `{`, "line 1"},
		{"the first page", `{"UserDetailList":[],"IsTruncated":true}`, "only the beginning"},
		{"--max-items", `{"UserDetailList":[],"NextToken":"x"}`, "only the beginning"},
		{"nobody", `{"UserDetailList":[]}`, "has no user"},
		{"users only", `{"UserDetailList":[` + user + `]}`, `group "g"`},
		{"a wrong date", `{"UserDetailList":[{"CreateDate":"yesterday"}]}`, "cannot parse"},
	} {
		_, err := account.ReadGAAD("g.json", strings.NewReader(tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "g.json: ") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	if _, err := account.ReadSnapshot("s.gz", strings.NewReader("\x1f\x8bnot gzip at all")); err == nil || !strings.HasPrefix(err.Error(), "s.gz: ") {
		t.Errorf("broken gzip: %v", err)
	}
}

func FuzzReadGAAD(f *testing.F) {
	data, err := os.ReadFile("testdata/gaad.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := account.ReadGAAD("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := account.WriteSnapshot(&b, s); err != nil {
			return // a date outside of the years that JSON can write
		}
		if _, err := account.ReadSnapshot("again", &b); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// A snapshot written before the format had facts is still read, and knows
// nothing of them.
func TestReadOldSnapshot(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/v1.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := account.ReadSnapshot("v1.json", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Users) == 0 || !cmp.Equal(s.Facts, account.Facts{}) {
		t.Errorf("users %d, facts %+v", len(s.Users), s.Facts)
	}
	var b bytes.Buffer
	if err := account.WriteSnapshot(&b, s); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"credentialReport", "summary", "passwordPolicy", "regions", "mfaDevices", "lastAccessed"} {
		if strings.Contains(b.String(), field) {
			t.Errorf("%s is written though nothing is known of it", field)
		}
	}
}
