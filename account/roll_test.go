package account_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"warden/account"
)

func TestRoll(t *testing.T) {
	t.Parallel()
	want := account.Roll{Version: 1, At: time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC), Accounts: []account.Enrolled{
		{Account: "111122223333", Name: "prod"}, {Account: "999988887777", Name: "lab <b>", NotRead: "AccessDenied: sts:AssumeRole"}}}
	var b bytes.Buffer
	if err := account.WriteRoll(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := account.ReadRoll("organization.json", &b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
}

func TestBadRolls(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                              "EOF",
		`{"version": 1, "accounts": [}`: "line 1 column 30",
		`{"version": 2}`:                "version 2 of the list of accounts: want 1",
		`{"version": 1, "members": []}`: `unknown field "members"`,
		`{"accounts": []}`:              "version 0",
		`{"version": 1, "accounts": [{"account": "../../x"}]}`:                                   `account "../../x": want twelve digits`,
		`{"version": 1, "accounts": [{"account": "111122223333"}, {"account": "111122223333"}]}`: "account 111122223333 stands twice",
	} {
		if _, err := account.ReadRoll("organization.json", strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "organization.json: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzReadRoll(f *testing.F) {
	f.Add(`{"version": 1, "at": "2026-05-04T06:00:00Z", "accounts": [{"account": "111122223333", "name": "x", "notRead": "y"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := account.ReadRoll("x", strings.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := account.WriteRoll(&b, *r); err != nil {
			return // a time that JSON has no form for
		}
		if again, err := account.ReadRoll("x", &b); err != nil || !cmp.Equal(r.Accounts, again.Accounts) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
