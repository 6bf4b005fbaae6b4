package account_test

import (
	"strings"
	"testing"

	"warden/account"
)

// TestReadCredentialReportHostile: what nobody should write, and somebody may.
// A line that cannot be trusted is named, and hides no other.
func TestReadCredentialReportHostile(t *testing.T) {
	t.Parallel()
	line := func(user string) string { return strings.Replace(annLine, "ann,", user+",", 1) }
	other := strings.Replace(annLine, ",true,no_information", ",false,no_information", 1)
	for _, tc := range []struct{ name, in, users, skipped string }{
		{"CRLF and a BOM", "\ufeff" + columns22 + "\r\n" + annLine + "\r\n" + rootLine + "\r\n", "ann|<root_account>", ""},
		{"a user twice, alike", columns22 + "\n" + annLine + "\n" + annLine + "\n" + rootLine, "ann|<root_account>", "for the second time"},
		{"a user twice, told differently", columns22 + "\n" + annLine + "\n" + other + "\n" + rootLine, "<root_account>", "told differently"},
		{"a user three times", columns22 + "\n" + annLine + "\n" + other + "\n" + annLine, "", "told differently"},
		{"a newline in a name", columns22 + "\n" + line("\"a\nb\"") + "\n" + rootLine, "a\nb|<root_account>", ""},
		{"quotes in a name", columns22 + "\n" + line(`"a""b"`) + "\n" + rootLine, `a"b|<root_account>`, ""},
		{"markup", columns22 + "\n" + line("<script>alert(1)</script>") + "\n" + rootLine, "<script>alert(1)</script>|<root_account>", ""},
		{"a formula", columns22 + "\n" + line(`=HYPERLINK("x")`) + "\n" + rootLine, "<root_account>", "line 2"},
		{"right to left", columns22 + "\n" + line("\u202eann") + "\n" + rootLine, "\u202eann|<root_account>", ""},
		{"a quote that never ends", columns22 + "\n" + rootLine + "\n" + `"ann,` + "\n" + annLine, "<root_account>", "line 3"},
		{"blank lines", columns22 + "\n\n" + rootLine + "\n\n\n", "<root_account>", ""},
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
		})
	}
}
