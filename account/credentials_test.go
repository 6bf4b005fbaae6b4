package account_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
)

// The columns as live reports have them, and the one that the guide adds.
const (
	columns22 = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
		"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
		"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
		"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
	columns23 = columns22 + ",additional_credentials_info"
	rootLine  = "<root_account>,arn:aws:iam::111122223333:root,2019-01-02T03:04:05+00:00,not_supported,2026-01-01T10:00:00+00:00,not_supported,not_supported,false," +
		"true,2019-01-02T03:04:05+00:00,2026-01-02T00:00:00+00:00,us-east-1,iam,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	annLine = "ann,arn:aws:iam::111122223333:user/ann,2020-01-02T03:04:05Z,true,no_information,2020-01-02T03:04:05+00:00,N/A,true," +
		"true,2020-02-02T03:04:05+00:00,N/A,N/A,N/A,false,2021-02-02T03:04:05+00:00,2021-03-02T03:04:05+00:00,N/A,s3,false,N/A,false,N/A"
)

func TestReadCredentialReport(t *testing.T) {
	t.Parallel()
	got, err := account.ReadCredentialReport("report.csv", strings.NewReader("\ufeff"+columns22+"\r\n"+rootLine+"\r\n"+annLine+"\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	on := func(s string) account.Moment {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return account.On(d)
	}
	none := account.Word("N/A")
	unused := account.ReportedKey{Active: "false", LastRotated: none, LastUsed: none, Region: "N/A", Service: "N/A"}
	certs := [2]account.ReportedCertificate{{Active: "false", LastRotated: none}, {Active: "false", LastRotated: none}}
	want := &account.CredentialReport{Evidence: account.Evidence{Source: "report.csv"}, Columns: 22, Rows: []account.CredentialRow{
		{User: "<root_account>", ARN: "arn:aws:iam::111122223333:root", Created: on("2019-01-02T03:04:05Z"), PasswordEnabled: "not_supported",
			PasswordLastUsed: on("2026-01-01T10:00:00Z"), PasswordLastChanged: account.Word("not_supported"), PasswordNextRotation: account.Word("not_supported"),
			MFA: "false", Certificates: certs, Keys: [2]account.ReportedKey{
				{Active: "true", LastRotated: on("2019-01-02T03:04:05Z"), LastUsed: on("2026-01-02T00:00:00Z"), Region: "us-east-1", Service: "iam"}, unused}},
		{User: "ann", ARN: "arn:aws:iam::111122223333:user/ann", Created: on("2020-01-02T03:04:05Z"), PasswordEnabled: "true",
			PasswordLastUsed: account.Word("no_information"), PasswordLastChanged: on("2020-01-02T03:04:05Z"), PasswordNextRotation: none,
			MFA: "true", Certificates: certs, Keys: [2]account.ReportedKey{
				{Active: "true", LastRotated: on("2020-02-02T03:04:05Z"), LastUsed: none, Region: "N/A", Service: "N/A"},
				// An inactive key keeps its dates.
				{Active: "false", LastRotated: on("2021-02-02T03:04:05Z"), LastUsed: on("2021-03-02T03:04:05Z"), Region: "N/A", Service: "s3"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	root, ok := got.Root()
	if !ok || !root.IsRoot() || root.PasswordEnabled.Yes() || root.PasswordEnabled.No() {
		t.Errorf("root: %v %+v", ok, root)
	}
	if ann, _ := got.Row("ann"); !ann.Keys[1].Exists() || root.Keys[1].Exists() {
		t.Error("which keys exist")
	}
}

func TestReadCredentialReportOddities(t *testing.T) {
	t.Parallel()
	row := func(user, arn string) string {
		return strings.Replace(strings.Replace(annLine, "ann,", user+",", 1), "arn:aws:iam::111122223333:user/ann", arn, 1)
	}
	user := "arn:aws:iam::111122223333:user/"
	for _, tc := range []struct {
		name, in string
		users    string // of the rows
		skipped  string
		columns  int
	}{
		{"no root row", columns22 + "\n" + annLine, "ann", "", 22},
		{"additional credentials", columns23 + "\n" + annLine + ",3 access keys\n" + rootLine + ",", "ann|<root_account>", "", 23},
		{"other order and case", "ARN,Mfa_Active,USER\n" + user + "bo,TRUE,bo\n", "bo", "", 3},
		{"commas in quotes", columns22 + "\n" + row(`"a,b"`, `"`+user+`a,b"`), "a,b", "", 22},
		{"commas without quotes", columns22 + "\n" + row("a,,b", user+"team/a,,b") + "\n" + annLine, "a,,b|ann", "", 22},
		{"angle brackets and unicode", columns22 + "\n" + row("<b>é漢", user+"<b>é漢"), "<b>é漢", "", 22},
		{"too many fields", columns22 + "\n" + annLine + ",x,y\n" + rootLine, "<root_account>", "line 2: 24 fields, 22 columns", 22},
		{"too few fields", columns22 + "\ncut,arn", "cut", "", 22},
		{"no user", columns22 + "\n" + row("", "x") + "\n" + annLine, "ann", "line 2: no user", 22},
		{"a user twice", columns22 + "\n" + annLine + "\n" + annLine, "ann", `line 3: user "ann" for the second time`, 22},
		{"a quote too many", columns22 + "\n" + `a"b,x` + "\n" + annLine, "ann", `line 2, column 2: bare`, 22},
		{"nobody", columns22 + "\n", "", "", 22},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := account.ReadCredentialReport("r.csv", strings.NewReader(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			var users []string
			for _, r := range got.Rows {
				users = append(users, r.User)
			}
			if s := strings.Join(users, "|"); s != tc.users {
				t.Errorf("users %q, want %q", s, tc.users)
			}
			if s := strings.Join(got.Skipped, "|"); !strings.Contains(s, tc.skipped) || (s == "") != (tc.skipped == "") {
				t.Errorf("skipped %q, want %q", s, tc.skipped)
			}
			if got.Columns != tc.columns {
				t.Errorf("%d columns, want %d", got.Columns, tc.columns)
			}
		})
	}
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "is empty"},
		{"another table", "a,b\n1,2\n", `no column "user"`},
		{"JSON of something else", `{"version":1}`, `has no "Content"`},
		{"broken JSON", `{"Content":`, "line 1"},
		{"broken base 64", `{"Content":"***"}`, "illegal base64"},
	} {
		_, err := account.ReadCredentialReport("r.csv", strings.NewReader(tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "r.csv: ") {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// The AWS CLI wraps the report and tells its time.
func TestReadCredentialReportOfTheCLI(t *testing.T) {
	t.Parallel()
	answer := fmt.Sprintf(`{"Content": %q, "ReportFormat": "text/csv", "GeneratedTime": "2026-01-02T03:04:05+01:00"}`,
		base64.StdEncoding.EncodeToString([]byte(columns22+"\n"+annLine)))
	got, err := account.ReadCredentialReport("report.json", strings.NewReader(answer))
	if err != nil || len(got.Rows) != 1 || !got.At.Equal(time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)) {
		t.Errorf("%v %+v", err, got)
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in                  string
		dated, never, empty bool
	}{
		{"2026-01-02T03:04:05+00:00", true, false, false},
		{"2026-01-02T03:04:05.123Z", true, false, false},
		{"N/A", false, true, false}, {"n/a", false, true, false}, {"no_information", false, true, false},
		{"not_supported", false, false, false}, {"soon", false, false, false}, {"0000-01-01T00:00:00Z", false, false, false},
		{"", false, false, true}, {" ", false, false, true},
	} {
		m := account.ParseMoment(tc.in)
		_, dated := m.Time()
		if dated != tc.dated || m.Never() != tc.never || m.Absent() != tc.empty {
			t.Errorf("%q: date %v, never %v, absent %v", tc.in, dated, m.Never(), m.Absent())
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again account.Moment
		if err := json.Unmarshal(text, &again); err != nil || !again.Equal(m) {
			t.Errorf("%q: %s is read as %v, %v", tc.in, text, again, err)
		}
	}
}

// Whatever comes, reading does not fail halfway, and a report survives being
// written in a snapshot.
func FuzzReadCredentialReport(f *testing.F) {
	f.Add([]byte(columns22 + "\n" + rootLine + "\n" + annLine))
	f.Add([]byte(columns23 + "\n" + `"a,b",x` + "\n\"unclosed"))
	f.Add([]byte(`{"Content":"dXNlcixhcm4KYSxi","GeneratedTime":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := account.ReadCredentialReport("f", bytes.NewReader(data))
		if err != nil {
			return
		}
		s := &account.Snapshot{Version: account.Version, Account: "111122223333", Facts: account.Facts{CredentialReport: got}}
		var b bytes.Buffer
		if err := account.WriteSnapshot(&b, s); err != nil {
			t.Fatal(err)
		}
		again, err := account.ReadSnapshot("again", &b)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.CredentialReport.Rows) != len(got.Rows) {
			t.Errorf("%d rows, then %d", len(got.Rows), len(again.CredentialReport.Rows))
		}
	})
}
